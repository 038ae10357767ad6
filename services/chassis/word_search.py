"""Words as a search compares them: without case, accents or the difference of d and đ. Pure.

NFC and NFD, hoà and hòa, and the three letters that look like Đ (U+0110, U+00D0, U+0189) are
equal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

WHOLE, BEGINNING, WITHIN = 0, 1, 2
_D = str.maketrans("đðɖ", "ddd")
_PARTS = re.compile(r"[^\W_]+")


def plain(words: str) -> str:
    """Text as it is compared."""
    spread = unicodedata.normalize("NFKD", words.casefold()).translate(_D)
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def terms(q: str) -> list[str]:
    """The words of a search."""
    return plain(q).split()


def closeness(sought: Sequence[str], texts: Iterable[str]) -> int | None:
    """How closely the texts match all words: 0 as whole words, 1 at the beginning of words,
    2 within; None where a word is missing."""
    words = frozenset[str]().union(*map(_words, texts))
    worst = WHOLE
    for term in sought:
        close = _closeness(term, words)
        if close is None:
            return None
        worst = max(worst, close)
    return worst


@lru_cache(maxsize=65_536)
def _words(text: str) -> frozenset[str]:
    """The words of a text, whole and as parts: a code is found by its parts too."""
    whole = plain(text).split()
    return frozenset((*whole, *(part for word in whole for part in _PARTS.findall(word))))


def _closeness(term: str, words: frozenset[str]) -> int | None:
    if term in words:
        return WHOLE
    if any(word.startswith(term) for word in words):
        return BEGINNING
    return WITHIN if any(term in word for word in words) else None
