"""Canonical JSON, base64 and instants, as SEAL.md section 1 spells them.

Nothing of a hostile text leaves here but a Discrepancy: neither a deep nesting nor a huge number,
a lone surrogate or a duplicate name.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection, Iterator
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any, NoReturn
from unicodedata import combining, is_normalized

from services.scoring.year.verify.discrepancies import Discrepancy, require

MARKS_MAX = 200
_LONG = re.compile(f"[\u0300-\U0010ffff]{{{MARKS_MAX},}}")
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_HEX = re.compile(r"[0-9a-f]*", re.ASCII)


def _no_integer(text: str) -> NoReturn:
    raise ValueError(text)


_DECODER = json.JSONDecoder(parse_float=_no_integer, parse_constant=_no_integer)
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
)


def canonical(line: bytes, place: str) -> Any:
    """The value of a line, which must be its canonical JSON byte for byte."""
    try:
        text = line.decode()
        value, _ = _DECODER.raw_decode(text)
        again = _ENCODER.encode(value).encode()
    except (ValueError, RecursionError):  # also of no UTF-8, and of a lone surrogate
        raise Discrepancy("json", place) from None
    require(again == line, "canonical", place)
    if not text.isascii():
        require(not _has_long_run(text), "nfc", place)
        if not is_normalized("NFC", text):
            require(all(is_normalized("NFC", each) for each in _texts(value)), "nfc", place)
    return value


def _has_long_run(text: str) -> bool:
    """Whether a letter has so many combining marks that composing them would take hours."""
    for letters in _LONG.finditer(text):
        run = 0
        for letter in letters[0]:
            run = run + 1 if combining(letter) else 0
            if run == MARKS_MAX:
                return True
    return False


def _texts(value: Any) -> Iterator[str]:
    """Every text within a value, also the names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def answer(text: str) -> Any:
    """The value of a JSON text in any spelling, without duplicate names; ValueError else."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_once, parse_float=_no_integer, parse_constant=_no_integer
    )
    try:
        value = decoder.decode(text)
        _ENCODER.encode(value).encode()  # refuses a lone surrogate
    except RecursionError:
        raise ValueError("nesting") from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("duplicate name")
    return members


def members(value: Any, names: Collection[str], place: str) -> dict[str, Any]:
    """The value as an object with exactly these members."""
    require(isinstance(value, dict), "object", place)
    for name in sorted(names):
        require(name in value, "member-missing", place, member=name)
    for name in value:
        require(name in names, "member-unknown", place, member=name)
    fields: dict[str, Any] = value
    return fields


def is_text(value: Any) -> bool:
    """Whether it is a text that is not empty."""
    return isinstance(value, str) and value != ""


def is_unicode(text: str) -> bool:
    """Whether it can be encoded: an argument of a command may be no UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def is_count(value: Any) -> bool:
    """Whether it is an integer from 0 on; true and false are none."""
    return type(value) is int and value >= 0


def is_hex(value: Any, digits: int) -> bool:
    """Whether it is a text of so many hexadecimal digits, in small letters."""
    return isinstance(value, str) and len(value) == digits and bool(_HEX.fullmatch(value))


def of_base64(value: Any) -> bytes | None:
    """The bytes of a standard base64 text with padding, or None; there is one spelling only."""
    if not isinstance(value, str):
        return None
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.b64encode(content).decode() == value else None


def hash_of(value: Any, place: str, member: str) -> bytes:
    """The 32 bytes of a hash in base64."""
    content = of_base64(value)
    if content is None or len(content) != 32:
        raise Discrepancy("member-form", place, member=member, value=value)
    return content


def instant(value: Any) -> datetime | None:
    """The instant of an RFC 3339 text with an offset, or None."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value.upper())
        if moment.year in (MINYEAR, MAXYEAR):
            moment.astimezone(UTC)  # an offset may lead out of the calendar
    except (ValueError, OverflowError):
        return None
    return moment


def utc_instant(value: Any) -> datetime | None:
    """The instant of a text in UTC with `Z`, as `recordedtime` is spelled, or None."""
    return instant(value) if isinstance(value, str) and _UTC.fullmatch(value) else None
