"""A batch of the stream as read: what is new in it, and what goes to quarantine and why. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from shlex import quote
from typing import NamedTuple

from contracts import breaches, envelope
from contracts.envelope import ContractBroken, Recorded, decode
from contracts.messages import Message as Sentence
from services.scoring.handlers import authorship
from services.scoring.messages import message
from services.scoring.store.doors import Arrival, DoorState, Label
from services.scoring.store.quarantine import ASIDE, BELOW_MARK, Faulty, Rejected

FAULT_MAX = 300


class Message(NamedTuple):
    """A message of the stream: its body, its subject, its sequence, for progress alone, and the
    name of the door that recorded it, empty where it names none."""

    raw: bytes
    subject: str
    sequence: int
    door: str = ""


@dataclass
class Batch:
    """What is read of a batch, then what is new of that.

    `doors` are the doors of what is new by identity; `repeats` the labels of what is known by
    another door or moment.
    """

    read: list[tuple[Recorded, Message]] = field(default_factory=list)
    broken: list[tuple[ContractBroken, Message]] = field(default_factory=list)
    new: dict[bytes, Recorded] = field(default_factory=dict)
    doors: dict[bytes, int | None] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    repeats: list[Label] = field(default_factory=list)
    duplicates: int = 0

    def take(self, one: Message) -> None:
        """Reads one message; nothing in it can harm its neighbours."""
        try:
            self.read.append((decode(one.raw), one))
        except ContractBroken as broken:
            self.broken.append((broken, one))

    @property
    def door_names(self) -> set[str]:
        """The doors that the messages name."""
        messages = [one for _, one in self.read] + [one for _, one in self.broken]
        return {one.door for one in messages if one.door}

    def sort(
        self, arrivals: Mapping[bytes, Arrival], aside: Mapping[bytes, Faulty],
        doors: Mapping[str, DoorState],
    ) -> None:  # fmt: skip
        """Tells new events from duplicates and conflicts, and from what may not count.

        `arrivals` are those that the ledger has, by identity. Only what is new has to fit its
        subject, or can have been set aside by hand, or come too late for a mark that holds.
        """
        for broken, one in self.broken:
            label = _label(doors.get(one.door), envelope.recorded_in(one.raw))
            self._reject(broken.reason, breaches.explained(broken, one.raw), one, None, label)
        known = dict(arrivals)
        for event, one in self.read:
            door = doors.get(one.door)
            label = _label(door, event.recorded)
            before = known.get(event.identity)
            new = event.identity not in arrivals
            why = _unfit(event, one.subject, aside) if new else None
            if why is not None:
                self._reject(*why, one, event.receipt, label)
            elif before is not None and before.receipt != event.receipt:
                self._reject("conflict", message("conflict"), one, event.receipt, label)
            elif before is not None:
                self.duplicates += 1
                if label is not None and label != (before.door, before.recorded):
                    self.repeats.append(label)
            elif door is not None and event.recorded <= door.held_until:
                self._reject(BELOW_MARK, message("below-mark"), one, event.receipt, label)
            else:
                self.new[event.identity] = event
                self.doors[event.identity] = None if label is None else label.door
                known[event.identity] = Arrival(
                    event.receipt, self.doors[event.identity], event.recorded
                )

    def _reject(
        self, reason: str, detail: str, one: Message, receipt: bytes | None, label: Label | None
    ) -> None:
        self.rejected.append(Rejected(reason, detail, one.subject, one.raw, receipt, label))


def _label(door: DoorState | None, recorded: int | None) -> Label | None:
    return None if door is None or recorded is None else Label(door.id, recorded)


def _unfit(
    event: Recorded, subject: str, aside: Mapping[bytes, Faulty]
) -> tuple[str, Sentence] | None:
    """The reason and its sentence for an event that may not count; None where it may."""
    wrong = authorship.misfit(event, subject)
    if wrong is not None:
        return authorship.REASON, wrong
    one = aside.get(event.identity)
    if one is None:
        return None
    return ASIDE, message("aside-detail", reason=one.reason or "", fault=one.fault)


def faulty(one: Message, fault: BaseException) -> Faulty:
    """The event that ended the fold, with what is known of it where it cannot be read either."""
    text = fault_text(fault)
    try:
        event = decode(one.raw)
    except Exception:  # the decoder itself may be what fails
        source, id_ = _names(one.raw)
        named = envelope.identity(source, id_)
        return Faulty(named, None, source, id_, one.subject, 0, 0, text, None, one.raw)
    said = event.event
    return Faulty(
        event.identity, event.receipt, said.source, said.id, said.subject, event.year, event.time,
        text, None, one.raw,
    )  # fmt: skip


def _names(raw: bytes) -> tuple[str, str]:
    """Source and id out of what cannot be decoded; else a digest that stands for them."""
    try:
        found = json.loads(raw)
        source, id_ = found["source"], found["id"]
    except (ValueError, RecursionError, KeyError, TypeError):
        source = id_ = None
    if isinstance(source, str) and isinstance(id_, str):
        return source, id_
    return "sha256", hashlib.sha256(raw).hexdigest()


def fault_text(fault: BaseException) -> str:
    """What broke the fold, in one line."""
    return f"{type(fault).__name__}: {fault}".splitlines()[0][:FAULT_MAX]


def event_fault(one: Faulty) -> Sentence:
    """Why the fold stands still over one event, with the command that sets it aside."""
    command = f"danchu quarantine aside --source {quote(one.source)} --id {quote(one.id)}"
    return message(
        "halt-event", source=one.source, id=one.id, subject=one.subject, fault=one.fault,
        command=command,
    )  # fmt: skip


def general_fault(fault: str) -> Sentence:
    """Why the fold stands still over no single event."""
    return message("halt-fault", fault=fault)
