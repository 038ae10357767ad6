"""A list of ratings: filtered, sorted, and cut into pages that stay right while it changes. Pure.

A cursor holds the sort key of the last item of a page, so that the next page begins behind it even
if the item has moved, and a mark of the question, whose list it leads on. Matches of whole words
come before matches of beginnings of words, and these before matches within words; each group is in
the requested order.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from services.chassis.collation import order_of_name
from services.chassis.word_search import closeness, terms

SortKey = tuple[Any, ...]
MARK_DIGITS = 12


class CursorWrong(ValueError):
    """This list has not issued the cursor for this question."""


class Entry(NamedTuple):
    """A unit's rating as it is listed; `words` are its names and codes of all times."""

    unit: str
    name: str
    kind: str
    class_name: str
    total: int
    words: Callable[[], Sequence[str]]


class Page(NamedTuple):
    """Units of a page, and the cursor of the next; None at the end."""

    units: list[str]
    next: str | None


ORDERS: dict[str, Callable[[Entry], SortKey]] = {
    "total": lambda entry: (-entry.total, entry.unit),
    "-total": lambda entry: (entry.total, entry.unit),
    "name": lambda entry: (order_of_name(entry.name), entry.unit),
    "unit": lambda entry: (entry.unit,),
}


def find_entries(
    entries: Iterable[Entry], kind: str | None, class_: str | None, q: str | None
) -> list[tuple[int, Entry]]:
    """The entries of a kind and class that match the words of `q`, with the closeness (0: best)."""
    sought = terms(q or "")
    matches = []
    for entry in entries:
        if (kind is None or entry.kind == kind) and class_ in (None, entry.class_name):
            close = closeness(sought, entry.words()) if sought else 0
            if close is not None:
                matches.append((close, entry))
    return matches


def page(
    matches: Iterable[tuple[int, Entry]], sort: str, limit: int, cursor: str | None,
    question: str = "",
) -> Page:  # fmt: skip
    """One page in the order of `sort`; CursorWrong for a cursor of another order or question.

    `question` says what else decides which entries match.
    """
    mark = sha256(f"{sort} {question}".encode()).hexdigest()[:MARK_DIGITS]
    reverse = sort in ("-name", "-unit")
    order = ORDERS[sort.removeprefix("-") if reverse else sort]
    keyed = [(close, order(entry)) for close, entry in matches]
    keyed.sort(key=_order, reverse=reverse)
    keyed.sort(key=_closeness)
    if cursor is not None:
        last = _read(cursor, sort, mark)
        keyed = [pair for pair in keyed if _behind(pair, last, reverse)]
    part = keyed[:limit]
    more = _write(mark, part[-1]) if len(keyed) > limit else None
    return Page([key[-1] for _, key in part], more)


def _order(pair: tuple[int, SortKey]) -> SortKey:
    return pair[1]


def _closeness(pair: tuple[int, SortKey]) -> int:
    return pair[0]


def _behind(pair: tuple[int, SortKey], last: tuple[int, SortKey], reverse: bool) -> bool:
    if pair[0] != last[0]:
        return pair[0] > last[0]
    return pair[1] < last[1] if reverse else pair[1] > last[1]


def _write(mark: str, last: tuple[int, SortKey]) -> str:
    place = json.dumps([mark, last[0], *last[1]])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _read(cursor: str, sort: str, mark: str) -> tuple[int, SortKey]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise CursorWrong(cursor) from None
    by_number = (int, int, str) if sort in ("total", "-total") else (int, str, str)
    kinds = (int, str) if sort in ("unit", "-unit") else by_number
    if not isinstance(place, list) or place[:1] != [mark] or len(place) != len(kinds) + 1:
        raise CursorWrong(cursor)
    if not all(type(value) is kind for value, kind in zip(place[1:], kinds, strict=True)):
        raise CursorWrong(cursor)
    return place[1], tuple(place[2:])
