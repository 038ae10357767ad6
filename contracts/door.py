"""The one strict reading of what arrives at a door: JSON, bounds, and every fault of an event.

What is no well-formed JSON body is refused whole (BodyRefused); every other fault is answered
per event, all faults of an event at once, so one bad event never harms its neighbours. Who may
emit what is asked elsewhere: this module knows no credentials.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec

from contracts import moments
from contracts.bounds import PLAIN, judged
from contracts.catalog import BY_TYPE, EventType
from contracts.envelope import (
    Event,
    body,
    content_of,
    identity,
    receipt,
    year_of,
)
from contracts.faults import FAULTS_MAX, Fault
from contracts.texts import normalised, overmarked

BODY_BYTES_MAX = 16 * 2**20
EVENTS_MAX = 10_000
NESTING_MAX = 8
DIGITS_MAX = 17
BEYOND = 2**62
SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_TEXTS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_CHARSET = re.compile(r"(?:^|;)\s*charset\s*=\s*\"?([^\s\";]*)")
_CHARSETS = ("utf-8", "utf8", "us-ascii")
_BRACES = bytes.maketrans(b"[]", b"{}")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class BodyRefused(Exception):
    """The whole body is refused: `status` is the HTTP status, the text says why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Emitted:
    """An event that keeps the contract, as read at the door. Instants in microseconds."""

    event: Event
    kind: EventType
    time: int
    year: int
    identity: bytes
    receipt: bytes
    attributes: dict[str, Any]
    content: bytes

    def body(self, recorded: int) -> bytes:
        """The event as it stands on the stream when it was accepted at `recorded`."""
        return body(self.attributes, recorded, self.content)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that breaks the contract, with everything that is wrong with it."""

    id: str | None
    source: str | None
    faults: tuple[Fault, ...]


def read(raw: bytes, content_type: str, now: int) -> tuple[bool, list[Emitted | Refusal]]:
    """Whether the body is a single event, and each of its events read; raises BodyRefused."""
    media = media_of(content_type, (SINGLE, BATCH, PLAIN))
    if len(raw) > BODY_BYTES_MAX:
        raise BodyRefused(413, f"a body has at most {BODY_BYTES_MAX} bytes")
    parsed = parse(raw)
    single = not isinstance(parsed, list)
    if (media == SINGLE and not single) or (media == BATCH and single):
        raise BodyRefused(400, f"{media} does not fit a body that is {_shape(single)}")
    items = [parsed] if single else parsed
    if len(items) > EVENTS_MAX:
        raise BodyRefused(413, f"a batch has at most {EVENTS_MAX} events")
    return single, [_read_one(item, now) for item in items]


def media_of(content_type: str, taken: Sequence[str]) -> str:
    """The media type, one of those that are taken; BodyRefused for another, and beside UTF-8."""
    media, _, parameters = content_type.lower().partition(";")
    media, charset = media.strip(), _CHARSET.search(parameters)
    if media not in taken:
        first = f"{', '.join(taken[:-1])} or " if taken[1:] else ""
        raise BodyRefused(415, f"send {first}{taken[-1]}")
    if charset is not None and charset[1] not in _CHARSETS:
        raise BodyRefused(415, f"send UTF-8; the charset {charset[1][:40]} is not taken")
    return media


def _shape(single: bool) -> str:
    return "no array" if single else "an array"


def parse(raw: bytes) -> Any:
    """The JSON of a body; BodyRefused where it is not well-formed or too deep.

    Every text is in NFC: at one go where no escape could be torn apart by that.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise BodyRefused(400, f"the body is not UTF-8 at byte {error.start}") from None
    if plain := "\\" not in text and not overmarked(text):
        text = normalised(text)
    opening = text.lstrip(" \t\r\n")[:1]
    _check_nesting(text, NESTING_MAX + (opening == "["))
    try:
        parsed = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_integer,
            parse_float=_fraction,
        )  # fmt: skip
        msgspec.json.encode(parsed)
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        why = f"the body has {half} alone, half of a character: write both halves, or leave it out"
        raise BodyRefused(400, why) from None
    except (ValueError, RecursionError) as error:
        raise BodyRefused(400, f"the body is not well-formed JSON: {error}") from None
    composed = plain or (text.isascii() and "\\u" not in text)
    return parsed if composed else normalised(parsed)


def _check_nesting(text: str, allowed: int) -> None:
    """Refuse deep nesting before a parser recurses into it: each round takes the innermost away.

    All brackets count as one kind here; where they do not fit each other the parser says so.
    """
    if text.count("[") + text.count("{") <= allowed:
        return
    bare = _TEXTS.sub("", text).encode("ascii", "ignore")
    left = bare.translate(_BRACES, _NO_BRACKETS)
    for _ in range(allowed):
        left = left.replace(b"{}", b"")
    if left.count(b"{") > 0:
        raise BodyRefused(400, f"JSON is nested more than {NESTING_MAX} deep, or not closed")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"the name {_twice(pairs)[:40]!r} stands twice in one object")
    return found


def _twice(pairs: list[tuple[str, Any]]) -> str:
    """The first name that stands a second time; in one pass, since a body may hold a million."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _integer(digits: str) -> int:
    """The integer; any beyond 2^53 stands for one that is refused, however many digits it has."""
    return int(digits) if len(digits) <= DIGITS_MAX else BEYOND


def _fraction(_: str) -> float:
    """Every binary fraction is refused, whatever its value, so none is computed."""
    return 0.5


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _read_one(item: Any, now: int) -> Emitted | Refusal:
    if not isinstance(item, dict):
        return Refusal(None, None, (Fault("", "an event is a JSON object"),))
    id_, source = _text_of(item, "id"), _text_of(item, "source")
    kind = BY_TYPE.get(item["type"]) if isinstance(item.get("type"), str) else None
    event = judged(item, kind, now)
    if kind is None or isinstance(event, list):
        faults = event if isinstance(event, list) else []
        if kind is None:
            faults = [_no_type(item), *(fault for fault in faults if fault.field != "type")]
        return Refusal(id_, source, tuple(faults[:FAULTS_MAX]))
    time = moments.instant(event.time)
    content = content_of(item)
    unique = identity(event.source, event.id)
    return Emitted(
        event, kind, time, year_of(event.data, time), unique,
        receipt(unique, time, content), item, content,
    )  # fmt: skip


def _no_type(item: dict[str, Any]) -> Fault:
    if "type" not in item:
        return Fault("type", "is missing")
    wanted = "must be a type of the catalog, such as vn.danchu.training.completed.v1"
    return Fault("type", wanted)


def _text_of(item: dict[str, Any], name: str) -> str | None:
    value = item.get(name)
    return value if isinstance(value, str) else None
