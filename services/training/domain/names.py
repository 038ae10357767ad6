"""Comparison of names of persons, whatever the spelling of a Vietnamese name. Pure.

Hoà and Hòa, composed and decomposed letters, the eth of other keyboards for đ, case and spaces do
not make another person. Different letters and different tones do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from services.chassis.collation import order_of_name

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_LETTERS = str.maketrans({"ð": "đ", "ɖ": "đ", "’": "'", "‘": "'", "`": "'", "´": "'"})
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def same_name(first: str, second: str) -> bool:
    """Whether two spellings are of one name."""
    return _words(first) == _words(second)


def order_of_person(name: str) -> tuple[str, str]:
    """The place of a person in a list, as offices write it: by given name, then by the whole name.

    Whoever has no name, since it was erased, stands at the end.
    """
    words = name.split()
    return (order_of_name(words[-1]), order_of_name(name)) if words else ("\uffff", "")


def by_name(persons: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Persons in the order of a list; those without a name by key."""
    return sorted(
        persons, key=lambda each: (*order_of_person(each.get("name") or ""), each["person"])
    )


def fold_tones(word: str) -> str:
    """A word with its tone behind it, wherever it was written: `hoà` and `hòa` are one."""
    marks = unicodedata.normalize("NFD", word.casefold().translate(_LETTERS))
    tones = "".join(mark for mark in marks if mark in _TONES)
    letters = "".join(mark for mark in marks if mark not in _TONES)
    return unicodedata.normalize("NFC", letters) + tones


def _words(name: str) -> list[str]:
    whole = _INVISIBLE.sub("", unicodedata.normalize("NFKC", name))
    return [fold_tones(word) for word in re.sub(r"[\s.\-]+", " ", whole).split()]
