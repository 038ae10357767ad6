"""Terms of lists as people read them, in both languages, beside the words of the interface. Pure.

A class has the name that its rubric gives it; a rubric has no English name of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import get_args

from contracts.data import UnitKind
from contracts.messages import Message
from services.scoring.messages import message
from services.scoring.ratings.model import Labels
from services.scoring.rubrics.model import Rubric

KINDS: tuple[str, ...] = get_args(UnitKind)
"""The kinds of units, in the order in which people read them."""
CODES = {
    "kind": ("kind-commune", "kind-agency", "kind-public-service-unit", "kind-enterprise"),
    "stage": ("stage-open", "stage-provisional", "stage-sealed", "stage-reopened"),
    "empty": ("empty-exempt", "empty-nil", "empty-full", "empty-zero", "empty-exclude"),
    "appeal": ("appeal-undecided", "appeal-upheld", "appeal-rejected"),
    "reason": ("reason-gate", "reason-ceiling", "reason-share"),
    "view": ("view-own", "view-pooled"),
    "quarantine": (
        "quarantine-syntax", "quarantine-unknown-type", "quarantine-contract",
        "quarantine-authorship", "quarantine-conflict", "quarantine-below-mark",
        "quarantine-aside",
    ),
    "move": ("move-rises", "move-falls", "move-stays", "move-enters"),
    "part": ("part-rebasing", "part-adjustment", "part-bounds"),
    "indicator": (
        "indicator-coverage", "indicator-quota", "indicator-mean", "indicator-share",
        "indicator-merit", "indicator-bonus", "indicator-deduction",
    ),
}  # fmt: skip
"""The codes of the terms of each list."""


@cache
def label(list_name: str, word: str) -> Message:
    """The term of one of our lists, by its word; KeyError for a word that the list lacks."""
    code = f"{list_name}-{word.replace('_', '-')}"
    if code not in CODES[list_name]:
        raise KeyError(code)
    return message(code)


def in_both(text: Message) -> dict[str, str]:
    """A message as `vi` and `en`."""
    return {"vi": text.vi, "en": text.en}


def class_label(rubric: Rubric, class_name: str) -> Message:
    """A class of the rubric."""
    band = next(band for band in rubric.bands if band.name == class_name)
    return _class_name(class_name, band.vi)


@lru_cache(maxsize=256)
def _class_name(name: str, vi: str) -> Message:
    if vi == name:
        return message("class-plain", name=name)
    return message("class-name", name=name, vi=vi)


def labels(rubric: Rubric, kind: str, stage: str, class_name: str, empty: Iterable[str]) -> Labels:
    """The terms of one rating."""
    return Labels(
        label("kind", kind),
        label("stage", stage),
        class_label(rubric, class_name),
        {word: label("empty", word) for word in sorted(set(empty))},
    )
