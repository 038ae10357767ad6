"""The rules of a rubric are compiled once for each rubric, and no longer than it lives."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from pathlib import Path

from services.scoring.fold import postings
from services.scoring.fold.postings import reads
from tests.support.builders.cities import accepted, rubrics
from tests.support.builders.events import event


def test_compiled_rules_end_with_their_rubric(tmp_path: Path) -> None:
    """A process that loads rubrics again and again does not keep the rules of all of them."""
    rubric = replace(rubrics(1, tmp_path)[1].items[0])
    (report,) = accepted([event("r")])
    reads(rubric, report)
    key, alive = id(rubric), weakref.ref(rubric)
    assert key in postings._COMPILED
    del rubric
    gc.collect()
    assert alive() is None and key not in postings._COMPILED


def test_a_rubric_in_the_place_of_another_has_rules_of_its_own(tmp_path: Path) -> None:
    """Python gives the identity of a dead object to a new one: that finds no rules of the dead."""
    rubric = rubrics(1, tmp_path)[1].items[0]
    (report,) = accepted([event("r")])
    for _ in range(50):
        assert not reads(replace(rubric, indicators=()), report)
        assert reads(replace(rubric), report)
