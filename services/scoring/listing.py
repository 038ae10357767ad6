"""A list of ratings: filtered, sorted, and cut into pages that stay right while it changes. Pure.

A cursor names the last item of a page by its place in the order, so that a page begins behind it
wherever it stands by then.
"""

import base64
import binascii
import json
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

Rating = dict[str, Any]
SortKey = tuple[Any, ...]


class CursorWrong(ValueError):
    """A cursor that no page of this order has given."""


class Page(NamedTuple):
    """Items of a page, and the cursor of the next; None at the end."""

    items: list[Rating]
    next: str | None


def plain(words: str) -> str:
    """Text as it is searched: without accents, case or đ."""
    spread = unicodedata.normalize("NFD", words.casefold().replace("đ", "d"))
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def _hundredths(points: str) -> int:
    return int(points.replace(".", ""))


ORDERS: dict[str, Callable[[Rating], SortKey]] = {
    "total": lambda r: (-_hundredths(r["total"]), r["unit"]),
    "-total": lambda r: (_hundredths(r["total"]), r["unit"]),
    "name": lambda r: (plain(r["name"]), r["unit"]),
    "unit": lambda r: (r["unit"],),
}


def matching(
    ratings: Iterable[Rating], kind: str | None, class_: str | None, q: str | None
) -> list[Rating]:
    """Ratings of a kind and class whose name, key or class holds the words of `q`."""
    sought = plain(q or "").split()
    return [
        rating
        for rating in ratings
        if (kind is None or rating["kind"] == kind)
        and (class_ is None or rating["class"] == class_)
        and all(word in plain(f"{rating['name']} {rating['unit']}") for word in sought)
    ]


def page(ratings: Iterable[Rating], sort: str, limit: int, cursor: str | None) -> Page:
    """One page in the order of `sort`; CursorWrong for a cursor of another order."""
    reverse = sort in ("-name", "-unit")
    order = ORDERS[sort.removeprefix("-") if reverse else sort]
    keyed = sorted(((order(rating), rating) for rating in ratings), key=_key, reverse=reverse)
    if cursor is not None:
        last = _read(cursor, sort)
        keyed = [pair for pair in keyed if (pair[0] < last if reverse else pair[0] > last)]
    taken = keyed[:limit]
    more = _write(sort, taken[-1][0]) if len(keyed) > limit else None
    return Page([rating for _, rating in taken], more)


def _key(pair: tuple[SortKey, Rating]) -> SortKey:
    return pair[0]


def _write(sort: str, last: SortKey) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, *last]).encode()).decode().rstrip("=")


def _read(cursor: str, sort: str) -> SortKey:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        told = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise CursorWrong(cursor) from None
    kinds = (int, str) if sort in ("total", "-total") else (str, str)
    wanted = kinds[-1:] if sort in ("unit", "-unit") else kinds
    if not isinstance(told, list) or told[:1] != [sort] or len(told) != len(wanted) + 1:
        raise CursorWrong(cursor)
    if not all(type(value) is kind for value, kind in zip(told[1:], wanted, strict=True)):
        raise CursorWrong(cursor)
    return tuple(told[1:])
