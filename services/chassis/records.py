"""A record of a system of record, and the work of one command on it, in one transaction.

A command is a paragraph in the handlers of its service: load, decide, save, announce. A record
is what the steps in its journal come to; a step that was a mistake is taken back by another.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis import journal
from services.chassis.announce import Announced, announce
from services.chassis.auth import Credential
from services.chassis.http import Problem
from services.chassis.journal import Doer, Entry
from services.chassis.steps import Fact, Step, replay
from services.chassis.telemetry import meter

S = TypeVar("S")
Evolve = Callable[[S | None, Step], S]
Instead = Callable[[S | None], Awaitable[Iterable[Fact]]]

RETRACT = "retract"
DECIDES = "council"
RETRACTION = "event.retracted"
_taken = meter("danchu.records").create_counter("danchu.records.commands", "commands", "by step")


class Loaded(NamedTuple, Generic[S]):
    """A record as its journal tells it; `state` is None where every step was retracted."""

    id: str
    state: S | None
    entries: tuple[Entry, ...]

    @property
    def version(self) -> int:
        """How many steps its journal has."""
        return len(self.entries)


class Done(NamedTuple):
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
    traceparent: str | None = None
    if_match: str | None = None
    announced: list[Announced] = field(default_factory=list)

    @property
    def by(self) -> Doer:
        """Who commands."""
        return doer(self.caller)

    def may(self, unit: str) -> None:
        """Problem 403 where the token does not speak for the unit."""
        check_unit(self.caller, unit)

    async def load(self, record: str, evolve: Evolve[S]) -> Loaded[S]:
        """The record, kept from other writers; Problem 404 without it, 412 at another version."""
        await journal.hold(self.conn, record)
        found = await loaded(self.conn, record, evolve)
        if self.if_match is not None and self.if_match not in ("*", etag(found.version)):
            detail = f"The record is at version {found.version}: read it again, then decide."
            raise Problem(412, "Changed meanwhile", detail, headers={"ETag": etag(found.version)})
        return found

    async def take(
        self, record: Loaded[S], step: Step, evolve: Evolve[S], facts: Iterable[Fact] = ()
    ) -> Loaded[S]:
        """Writes a step into the journal and announces its facts; the record after it."""
        state = evolve(record.state, step)
        events = await announce(self.conn, facts, self.source, self.now, self.traceparent)
        return await self._written(record, state, step, events)

    async def retract(
        self, record: Loaded[S], version: int, reason: str, evolve: Evolve[S],
        instead: "Instead[S] | None" = None,
    ) -> Loaded[S]:  # fmt: skip
        """Takes a mistaken step back: its events are retracted, the journal keeps both.

        A service that knows better what has to be said of the state without the step says it by
        `instead`. Problem 404 for a step that is not there or was taken back, 403 for one of
        another role (the council may take back any); StepImpossible where a later step rests on
        it.
        """
        wrong = next((e for e in standing(record.entries) if e.version == version), None)
        if wrong is None:
            raise Problem(404, "Not found", f"The record has no step {version} that stands.")
        if wrong.version == 1 and len(standing(record.entries)) > 1:
            detail = "Everything rests on the first step: take back the later ones before it."
            raise Problem(409, "Not possible now", detail, extra={"possible": []})
        if self.caller.role not in (wrong.by.role, DECIDES):
            detail = f"Step {version} is of role {wrong.by.role}, which takes it back."
            raise Problem(403, "Not allowed", detail)
        rest = (e.step for e in standing(record.entries) if e.version != version)
        state = replay(evolve, rest)
        facts: Iterable[Fact] = [
            Fact(RETRACTION, event.subject, self.now,
                 {"source": self.source, "id": event.id, "reason": reason})
            for event in wrong.events
            if event.short != RETRACTION
        ]  # fmt: skip
        if instead is not None:
            facts = await instead(state)
        step = Step(RETRACT, self.now, {"version": version, "reason": reason})
        events = await announce(self.conn, facts, self.source, self.now, self.traceparent)
        return await self._written(record, state, step, events)

    async def _written(
        self, record: Loaded[S], state: S | None, step: Step, events: Sequence[Announced]
    ) -> Loaded[S]:
        self.announced += events
        if record.version >= journal.ENTRIES_MAX:
            detail = f"A record has at most {journal.ENTRIES_MAX} steps; this one is full."
            raise Problem(409, "Not possible now", detail, extra={"possible": []})
        entry = await journal.append(
            self.conn, record.id, record.version + 1, step, self.by, self.now, events
        )
        _taken.add(1, {"step": step.name, "source": self.source})
        return Loaded(record.id, state, (*record.entries, entry))


def standing(entries: Iterable[Entry]) -> list[Entry]:
    """The steps that were not taken back."""
    kept = list(entries)
    gone = {entry.step.data["version"] for entry in kept if entry.step.name == RETRACT}
    return [e for e in kept if e.version not in gone and e.step.name != RETRACT]


async def loaded(conn: AsyncConnection, record: str, evolve: Evolve[S]) -> Loaded[S]:
    """The record as its journal tells it; Problem 404 without it."""
    entries = await journal.entries(conn, record)
    if not entries:
        raise Problem(404, "Not found", f"There is no record {record[:80]}.")
    state = replay(evolve, (entry.step for entry in standing(entries)))
    return Loaded(record, state, tuple(entries))


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def doer(caller: Credential) -> Doer:
    """Who a token was given to."""
    return Doer(caller.role, caller.name or caller.role)


def check_unit(caller: Credential, unit: str) -> None:
    """Problem 403 where the token does not speak for the unit."""
    if not caller.speaks_for(unit):
        raise Problem(403, "Not allowed", f"The token does not cover the unit {unit}.")
