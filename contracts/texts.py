"""Normalises incoming texts to Unicode NFC, at a cost that the sender cannot inflate. Pure.

Composition takes time quadratic in the number of combining marks on one letter, so a text with
more than 30 (the limit of the Stream-Safe Text Format, UAX #15) is left unchanged; the door refuses
its field.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

MARKS_MAX = 30
_LONG = re.compile(f"[\u0300-\U0010ffff]{{{MARKS_MAX + 1},}}")


def has_excess_marks(text: str) -> bool:
    """Whether one letter has more than 30 combining marks."""
    if text.isascii():
        return False
    return any(_run(letters[0]) > MARKS_MAX for letters in _LONG.finditer(text))


def _run(letters: str) -> int:
    longest = run = 0
    for letter in letters:
        run = run + 1 if unicodedata.combining(letter) else 0
        longest = max(longest, run)
        if longest > MARKS_MAX:
            break
    return longest


def normalise(value: Any) -> Any:
    """The value with every text in NFC, including the names of members."""
    if isinstance(value, str):
        unchanged = value.isascii() or has_excess_marks(value)
        return value if unchanged else unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {normalise(name): normalise(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [normalise(inner) for inner in value]
    return value
