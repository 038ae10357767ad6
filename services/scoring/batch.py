"""A batch of the stream as read: what is new in it, and what goes to quarantine and why. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts import envelope
from contracts.envelope import ContractBroken, Recorded, decode
from contracts.messages import Message as Sentence
from services.scoring import authorship
from services.scoring.messages import message
from services.scoring.quarantine import ASIDE, Faulty, Rejected

CONFLICT = "another content was accepted before under this source and id"
FAULT_MAX = 300


class Message(NamedTuple):
    """A message of the stream: its body, its subject, and its sequence, for progress alone."""

    raw: bytes
    subject: str
    sequence: int


@dataclass
class Batch:
    """What is read of a batch, then what is new of that."""

    read: list[tuple[Recorded, str]] = field(default_factory=list)
    new: dict[bytes, Recorded] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    duplicates: int = 0

    def take(self, one: Message) -> None:
        """Reads one message; nothing in it can harm its neighbours."""
        try:
            self.read.append((decode(one.raw), one.subject))
        except ContractBroken as broken:
            self.rejected.append(Rejected(broken.reason, broken.detail, one.subject, one.raw, None))

    def sort(self, receipts: Mapping[bytes, bytes], aside: Mapping[bytes, Faulty]) -> None:
        """Tells new events from duplicates and conflicts, and from what may not count.

        `receipts` are those that the ledger has, by identity. Only what is new has to fit its
        subject, or can have been set aside by hand.
        """
        first = dict(receipts)
        for event, subject in self.read:
            if event.identity not in receipts:
                why = _unfit(event, subject, aside)
                if why is not None:
                    self.rejected.append(Rejected(*why, subject, event.raw, event.receipt))
                    continue
            receipt = first.setdefault(event.identity, event.receipt)
            if receipt != event.receipt:
                self.rejected.append(
                    Rejected("conflict", CONFLICT, subject, event.raw, event.receipt)
                )
            elif event.identity in self.new or event.identity in receipts:
                self.duplicates += 1
            else:
                self.new[event.identity] = event


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
    """Why the fold stands still over one event."""
    return message("halt-event", source=one.source, id=one.id, subject=one.subject, fault=one.fault)


def general_fault(fault: str) -> Sentence:
    """Why the fold stands still over no single event."""
    return message("halt-fault", fault=fault)
