"""Keys that were perhaps meant: the same but for case, accents, blanks, signs, or a slip. Pure.

Keys are compared exactly when they are counted; this only points at what a person would take for
the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from services.scoring.ratings.search import plain

NEAR_MAX = 3
COMPARED_MAX = 5_000
"""How many pairs a sheet compares letter by letter at most."""
SHORT, LONG = 4, 9
_SIGNS = re.compile(r"[\W_]+")
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_DIGITS = re.compile(r"[0-9]+")


class Near(NamedTuple):
    """A key that is near another, and what alone differs: blanks, case, accents, signs, slip."""

    key: str
    differs: str


class Neighbours:
    """Keys among which near ones are looked for."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._by_form: dict[str, list[str]] = {}
        for key in keys:
            self._by_form.setdefault(form(key), []).append(key)
        self._by_length: dict[int, list[str]] = {}
        for one in self._by_form:
            self._by_length.setdefault(len(one), []).append(one)
        self._left = COMPARED_MAX

    def of(self, key: str) -> list[Near]:
        """The keys near this one, the nearest first; at most three."""
        mine = form(key)
        same = [Near(one, difference(key, one)) for one in self._by_form.get(mine, ())]
        found = [near for near in same if near.key != key]
        if len(found) < NEAR_MAX:
            found += [Near(one, "slip") for form_ in self._slips(mine)
                      for one in self._by_form[form_]]  # fmt: skip
        return found[:NEAR_MAX]

    def _slips(self, mine: str) -> list[str]:
        allowed = 0 if len(mine) < SHORT else 1 if len(mine) < LONG else 2
        close: list[tuple[int, str]] = []
        for length in range(len(mine) - allowed, len(mine) + allowed + 1):
            for other in self._by_length.get(length, ()) if allowed else ():
                if other == mine or self._left <= 0:
                    continue
                self._left -= 1
                distance = edits(mine, other, allowed)
                if distance <= allowed:
                    close.append((distance, other))
        numbers = _DIGITS.findall(mine)
        alike = [one for one in close if _DIGITS.findall(one[1]) == numbers]
        # of numbered keys each is near the next: another number is a slip only where it is one
        return [other for _, other in sorted(alike or (close if len(close) == 1 else []))]


def form(key: str) -> str:
    """The key without what people do not see or do not mind."""
    return _ZEROS.sub("", _SIGNS.sub("", plain(key)))


def difference(one: str, other: str) -> str:
    """What alone differs between two keys of one form."""
    first, second = ("".join(unicodedata.normalize("NFC", key).split()) for key in (one, other))
    if first == second:
        return "blanks"
    if first.casefold() == second.casefold():
        return "case"
    return "accents" if plain(first) == plain(second) else "signs"


def edits(one: str, other: str, most: int) -> int:
    """How many letters are missing, added, changed or exchanged with the next; beyond `most` it
    does not matter how many."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, against in enumerate(other, start=1):
            cost = min(last[j] + 1, row[-1] + 1, last[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return last[-1]
