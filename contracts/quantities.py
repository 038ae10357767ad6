"""Numbers and sizes as people write them: `10.000` or `10,000`, `1,5 MiB` or `1.5 MiB`."""

from __future__ import annotations

from typing import Any

UNITS = ("KiB", "MiB", "GiB", "TiB")
STEP = 1024
MINUS = "−"


def count_text(number: Any, language: str) -> str:
    """A whole number with its thousands apart; whatever is none is a text already."""
    if not isinstance(number, int):
        return str(number)
    text = f"{abs(number):,}"
    text = text.replace(",", ".") if language == "vi" else text
    return f"{MINUS}{text}" if number < 0 else text


def size_text(size: Any, language: str) -> str:
    """A number of bytes in the largest unit of which it has one, with a decimal if it needs it."""
    if not isinstance(size, int):
        return str(size)
    if size < STEP:
        return f"{size} byte" if language == "vi" or size == 1 else f"{size} bytes"
    power = 1
    while power < len(UNITS) and size >= STEP ** (power + 1):
        power += 1
    whole, rest = divmod(size, STEP**power)
    tenth = rest * 10 // STEP**power
    mark = "," if language == "vi" else "."
    number = count_text(whole, language)
    return f"{number}{mark}{tenth} {UNITS[power - 1]}" if tenth else f"{number} {UNITS[power - 1]}"
