"""Authorisation of each event for its sender, and the receipts of a batch. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol

from contracts.catalog import CATALOG
from contracts.decisions import EventRetractedV1
from contracts.door import Emitted, Refusal
from contracts.envelope import RECORDS_SOURCE, identity
from contracts.event_forms import EVENTS
from contracts.faults import Fault
from services.intake.messages import message

Status = Literal["accepted", "duplicate", "conflict", "refused"]
CONFLICT = Fault("id", message("conflict"))
PREFIXES_SHOWN = 5
LOGGED = frozenset(EVENTS.values())
"""What persons decide for a unit, and reply for it: each is a line of the log of reads."""
EMITTING_ROLES = frozenset(role for kind in CATALOG.values() for role in kind.roles)


class Sender(Protocol):
    """The part of a credential that the door uses."""

    @property
    def role(self) -> str:
        """The role of the credential."""

    @property
    def name(self) -> str:
        """The bearer, as the issuer names it."""

    @property
    def sources(self) -> Sequence[str]:
        """The prefixes of `source` that it may use."""

    def speaks_for(self, unit: str) -> bool:
        """Whether it may send for the unit."""

    def may_use_source(self, source: str) -> bool:
        """Whether the source has one of its prefixes."""

    def may_use_type(self, *names: str) -> bool:
        """Whether the credential allows a type under one of these names."""


@dataclass(frozen=True, slots=True)
class EventReceipt:
    """The answer to one event; `receipt` is hexadecimal, and None if the event is not stored."""

    id: str | None
    source: str | None
    status: Status
    receipt: str | None = None
    faults: tuple[Fault, ...] = ()


def authorise(
    item: Emitted | Refusal,
    sender: Sender,
    subject: str | None,
    subjects: Mapping[bytes, str] = MappingProxyType({}),
) -> Emitted | Refusal:
    """The event, or its refusal with every permission that the sender lacks.

    `subject` is the only unit that this door accepts, None if it accepts any. `subjects` maps the
    identities of retracted events to their subjects, as far as the intake accepted these events.
    """
    if isinstance(item, Refusal):
        return item
    faults = (*_foreign(item, subject), *_beyond(item, sender), *_unlike(item, subjects))
    return Refusal(item.event.id, item.event.source, faults) if faults else item


def _foreign(item: Emitted, subject: str | None) -> Iterable[Fault]:
    if subject is not None and item.event.subject != subject:
        yield Fault("subject", message("door-unit", unit=subject))


def _beyond(item: Emitted, sender: Sender) -> Iterable[Fault]:
    event, kind = item.event, item.kind
    if sender.role not in kind.roles:
        yield Fault("type", message("role-type", short=kind.short, role=sender.role))
    elif not sender.may_use_type(kind.short, kind.type):
        yield Fault("type", message("type-narrow", short=kind.short))
    if not sender.speaks_for(event.subject):
        yield Fault("subject", message("unit-narrow", unit=event.subject))
    if event.source.startswith(RECORDS_SOURCE):
        yield Fault("source", message("source-records", prefix=RECORDS_SOURCE))
    if not sender.may_use_source(event.source):
        prefixes = ", ".join(sender.sources[:PREFIXES_SHOWN]) or message("no-prefix")
        yield Fault("source", message("source-prefix", prefixes=prefixes))
    if isinstance(event.data, EventRetractedV1) and event.data.source != event.source:
        yield Fault("data.source", message("retracted-source"))


def _unlike(item: Emitted, subjects: Mapping[bytes, str]) -> Iterable[Fault]:
    """Faults of a retraction under another subject than its target's (SCORING.md section 2)."""
    retracted = target(item)
    if retracted is not None and subjects.get(retracted, item.event.subject) != item.event.subject:
        yield Fault("subject", message("retracted-subject"))


def target(item: Emitted | Refusal) -> bytes | None:
    """The identity that a retraction targets; None for other events, and for foreign sources."""
    data = item.event.data if isinstance(item, Emitted) else None
    if not isinstance(data, EventRetractedV1) or data.source != item.event.source:  # type: ignore[union-attr]
        return None
    return identity(data.source, data.id)


def first_by_identity(items: Iterable[Emitted | Refusal]) -> dict[bytes, Emitted]:
    """The first event of each identity in a batch; only this one can be stored."""
    events: dict[bytes, Emitted] = {}
    for item in items:
        if isinstance(item, Emitted):
            events.setdefault(item.identity, item)
    return events


def receipts(
    items: Iterable[Emitted | Refusal], stored: Mapping[bytes, bytes], new: Iterable[bytes]
) -> list[EventReceipt]:
    """The answer to each item, in order.

    `stored` has the receipt of every identity as it is now in the database, `new` the identities
    that this batch inserted: the first event of each is accepted, later ones are duplicates.
    """
    fresh = set(new)
    return [_receipt(item, stored, fresh) for item in items]


def _receipt(
    item: Emitted | Refusal, stored: Mapping[bytes, bytes], fresh: set[bytes]
) -> EventReceipt:
    if isinstance(item, Refusal):
        return EventReceipt(item.id, item.source, "refused", None, item.faults)
    event = item.event
    if stored[item.identity] != item.receipt:
        return EventReceipt(event.id, event.source, "conflict", None, (CONFLICT,))
    status: Status = "accepted" if item.identity in fresh else "duplicate"
    fresh.discard(item.identity)  # the next event of this identity is a duplicate
    return EventReceipt(event.id, event.source, status, item.receipt.hex())
