"""A record of a system of record, and the work of one command on it, in one transaction.

A command is a paragraph in the handlers of its service: load, decide, save, announce. A record
is what the steps in its journal come to; a step that was a mistake is taken back by another.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from contracts.bounds import AHEAD_MAX, EARLIEST
from services.chassis import outbox
from services.chassis.auth.credentials import Credential, role_missing, unit_missing
from services.chassis.http.language import labels
from services.chassis.http.service_api import Problem
from services.chassis.outbox import Draft
from services.chassis.telemetry.instruments import meter
from services.records import journal
from services.records.announcing import AnnouncedEvent, announce
from services.records.journal import Actor, Entry
from services.records.messages import message
from services.records.state_machine import (
    RETRACTION,
    Fact,
    Step,
    StepImpossible,
    StepRefused,
    replay,
)

S = TypeVar("S")
Evolve = Callable[[S | None, Step], S]
Facts = Callable[[str, S | None, Step, S], Iterable[Fact]]

WITHDRAWN = "withdrawn"
"""The stage of a record of which every step was taken back."""
RETRACT = "retract"
DECIDES = "council"
_commands = meter("danchu.records").create_counter("danchu.records.commands", "commands", "by step")


class Record(NamedTuple, Generic[S]):
    """A record as its journal tells it; `state` is None where every step was retracted."""

    id: str
    state: S | None
    entries: tuple[Entry, ...]

    @property
    def version(self) -> int:
        """How many steps its journal has."""
        return len(self.entries)


class Outcome(NamedTuple):
    """The answer to a command: the record as it now is; `location` where it was created."""

    version: int
    body: dict[str, Any]
    location: str | None = None


@dataclass
class Work:
    """One command while it is carried out, in its transaction."""

    conn: AsyncConnection
    now: int
    caller: Credential
    source: str
    if_match: str | None = None
    announced: list[AnnouncedEvent] = field(default_factory=list)
    _drafts: list[Draft] = field(default_factory=list)

    @property
    def by(self) -> Actor:
        """Who commands."""
        return actor_of(self.caller)

    def check_unit(self, unit: str) -> None:
        """Problem 403 where the token does not speak for the unit."""
        check_unit(self.caller, unit)

    def _announce(self, facts: Iterable[Fact]) -> list[AnnouncedEvent]:
        events, drafts = announce(facts, self.source, self.now)
        self._drafts += drafts
        return events

    async def record(self) -> None:
        """Records what was announced: the last step of the transaction, for it holds up others."""
        drafts, self._drafts = self._drafts, []
        await outbox.record(self.conn, drafts, self.now)

    async def load(self, record: str, evolve: Evolve[S]) -> Record[S]:
        """The record, kept from other writers; Problem 404 without it, 412 at another version."""
        await journal.lock(self.conn, record)
        current = await load_record(self.conn, record, evolve)
        if self.if_match is not None and self.if_match not in ("*", etag(current.version)):
            detail = message("record-changed", version=current.version)
            raise Problem(412, detail, headers={"ETag": etag(current.version)})
        return current

    async def apply(
        self, record: Record[S], step: Step, evolve: Evolve[S], facts: Iterable[Fact] = ()
    ) -> Record[S]:
        """Writes a step into the journal and announces its facts; the record after it.

        StepRefused for an instant ahead of time or before 2000, also where nothing is announced.
        """
        check_time(step, self.now)
        return await self.append(record, step, evolve(record.state, step), facts)

    async def append(
        self, record: Record[S], step: Step, state: S | None, facts: Iterable[Fact] = ()
    ) -> Record[S]:
        """Writes a step with the state that it leads to, and announces its facts.

        For a handler that has evolved the state already. StepRefused as for `take`.
        """
        check_time(step, self.now)
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
        """Takes a mistaken step back: its events are retracted, the journal keeps both.

        Problems as for `state_without`; by `facts` also 409 where a later step would have said
        something else without it.
        """
        state = self.state_without(record, version, evolve)
        if facts is not None:
            _check_facts_without(record, version, evolve, facts)
        mistake = next(entry for entry in record.entries if entry.version == version)
        retractions = [
            Fact(RETRACTION, event.subject, self.now,
                 {"source": self.source, "id": event.id, "reason": reason})
            for event in mistake.events
            if event.short != RETRACTION
        ]  # fmt: skip
        return await self.append(record, self.retraction(version, reason), state, retractions)

    def state_without(self, record: Record[S], version: int, evolve: Evolve[S]) -> S | None:
        """The state without a mistaken step, where the caller may take it back.

        That is the role that took it, or the council: Problem 403 otherwise. Problem 404 for a
        step that is not there or was taken back, 409 where a later step rests on it.
        """
        mistake = next((e for e in entries_in_force(record.entries) if e.version == version), None)
        if mistake is None:
            raise Problem(404, message("step-unknown", version=version))
        roles = {mistake.by.role, DECIDES}
        if self.caller.role not in roles:
            raise role_missing(self.caller, roles, message("take-back", version=version))
        return _without(record, version, evolve)

    def retraction(self, version: int, reason: str) -> Step:
        """The step by which another one is taken back."""
        return Step(RETRACT, self.now, {"version": version, "reason": reason})


def _without(record: Record[S], version: int, evolve: Evolve[S]) -> S | None:
    """The state without a step; Problem 409 names the later step that rests on it."""
    state: S | None = None
    rest = [entry for entry in entries_in_force(record.entries) if entry.version != version]
    if rest and record.entries[0].version == version:
        raise _rests(version, rest[0])
    for entry in rest:
        try:
            state = evolve(state, entry.step)
        except (StepImpossible, StepRefused) as why:
            raise _rests(version, entry) from why
    return state


def _rests(version: int, later: Entry) -> Problem:
    places = {"version": version, "later": later.version, "step": later.step.name}
    detail = message("step-rests", **places)
    extra = {"rests": {"version": later.version, "step": later.step.name}}
    return Problem(409, detail, extra=extra)


def entries_in_force(entries: Iterable[Entry]) -> list[Entry]:
    """The steps that were not taken back."""
    steps = list(entries)
    retracted = {entry.step.data["version"] for entry in steps if entry.step.name == RETRACT}
    return [e for e in steps if e.version not in retracted and e.step.name != RETRACT]


def check_time(step: Step, now: int) -> None:
    """StepRefused where the step lies ahead of `now` (microseconds), or before 2000."""
    if step.at > now + AHEAD_MAX:
        raise StepRefused(message("step-ahead"), "at")
    if step.at < EARLIEST:
        raise StepRefused(message("step-early"), "at")


def _check_facts_without(
    record: Record[S], version: int, evolve: Evolve[S], facts: Facts[S]
) -> None:
    """Problem 409 where steps that stand would have said something else without this one."""
    whole = entries_in_force(record.entries)
    rest = [entry for entry in whole if entry.version != version]
    with_it, without = (
        _facts_by_version(record.id, entries, evolve, facts) for entries in (whole, rest)
    )
    changed = [str(step) for step, events in without.items() if events != with_it[step]]
    if changed:
        detail = message("announced-rests", steps=", ".join(changed))
        raise Problem(409, detail)


def _facts_by_version(
    record: str, entries: Iterable[Entry], evolve: Evolve[S], facts: Facts[S]
) -> dict[int, list[Fact]]:
    """What each step says, by its version."""
    state: S | None = None
    by_version = {}
    for entry in entries:
        before, state = state, evolve(state, entry.step)
        by_version[entry.version] = list(facts(record, before, entry.step, state))
    return by_version


def record_missing(record: str) -> Problem:
    """Problem 404 that names the record."""
    return Problem(404, message("record-unknown", record=record[:80]))


async def load_record(conn: AsyncConnection, record: str, evolve: Evolve[S]) -> Record[S]:
    """The record as its journal tells it; Problem 404 without it."""
    entries = await journal.entries(conn, record)
    if not entries:
        raise record_missing(record)
    state = replay(evolve, (entry.step for entry in entries_in_force(entries)))
    return Record(record, state, tuple(entries))


def unit_of(record: Record[Any]) -> str:
    """The unit of a record, also where every step of it was taken back."""
    return str(record.state.unit if record.state else record.entries[0].step.data["unit"])


def check_not_withdrawn(record: Record[Any]) -> None:
    """Problem 409 where every step was taken back: nothing happens to it any more."""
    if record.entries and record.state is None:
        detail = message("record-withdrawn", record=record.id)
        extra = {"state": WITHDRAWN, "possible": []}
        raise Problem(409, detail, extra=extra)


def order_within_day(record: Record[Any], step: Step) -> Step:
    """A step of which the day alone is known, behind the last one where that was on its day.

    Days are those of Vietnam; a day begins at 00:00+07:00.
    """
    last = max((entry.step.at for entry in entries_in_force(record.entries)), default=step.at - 1)
    if not step.day:
        return step
    if step.at <= last and moments.local_day(last) == moments.local_day(step.at):
        return step._replace(at=last + 1, day=False)
    return step._replace(day=False)


def describe(record: Record[S], members: Callable[[S], dict[str, Any]]) -> dict[str, Any]:
    """The record as it is answered: what is said of its state, or that it was withdrawn."""
    withdrawn: dict[str, Any] = {"stage": WITHDRAWN, "possible": []}
    withdrawn |= labels("stage", message("state-withdrawn"))
    state = withdrawn if record.state is None else members(record.state)
    return {"id": record.id, "unit": unit_of(record), **state, "version": record.version}


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def actor_of(caller: Credential) -> Actor:
    """Who a token was given to."""
    return Actor(caller.role, caller.name or caller.role)


def check_unit(caller: Credential, unit: str) -> None:
    """Problem 403 where the token does not speak for the unit."""
    if not caller.speaks_for(unit):
        raise unit_missing(unit)
