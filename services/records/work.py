"""The execution of one command on a record, in one transaction.

Every handler has the same four parts: load, decide, save, announce.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from contracts.bounds import AHEAD_MAX, EARLIEST
from contracts.moment_texts import moment_text
from services.chassis import outbox
from services.chassis.auth.credentials import Credential, role_missing
from services.chassis.http.language import labels
from services.chassis.http.service_api import Problem
from services.chassis.outbox import Draft
from services.chassis.telemetry.instruments import meter
from services.records import journal
from services.records.announcing import AnnouncedEvent, announce
from services.records.journal import Actor
from services.records.labels import Label
from services.records.messages import message
from services.records.record import (
    RETRACT,
    Evolve,
    Facts,
    Record,
    actor_of,
    check_facts_without,
    check_unit,
    entries_in_force,
    etag,
    find_unit,
    load_record,
    replay_without,
    step_words,
)
from services.records.state_machine import RETRACTION, Fact, Step, StepRefused, plain_term

S = TypeVar("S")
DECIDES = "council"
_commands = meter("danchu.records").create_counter(
    "danchu.records.commands", "{command}", "commands that were carried out, by step and source"
)


class Outcome(NamedTuple):
    """The result of a command: the record after it, and for a new record its `location`."""

    version: int
    body: dict[str, Any]
    location: str | None = None


@dataclass
class Work:
    """One command during its execution: its transaction, caller and announced events."""

    conn: AsyncConnection
    now: int
    caller: Credential
    source: str
    if_match: str | None = None
    step_label: Label = plain_term
    announced: list[AnnouncedEvent] = field(default_factory=list)
    _drafts: list[Draft] = field(default_factory=list)

    @property
    def by(self) -> Actor:
        """The caller, as the journal names it."""
        return actor_of(self.caller)

    def check_unit(self, unit: str) -> None:
        """Problem 403 if the token does not cover the unit."""
        check_unit(self.caller, unit)

    def _announce(self, facts: Iterable[Fact]) -> list[AnnouncedEvent]:
        events, drafts = announce(facts, self.source, self.now)
        self._drafts += drafts
        return events

    async def record(self) -> None:
        """Writes the announced events to the outbox.

        Called last in the transaction, because the outbox lock holds up other transactions.
        """
        drafts, self._drafts = self._drafts, []
        await outbox.record(self.conn, drafts, self.now)

    async def load(self, record: str, evolve: Evolve[S]) -> Record[S]:
        """The record, locked until the transaction ends.

        Problem 404 if there is none, 412 if If-Match names another version: it tells whose unit it
        is which role changed the record last, when, and by what step.
        """
        await journal.lock(self.conn, record)
        current = await load_record(self.conn, record, evolve)
        if self.if_match is not None and self.if_match not in ("*", etag(current.version)):
            raise self._changed(current)
        return current

    def _changed(self, current: Record[Any]) -> Problem:
        headers, last = {"ETag": etag(current.version)}, current.entries[-1]
        unit = find_unit(current)
        if unit is not None and not self.caller.speaks_for(unit):
            detail = message("record-changed", version=current.version)
            return Problem(412, detail, headers=headers)
        step = step_words(last, self.step_label)
        role = message(f"role-{last.by.role}")
        at, version = moment_text(last.recorded), current.version
        detail = message("record-changed-by", version=version, step=step, role=role, at=at)
        changed = {
            "version": version, "step": last.step.name, **labels("step", step),
            "role": last.by.role, **labels("role", role),
            "recorded": moments.local_time(last.recorded),
        }  # fmt: skip
        return Problem(412, detail, headers=headers, extra={"changed": changed})

    def require_version(self) -> None:
        """Problem 428 without If-Match, for a command that overwrites what no journal keeps."""
        if self.if_match is None:
            raise Problem(428, message("version-needed"))

    async def apply(
        self, record: Record[S], step: Step, evolve: Evolve[S], facts: Iterable[Fact] = ()
    ) -> Record[S]:
        """Evolves the record by a step, writes the step to the journal and announces its facts.

        StepRefused if the step is in the future or before 2000.
        """
        check_time(step, self.now)
        return await self._write(record, step, evolve(record.state, step), facts)

    async def append(
        self, record: Record[S], step: Step, state: S | None, facts: Iterable[Fact] = ()
    ) -> Record[S]:
        """Writes a step whose resulting state is already computed, and announces its facts.

        StepRefused as for `apply`.
        """
        check_time(step, self.now)
        return await self._write(record, step, state, facts)

    async def _write(
        self, record: Record[S], step: Step, state: S | None, facts: Iterable[Fact]
    ) -> Record[S]:
        events = self._announce(facts)
        self.announced += events
        if record.version >= journal.ENTRIES_MAX:
            detail = message("record-full", limit=journal.ENTRIES_MAX)
            raise Problem(409, detail, extra={"possible": []})
        entry = await journal.append(
            self.conn, record.id, record.version + 1, step, self.by, self.now, events
        )
        _commands.add(1, {"step": step.name, "source": self.source})
        return Record(record.id, state, (*record.entries, entry))

    async def retract(
        self, record: Record[S], version: int, reason: str, evolve: Evolve[S],
        facts: Facts[S] | None = None,
    ) -> Record[S]:  # fmt: skip
        """Retracts a step and its events; the journal keeps both steps.

        Problems as for `state_without`; with `facts` also 409 if a later step would have announced
        other facts without it.
        """
        state = self.state_without(record, version, evolve)
        if facts is not None:
            check_facts_without(record, version, evolve, facts)
        mistake = next(entry for entry in record.entries if entry.version == version)
        retractions = [
            Fact(RETRACTION, event.subject, self.now,
                 {"source": self.source, "id": event.id, "reason": reason})
            for event in mistake.events
            if event.short != RETRACTION
        ]  # fmt: skip
        return await self.append(record, self.retraction(version, reason), state, retractions)

    def state_without(self, record: Record[S], version: int, evolve: Evolve[S]) -> S | None:
        """The state of the record without one step, if the caller may retract that step.

        Problem 403 unless the caller has the role that entered it, or is the council; 404 if the
        step does not exist or is already retracted; 409 if a later step depends on it.
        """
        mistake = next((e for e in entries_in_force(record.entries) if e.version == version), None)
        if mistake is None:
            raise Problem(404, message("step-unknown", version=version))
        roles = {mistake.by.role, DECIDES}
        if self.caller.role not in roles:
            raise role_missing(self.caller, roles, message("take-back", version=version))
        return replay_without(record, version, evolve, self.step_label)

    def retraction(self, version: int, reason: str) -> Step:
        """The step by which another one is taken back."""
        return Step(RETRACT, self.now, {"version": version, "reason": reason})


def check_time(step: Step, now: int) -> None:
    """StepRefused if the step is more than 5 minutes after `now` (microseconds) or before 2000."""
    if step.at > now + AHEAD_MAX:
        raise StepRefused(message("step-ahead"), "at")
    if step.at < EARLIEST:
        raise StepRefused(message("step-early"), "at")
