"""The CloudEvents 1.0 envelope: attributes, subjects, identity, receipts, and the stream format.

A message on the stream is `{"recordedtime":…,"time":…[,"traceparent":…][,"tracestate":…],`
followed by the event's content: its other attributes as canonical JSON (sorted names, compact,
UTF-8, NFC). A receipt can therefore be checked by hashing bytes. The strict parsing of requests at
a door is in `contracts.door`.
"""

from __future__ import annotations

import hashlib
import re
from functools import reduce
from operator import or_
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from contracts import moments
from contracts.catalog import CANONICAL, CATALOG, EventType
from contracts.data import FORMS, UNIT, UNIT_FORM, Data, Id, Line, Source, Subject, Time, Version
from contracts.messages import Message, message

STAGES = tuple(kind.data for kind in CATALOG.values() if kind.domain == "year")
"""The classes of the data of `year.*`, which alone have instants among their fields."""
UNIT_KEY = re.compile(UNIT, re.ASCII)
CITY = "CITY"
EMIT_SUBJECT = "danchu.emit"
RECORDS_SOURCE = "urn:danchu:records:"
"""The prefix of `source` in events of danchu's own systems of record; nobody else may use it."""
_UUID7 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII | re.I
)
_PLACE = re.compile(r" - at `\$\.?([^`]*)`\Z")
_LACKING = re.compile(r"\AObject missing required field `([^`]*)`")
_CONTENT = b',"data":'
_RECORDED = re.compile(rb'\{"recordedtime":"([0-9T:.Z+-]{1,40})"')


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One CloudEvent; each type has a subclass with its own `data`."""

    id: Id
    source: Source
    subject: Subject
    time: Time
    specversion: Literal["1.0"]
    data: Any
    datacontenttype: Literal["application/json"] | UnsetType = UNSET
    dataschema: Line | UnsetType = UNSET
    traceparent: Line | UnsetType = UNSET
    tracestate: Line | UnsetType = UNSET
    recordedtime: str | UnsetType = UNSET


ATTRIBUTES = frozenset((*Event.__struct_fields__, "type"))


def _event_class(kind: EventType) -> type[Event]:
    name = "".join(word.capitalize() for word in kind.short.split("."))
    struct: Any = msgspec.defstruct(
        f"{name}V{kind.major}Event",
        [("data", kind.data)],
        bases=(Event,),
        tag_field="type",
        tag=kind.type,
        frozen=True,
        kw_only=True,
    )
    event_class: type[Event] = struct
    return event_class


EVENT_CLASSES: dict[Version, type[Event]] = {v: _event_class(kind) for v, kind in CATALOG.items()}
KIND_OF: dict[type[Event], EventType] = {EVENT_CLASSES[v]: kind for v, kind in CATALOG.items()}
CONVERTED = frozenset(cls for cls, kind in KIND_OF.items() if not kind.canonical)
ANY_EVENT: Any = reduce(or_, EVENT_CLASSES.values())
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(ANY_EVENT)
_HEAD_DECODER = msgspec.json.Decoder(dict[str, str])


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An accepted event. Instants are in microseconds; `raw` is the body on the stream.

    `kind` is the version that was sent; `event` has its data in the canonical version.
    """

    event: Event
    kind: EventType
    time: int
    year: int
    recorded: int
    identity: bytes
    receipt: bytes
    raw: bytes


class ContractBroken(Exception):
    """A message on the stream breaks the contract; `detail` is its first fault.

    `field` is empty for a fault of the message as a whole. `contracts.breaches` lists all faults.
    """

    def __init__(self, reason: str, detail: Message, field: str = "") -> None:
        super().__init__(f"{reason}: {field}: {detail}" if field else f"{reason}: {detail}")
        self.reason, self.detail, self.field = reason, detail, field


def _locality(id_: str, digest: bytes) -> bytes:
    """The first six bytes of an identity: for time-ordered ids (UUIDv7, RFC 9562) their timestamp,
    so that they are adjacent in an index."""
    return bytes.fromhex(id_[:8] + id_[9:13]) if _UUID7.fullmatch(id_) else digest[:6]


def identity(source: str, id_: str) -> bytes:
    """The identity of a CloudEvent: 16 bytes, a digest of (source, id)."""
    digest = hashlib.sha256(f"{source}\0{id_}".encode()).digest()
    return _locality(id_, digest) + digest[6:16]


def receipt(identity_digest: bytes, time: int, content: bytes) -> bytes:
    """The receipt of an event: 6 bytes of its identity, 10 of the digest of time and content."""
    digest = hashlib.sha256(b"%d\n" % time + content).digest()
    return identity_digest[:6] + digest[:10]


def content_of(attributes: dict[str, Any]) -> bytes:
    """The canonical JSON of the attributes that identify the content of an event.

    `time` is hashed beside it, as an instant; the other attributes of `_HEAD` may differ between
    two deliveries of one event.
    """
    content = {k: v for k, v in attributes.items() if k not in _HEAD}
    return msgspec.json.encode(content, order="deterministic")


_HEAD = ("recordedtime", "time", "traceparent", "tracestate")
_CONTENT_NAMES = ATTRIBUTES - frozenset(_HEAD)


def body(attributes: dict[str, Any], recorded: int, content: bytes) -> bytes:
    """The body of the event on the stream."""
    head = {"recordedtime": moments.rfc3339(recorded)}
    head.update({name: attributes[name] for name in _HEAD[1:] if name in attributes})
    return msgspec.json.encode(head)[:-1] + b"," + content[1:]


