"""Terms of lists as people read them, in both languages, beside the words of the interface. Pure.

A class is called what its rubric calls it; a rubric has no English name of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from contracts.messages import Message
from services.scoring.messages import message
from services.scoring.rubrics.model import Rubric

Label = dict[str, str]
CODES = {
    "kind": ("kind-commune", "kind-agency", "kind-public-service-unit", "kind-enterprise"),
    "stage": ("stage-open",),
    "empty": ("empty-exempt", "empty-nil", "empty-full", "empty-zero", "empty-exclude"),
    "reason": ("reason-gate", "reason-ceiling", "reason-share"),
    "view": ("view-own", "view-pooled"),
    "indicator": (
        "indicator-coverage", "indicator-quota", "indicator-mean", "indicator-share",
        "indicator-merit", "indicator-bonus", "indicator-deduction",
    ),
}  # fmt: skip
"""The codes of the terms of each list."""


@cache
def label(list_name: str, word: str) -> Label:
    """The term of one of our lists, by its word; KeyError for a word that the list lacks."""
    code = f"{list_name}-{word.replace('_', '-')}"
    if code not in CODES[list_name]:
        raise KeyError(code)
    return in_both(message(code))


def in_both(text: Message) -> Label:
    """A message as `vi` and `en`."""
    return {"vi": text.vi, "en": text.en}


def class_label(rubric: Rubric, class_name: str) -> Label:
    """A class of the rubric."""
    band = next(band for band in rubric.bands if band.name == class_name)
    return _class(class_name, band.vi)


@cache
def _class(name: str, vi: str) -> Label:
    if vi == name:
        return in_both(message("class-plain", name=name))
    return in_both(message("class-name", name=name, vi=vi))


def labels(
    rubric: Rubric, kind: str, stage: str, class_name: str, empty: Iterable[str]
) -> dict[str, Label | dict[str, Label]]:
    """The terms of one rating."""
    return {
        "kind": label("kind", kind),
        "stage": label("stage", stage),
        "class": class_label(rubric, class_name),
        "empty": {word: label("empty", word) for word in sorted(set(empty))},
    }
