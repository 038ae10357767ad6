"""Classifies a batch of the stream: new events, duplicates, and rejections for quarantine. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from shlex import quote
from typing import NamedTuple

from contracts import breaches, envelope
from contracts.envelope import ContractBroken, Recorded, decode
from contracts.messages import Message
from services.scoring.fold.books import LedgerPart, part_of
from services.scoring.handlers import authorship
from services.scoring.messages import message
from services.scoring.store.door_state import DoorLabel, DoorState
from services.scoring.store.doors import BELOW_MARK
from services.scoring.store.ledger import Arrival
from services.scoring.store.quarantine import ASIDE, FaultyEvent, Rejection

FAULT_MAX = 300
NEVER = -(2**62)
"""Before every instant."""


class Delivery(NamedTuple):
    """A message as the stream delivers it.

    The sequence is used for progress only. `door` is the name of the door that recorded the event,
    empty where the message has none. `may_be_forged`: others could write to the stream as well.
    """

    raw: bytes
    subject: str
    sequence: int
    door: str = ""
    may_be_forged: bool = False


@dataclass
class Batch:
    """Deliveries as they are decoded, and then what `classify` makes of them.

    `doors` has the doors of new events by identity; `repeats` has the labels of duplicates that
    another door recorded, or the same door at another moment.
    """

    events: list[tuple[Recorded, Delivery]] = field(default_factory=list)
    broken: list[tuple[ContractBroken, Delivery]] = field(default_factory=list)
    new: dict[bytes, Recorded] = field(default_factory=dict)
    doors: dict[bytes, int | None] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)
    repeats: list[DoorLabel] = field(default_factory=list)
    duplicates: int = 0

    def add(self, delivery: Delivery) -> None:
        """Decodes one delivery; a broken one does not affect the others."""
        try:
            self.events.append((decode(delivery.raw), delivery))
        except ContractBroken as broken:
            self.broken.append((broken, delivery))

    @property
    def door_names(self) -> set[str]:
        """The names of the doors that recorded the events."""
        deliveries = [each for _, each in self.events] + [each for _, each in self.broken]
        return {delivery.door for delivery in deliveries if delivery.door}

    @property
    def year_events(self) -> list[tuple[Recorded, str, int]]:
        """The new events about years, each with its subject and its sequence in the stream."""
        return [
            (event, delivery.subject, delivery.sequence) for event, delivery in self.events
            if event.kind.domain == "year" and self.new.get(event.identity) is event
        ]  # fmt: skip

    def classify(
        self, arrivals: Mapping[bytes, Arrival], aside: Mapping[bytes, FaultyEvent],
        doors: Mapping[str, DoorState], signed: Mapping[int, int],
    ) -> None:  # fmt: skip
        """Separates new events from duplicates, conflicts, and events that may not count.

        `arrivals` are the events that the ledger has, by identity. Only an event that is not in
        the ledger is checked against its subject, the operator's decisions, the marks, and up to
        which instant seals and checkpoints have `signed` the events of each year.
        """
        for broken, delivery in self.broken:
            label = _label(doors.get(delivery.door), envelope.recordedtime_of(delivery.raw))
            detail = breaches.explain(broken, delivery.raw)
            self._reject(broken.reason, detail, delivery, None, label)
        earlier = dict(arrivals)
        for event, delivery in self.events:
            door = doors.get(delivery.door)
            label = _label(door, event.recorded)
            before = earlier.get(event.identity)
            new = event.identity not in arrivals
            reason = _rejection_reason(event, delivery, door, aside) if new else None
            if reason is not None:
                self._reject(*reason, delivery, event.receipt, label)
            elif before is not None and before.receipt != event.receipt:
                self._reject("conflict", message("conflict"), delivery, event.receipt, label)
            elif before is not None:
                self.duplicates += 1
                if label is not None and label != (before.door, before.recorded):
                    self.repeats.append(label)
            elif event.recorded <= max(signed_until(event, signed), _mark(door)):
                self._reject(BELOW_MARK, message("below-mark"), delivery, event.receipt, label)
            else:
                number = None if label is None else label.door
                self.new[event.identity], self.doors[event.identity] = event, number
                earlier[event.identity] = Arrival(event.receipt, number, event.recorded)

    def _reject(
        self, reason: str, detail: str, delivery: Delivery, receipt: bytes | None,
        label: DoorLabel | None,
    ) -> None:  # fmt: skip
        raw, subject = delivery.raw, delivery.subject
        self.rejections.append(Rejection(reason, detail, subject, raw, receipt, label))


def _mark(door: DoorState | None) -> int:
    """The instant at or below which nothing of a door is new any more."""
    return NEVER if door is None else door.held_until


def signed_until(event: Recorded, signed: Mapping[int, int]) -> int:
    """The instant up to which everything of the event's year stands under a signature.

    `unit.*` events and retractions are of every year.
    """
    match part_of(event.kind):
        case LedgerPart.STAGE:
            return NEVER
        case LedgerPart.REGISTRY | LedgerPart.RETRACTION:
            return max(signed.values(), default=NEVER)
        case _:
            return signed.get(event.year, NEVER)


def _label(door: DoorState | None, recorded: int | None) -> DoorLabel | None:
    return None if door is None or recorded is None else DoorLabel(door.id, recorded)


def _rejection_reason(
    event: Recorded, delivery: Delivery, door: DoorState | None,
    aside: Mapping[bytes, FaultyEvent],
) -> tuple[str, Message] | None:  # fmt: skip
    """The reason why an event may not count, with its detail; None where it may."""
    misfit = authorship.misfit(event, delivery.subject)
    if misfit is None and door is None and delivery.may_be_forged:
        misfit = message("misfit-door")
    if misfit is not None:
        return authorship.REASON, misfit
    faulty = aside.get(event.identity)
    if faulty is None:
        return None
    return ASIDE, message("aside-detail", reason=faulty.reason or "", fault=faulty.fault)


def faulty_event(delivery: Delivery, fault: BaseException) -> FaultyEvent:
    """The event over which the fold failed, as far as it can be decoded at all."""
    text, raw = fault_text(fault), delivery.raw
    try:
        event = decode(raw)
    except Exception:  # the decoder itself may be what fails
        source, id_ = _source_and_id(raw)
        identity = envelope.identity(source, id_)
        return FaultyEvent(identity, None, source, id_, delivery.subject, 0, 0, text, None, raw)
    head = event.event
    return FaultyEvent(
        event.identity, event.receipt, head.source, head.id, head.subject, event.year, event.time,
        text, None, raw,
    )  # fmt: skip


def _source_and_id(raw: bytes) -> tuple[str, str]:
    """Source and id of a body that cannot be decoded; a digest of it where it has none."""
    try:
        body = json.loads(raw)
        source, id_ = body["source"], body["id"]
    except (ValueError, RecursionError, KeyError, TypeError):
        source = id_ = None
    if isinstance(source, str) and isinstance(id_, str):
        return source, id_
    return "sha256", hashlib.sha256(raw).hexdigest()


def fault_text(fault: BaseException) -> str:
    """A fault as one line of text."""
    return f"{type(fault).__name__}: {fault}".splitlines()[0][:FAULT_MAX]


def event_halt(event: FaultyEvent) -> Message:
    """Why one event halts the fold, with the command that sets the event aside."""
    command = f"danchu quarantine aside --source {quote(event.source)} --id {quote(event.id)}"
    return message(
        "halt-event", source=event.source, id=event.id, subject=event.subject, fault=event.fault,
        command=command,
    )  # fmt: skip


def general_halt(fault: str) -> Message:
    """Why the fold is halted, where no single event is the cause."""
    return message("halt-fault", fault=fault)
