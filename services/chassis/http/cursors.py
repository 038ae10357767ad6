"""Cursors of lists: where a page ended, as text of the URL alphabet, bound to one question.

A place means nothing in another list, nor in the same list with other parameters: there a page
would begin somewhere in the middle. So a cursor carries a digest of its question, and a foreign one
is refused.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from services.chassis.http.problems import Problem, wrong_parameters
from services.chassis.messages import message

MARK_BYTES = 6
INTEGER_MAX = 2**62
P = TypeVar("P")


def question_mark(name: str, *parameters: Any) -> bytes:
    """The mark of a question: the list by name, and the parameters that decide what it lists."""
    return sha256(repr((name, parameters)).encode()).digest()[:MARK_BYTES]


def encode_cursor(place: Any, mark: bytes) -> str:
    """The cursor of a page that ended at a place."""
    return base64.urlsafe_b64encode(mark + msgspec.msgpack.encode(place)).decode()


def decode_cursor(cursor: str | None, place: type[P], mark: bytes) -> P | None:
    """The place that a cursor of this mark has, None without one; Problem 422 for any other."""
    if cursor is None:
        return None
    try:
        content = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise foreign_cursor() from None
    if not content.startswith(mark):
        raise foreign_cursor()
    try:
        end = msgspec.msgpack.decode(content.removeprefix(mark), type=place)
    except (ValueError, msgspec.MsgspecError):
        raise foreign_cursor() from None
    if not _is_storable(end):
        raise foreign_cursor()
    return end


def _is_storable(value: Any) -> bool:
    """Whether databases can compare with it: no list gives out anything else."""
    match value:
        case int():
            return abs(value) <= INTEGER_MAX
        case str():
            return "\0" not in value
        case tuple():
            return all(map(_is_storable, value))
    return True


def foreign_cursor() -> Problem:
    """Problem 422 for a cursor that was not issued by this list for this question."""
    return wrong_parameters([("cursor", message("cursor-wrong"))])
