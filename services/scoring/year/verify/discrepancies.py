"""What differs from the form of SEAL.md: a code, a place, and values; no sentences."""

from __future__ import annotations

from typing import Any

SHOWN_MAX = 120


class Discrepancy(Exception):
    """The first thing that differs: a code, where, and the values of its sentence.

    `place` is a file of the bundle with a line (`entries.ndjson:12`), a unit, a key, or a
    member of the JSON; sentences for people are made elsewhere, from the code. `second` may name
    the unit where `place` can only be a span of lines.
    """

    second: Discrepancy | None = None

    def __init__(self, code: str, place: str, **values: Any) -> None:
        self.code, self.place = code, excerpt(place)
        self.values: dict[str, Any] = {name: excerpt(value) for name, value in values.items()}
        super().__init__(f"{self.place}: {code} {self.values or ''}".rstrip())


class UnreadableFile(Exception):
    """The file is no bundle, no proof and no list of checkpoints; `code` says why."""

    def __init__(self, code: str, **values: str | int) -> None:
        super().__init__(f"{code} {values or ''}".rstrip())
        self.code, self.values = code, values


def require(holds: bool, code: str, place: str, **values: Any) -> None:
    """Raises Discrepancy unless it holds."""
    if not holds:
        raise Discrepancy(code, place, **values)


def excerpt(value: Any) -> str:
    """A value as a sentence has it: on one line, and not long."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except (RecursionError, ValueError):
        text = type(value).__name__
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"