def with_recordedtime(raw: bytes, recorded: int) -> bytes:
    """A body on the stream with another `recordedtime`."""
    moment = f'{{"recordedtime":"{moments.rfc3339(recorded)}"'.encode()
    return _RECORDED.sub(lambda _: moment, raw, count=1)


def recordedtime_of(raw: bytes) -> int | None:
    """The `recordedtime` of a body on the stream, even if the body breaks the contract; or None."""
    match = _RECORDED.match(raw)
    try:
        return None if match is None else moments.instant(match[1].decode())
    except ValueError:
        return None


def year_of(data: Data, time: int) -> int:
    """The rating year: `data.year`, else the year of the instant in Asia/Ho_Chi_Minh."""
    return moments.local_year(time) if data.year is UNSET else data.year


def decode(raw: bytes) -> Recorded:
    """Decodes an event on the stream, ignoring unknown fields; raises ContractBroken."""
    try:
        event: Event = _DECODER.decode(raw)
    except msgspec.ValidationError as error:
        raise _broken(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ContractBroken("syntax", message("stream-syntax")) from None
    if event.recordedtime is UNSET:
        raise ContractBroken("contract", message("missing"), "recordedtime")
    if not UNIT_KEY.fullmatch(event.subject):
        raise ContractBroken("contract", message("must-be", form=FORMS[UNIT_FORM]), "subject")
    time, recorded = _instant(event.time, "time"), _instant(event.recordedtime, "recordedtime")
    check_dates(event.data)
    year = year_of(event.data, time)
    event_identity = identity(event.source, event.id)
    return Recorded(
        canonical(event), KIND_OF[type(event)], time, year, recorded, event_identity,
        receipt(event_identity, time, _content_in(raw)), raw,
    )  # fmt: skip


def _broken(words: str) -> ContractBroken:
    """The decoder's fault with its field and a message of the catalogue, not the decoder's text."""
    place = _PLACE.search(words)
    field = "" if place is None else place[1].replace("[", ".").replace("]", "")
    if field == "type" and words.startswith("Invalid value"):
        return ContractBroken("unknown-type", message("type-form"), field)
    lacking = _LACKING.search(words)
    if lacking:
        return ContractBroken("contract", message("missing"), f"{field}.{lacking[1]}".strip("."))
    return ContractBroken("contract", message("must-be", form=message("form-contract")), field)


def _instant(text: str, field: str) -> int:
    try:
        return moments.instant(text)
    except ValueError as error:
        raise ContractBroken("contract", error.args[0], field) from None


def restore(
    raw: bytes, identity: bytes, receipt: bytes, time: int, year: int, recorded: int
) -> Recorded:
    """An event that was decoded before, from its body and its stored columns, without checks."""
    event: Event = _DECODER.decode(raw)
    kind = KIND_OF[type(event)]
    return Recorded(canonical(event), kind, time, year, recorded, identity, receipt, raw)


def canonical(event: Event) -> Event:
    """The event with its data in the canonical version, so that consumers handle one version only.

    A conversion concerns the type's own fields; `year` and `evidence` are copied.
    """
    if type(event) not in CONVERTED:
        return event
    data, kind = event.data.canonical(), CANONICAL[KIND_OF[type(event)].short]
    if type(data) is not kind.data:  # anything else would be folded as if fields were left out
        raise TypeError(f"{type(event.data).__name__}.canonical() is no {kind.data.__name__}")
    cls = EVENT_CLASSES[kind.version]
    attributes = {name: getattr(event, name) for name in Event.__struct_fields__}
    common = {name: getattr(event.data, name) for name in Data.__struct_fields__}
    return cls(**{**attributes, "data": msgspec.structs.replace(data, **common)})


def _content_in(raw: bytes) -> bytes:
    """The content of a body on the stream; ContractBroken if it does not follow the head.

    The head is decoded, not searched for names: a `tracestate` may contain any text.
    """
    start = raw.find(_CONTENT)
    # `data` is a name of the content: a head that contains it is refused below
    try:
        head = _HEAD_DECODER.decode(raw[:start] + b"}") if start > 0 else {"data": ""}
    except msgspec.DecodeError:
        head = {"data": ""}
    if not _CONTENT_NAMES.isdisjoint(head):
        raise ContractBroken("contract", message("stream-order"))
    return b"{" + raw[start + 1 :]


def check_dates(data: Data) -> None:
    """Raises ContractBroken if a date field names a day or a time that does not exist."""
    for name in ("due", "effective", "valid_from", "date"):
        value = getattr(data, name, UNSET)
        if isinstance(value, str):
            try:
                moments.day_ordinal(value)
            except ValueError as error:
                raise ContractBroken("contract", error.args[0], f"data.{name}") from None
    if isinstance(data, STAGES):
        for name in ("cut_off", "reply_until", "cut", "until"):
            value = getattr(data, name, UNSET)
            if isinstance(value, str):
                _instant(value, f"data.{name}")


def subject_of(address: str) -> str:
    """The unit's key in a subject of the form that `stream_subject` returns."""
    return address.split(".", 3)[2].replace("-", ".")


def stream_subject(subject: str, short: str, author: str = "") -> str:
    """The NATS subject of the event: danchu.events.<unit>.<domain>.<name>.

    `author` is the name of a system of record that retracts an event of its own; it is appended.
    """
    own = f".{author}" if author else ""
    return f"danchu.events.{subject.replace('.', '-')}.{short}{own}"
