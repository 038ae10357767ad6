"""Keys that differ from a key only by case, accents, blanks, signs or a slip of the pen. Pure.

Counting compares keys exactly; here keys are paired that a person would take for the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from services.chassis.word_search import plain
from services.scoring.ratings.sheet.model import Difference

NEAR_MAX = 3
COMPARED_MAX = 5_000
"""The most pairs of keys that are compared letter by letter for one indicator of a sheet."""
SHORT, LONG = 4, 9
_SIGNS = re.compile(r"[\W_]+")
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_DIGITS = re.compile(r"[0-9]+")


class Near(NamedTuple):
    """A key that is near another, and their only difference."""

    key: str
    differs: Difference


class Neighbours:
    """Keys, to be searched for those near another key."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._by_form: dict[str, list[str]] = {}
        for key in keys:
            self._by_form.setdefault(form(key), []).append(key)
        self._by_length: dict[int, list[str]] = {}
        for form_ in self._by_form:
            self._by_length.setdefault(len(form_), []).append(form_)
        self._left = COMPARED_MAX

    def of(self, key: str) -> list[Near]:
        """The keys near this one, the nearest first; at most three."""
        own_form = form(key)
        same = [Near(other, difference(key, other)) for other in self._by_form.get(own_form, ())]
        neighbours = [near for near in same if near.key != key]
        if len(neighbours) < NEAR_MAX:
            neighbours += [Near(other, "slip") for form_ in self._slips(own_form)
                           for other in self._by_form[form_]]  # fmt: skip
        return neighbours[:NEAR_MAX]

    def _slips(self, own_form: str) -> list[str]:
        """The forms within one edit or two, the nearest first."""
        allowed = 0 if len(own_form) < SHORT else 1 if len(own_form) < LONG else 2
        close: list[tuple[int, str]] = []
        for length in range(len(own_form) - allowed, len(own_form) + allowed + 1):
            for other in self._by_length.get(length, ()) if allowed else ():
                if other == own_form or self._left <= 0:
                    continue
                self._left -= 1
                distance = edits(own_form, other, allowed)
                if distance <= allowed:
                    close.append((distance, other))
        numbers = _DIGITS.findall(own_form)
        alike = [pair for pair in close if _DIGITS.findall(pair[1]) == numbers]
        # of numbered keys each is near the next: another number is a slip only where it is one
        return [other for _, other in sorted(alike or (close if len(close) == 1 else []))]


def form(key: str) -> str:
    """The key without case, accents, blanks, signs and leading zeros."""
    return _ZEROS.sub("", _SIGNS.sub("", plain(key)))


def difference(key: str, other: str) -> Difference:
    """The only difference between two keys of one form."""
    first, second = ("".join(unicodedata.normalize("NFC", text).split()) for text in (key, other))
    if first == second:
        return "blanks"
    if first.casefold() == second.casefold():
        return "case"
    return "accents" if plain(first) == plain(second) else "signs"


def edits(text: str, other: str, most: int) -> int:
    """How many letters are missing, added, changed or exchanged with the next; most + 1 for more.

    The distance of optimal string alignment, row by row.
    """
    if abs(len(text) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(text, start=1):
        row = [i]
        for j, against in enumerate(other, start=1):
            cost = min(last[j] + 1, row[-1] + 1, last[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and text[i - 2] == against:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return last[-1]
