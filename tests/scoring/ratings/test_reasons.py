"""Every reason for which an event does not count is a sentence in both languages."""

from __future__ import annotations

import ast
import inspect

from services.scoring.fold import verdict
from services.scoring.ratings.reasons import CODES, uncounted_members


def test_every_reason_of_the_fold_has_its_sentences() -> None:
    """None is missing, which would break a list, and none is left of a reason that is gone."""
    constants = {
        node.value.value
        for node in ast.parse(inspect.getsource(verdict)).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    assert constants - {verdict.RETRACTION} == CODES.keys()


def test_a_reason_is_told_by_its_word_and_two_sentences() -> None:
    """The word stays what machines know; the sentences are whole and differ."""
    for word in CODES:
        members = uncounted_members(word)
        assert members["reason"] == word
        assert str(members["reason_vi"]).endswith(".") and str(members["reason_en"]).endswith(".")
        assert members["reason_vi"] != members["reason_en"]
    assert uncounted_members(None) == {"reason": None, "reason_vi": None, "reason_en": None}
