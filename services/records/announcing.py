"""Turns facts into events of the contract and drafts for the outbox.

Every event is validated by the same parser as at the door of intake, so that nothing is announced
that intake would refuse.
"""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from contracts import door, moments
from contracts.catalog import CANONICAL
from contracts.envelope import RECORDS_SOURCE, stream_subject
from contracts.faults import Fault as ContractFault
from contracts.faults import join_faults
from services.chassis.errors import DanchuError
from services.chassis.identifiers import new_id
from services.chassis.outbox import Draft
from services.chassis.telemetry.instruments import trace_headers
from services.records.messages import message
from services.records.state_machine import RETRACTION, Fact


class AnnouncedEvent(NamedTuple):
    """An event in the outbox; `receipt` in hexadecimal."""

    id: str
    short: str
    subject: str
    receipt: str


class FactRefused(DanchuError):
    """A fact that makes no valid event of the contract; `faults` name the fields."""

    def __init__(self, short: str, faults: Sequence[ContractFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(message("contract-broken", short=short, faults=join_faults(faults)))


def source_of(service: str) -> str:
    """The `source` of a service's own events; no credential may use it at a door."""
    return f"{RECORDS_SOURCE}{service}"


def announce(
    facts: Iterable[Fact], source: str, now: int
) -> tuple[list[AnnouncedEvent], list[Draft]]:
    """The events of the facts and the drafts for the outbox, both in the order of the facts.

    FactRefused if a fact makes no valid event. Events and drafts carry the current trace context.
    """
    trace = trace_headers()
    announced, drafts = [], []
    for fact in facts:
        emitted = _event(fact, source, now, trace)
        author = source.removeprefix(RECORDS_SOURCE) if fact.short == RETRACTION else ""
        subject = stream_subject(fact.subject, fact.short, author)
        drafts.append(Draft(emitted.receipt, subject, emitted.body, trace or None))
        announced.append(
            AnnouncedEvent(emitted.event.id, fact.short, fact.subject, emitted.receipt.hex())
        )
    return announced, drafts


def _event(fact: Fact, source: str, now: int, trace: dict[str, str]) -> door.Emitted:
    event = {
        "specversion": "1.0", "id": new_id(now), "source": source, "subject": fact.subject,
        "type": CANONICAL[fact.short].type, "time": moments.rfc3339(fact.time), "data": fact.data,
        **trace,
    }  # fmt: skip
    _, (read,) = door.read(json.dumps(event).encode(), door.SINGLE, now)
    if isinstance(read, door.Refusal):
        raise FactRefused(fact.short, read.faults)
    return read
