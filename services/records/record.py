"""Records of a system of record, as their journals tell them.

The state of a record follows from the steps in its journal; a step entered by mistake is retracted
by another step.
"""

from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from contracts.messages import Message
from services.chassis.auth.credentials import Credential, unit_missing
from services.chassis.http.language import labels
from services.chassis.http.service_api import Problem
from services.records import journal
from services.records.journal import Actor, Entry
from services.records.labels import Label
from services.records.messages import message
from services.records.state_machine import (
    Fact,
    Step,
    StepImpossible,
    StepRefused,
    plain_term,
    replay,
)

S = TypeVar("S")
Evolve = Callable[[S | None, Step], S]
Facts = Callable[[str, S | None, Step, S], Iterable[Fact]]

WITHDRAWN = "withdrawn"
"""The stage of a record whose steps were all retracted."""
RETRACT = "retract"


class Record(NamedTuple, Generic[S]):
    """A record with its journal; `state` is None if every step was retracted."""

    id: str
    state: S | None
    entries: tuple[Entry, ...]

    @property
    def version(self) -> int:
        """The number of steps in its journal."""
        return len(self.entries)


def replay_without(
    record: Record[S], version: int, evolve: Evolve[S], label: Label = plain_term
) -> S | None:
    """The state without one step; Problem 409 names a later step that depends on it.

    `label` says what a step is called.
    """
    state: S | None = None
    rest = [entry for entry in entries_in_force(record.entries) if entry.version != version]
    if rest and record.entries[0].version == version:
        raise _rests(version, rest[0], label)
    for entry in rest:
        try:
            state = evolve(state, entry.step)
        except (StepImpossible, StepRefused) as why:
            raise _rests(version, entry, label) from why
    return state


def _rests(version: int, later: Entry, label: Label) -> Problem:
    places = {"version": version, "later": later.version, "step": label(later.step.name)}
    detail = message("step-rests", **places)
    extra = {"rests": {"version": later.version, "step": later.step.name}}
    return Problem(409, detail, extra=extra)


def entries_in_force(entries: Iterable[Entry]) -> list[Entry]:
    """The entries whose steps are in force: neither retracted nor retractions."""
    steps = list(entries)
    retracted = {entry.step.data["version"] for entry in steps if entry.step.name == RETRACT}
    return [e for e in steps if e.version not in retracted and e.step.name != RETRACT]


def check_facts_without(
    record: Record[S], version: int, evolve: Evolve[S], facts: Facts[S]
) -> None:
    """Problem 409 if a step in force would have announced other facts without this one."""
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
    """The facts of each step, by its version."""
    state: S | None = None
    by_version = {}
    for entry in entries:
        before, state = state, evolve(state, entry.step)
        by_version[entry.version] = list(facts(record, before, entry.step, state))
    return by_version


def record_missing(record: str) -> Problem:
    """The Problem 404 for a record that does not exist."""
    return Problem(404, message("record-unknown", record=record[:80]))


async def load_record(conn: AsyncConnection, record: str, evolve: Evolve[S]) -> Record[S]:
    """Replays the journal of a record; Problem 404 if there is none."""
    entries = await journal.entries(conn, record)
    if not entries:
        raise record_missing(record)
    state = replay(evolve, (entry.step for entry in entries_in_force(entries)))
    return Record(record, state, tuple(entries))


def unit_of(record: Record[Any]) -> str:
    """The unit of a record, even if every step of it was retracted."""
    return str(record.state.unit if record.state else record.entries[0].step.data["unit"])


def find_unit(record: Record[Any]) -> str | None:
    """The unit of a record; None for one of no unit, such as a person."""
    return unit_of(record) if "unit" in record.entries[0].step.data else None


def step_words(entry: Entry, label: Label) -> Message:
    """What the step of an entry is called; `label` knows the steps of its kind of record."""
    return message("step-retract") if entry.step.name == RETRACT else label(entry.step.name)


def check_not_withdrawn(record: Record[Any]) -> None:
    """Problem 409 for a withdrawn record: no further step is possible."""
    if record.entries and record.state is None:
        detail = message("record-withdrawn", record=record.id)
        extra = {"state": WITHDRAWN, "possible": []}
        raise Problem(409, detail, extra=extra)


def order_within_day(record: Record[Any], step: Step) -> Step:
    """Moves a step that has a day but no time behind the last step of that day.

    Days are those of Vietnam and begin at 00:00+07:00.
    """
    last = max((entry.step.at for entry in entries_in_force(record.entries)), default=step.at - 1)
    if not step.day:
        return step
    if step.at <= last and moments.local_day(last) == moments.local_day(step.at):
        return step._replace(at=last + 1, day=False)
    return step._replace(day=False)


def describe(record: Record[S], members: Callable[[S], dict[str, Any]]) -> dict[str, Any]:
    """The record as a JSON answer; `members` describes a state, a withdrawn record has none."""
    withdrawn: dict[str, Any] = {"stage": WITHDRAWN, "possible": []}
    withdrawn |= labels("stage", message("state-withdrawn"))
    state = withdrawn if record.state is None else members(record.state)
    return {"id": record.id, "unit": unit_of(record), **state, "version": record.version}


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def actor_of(caller: Credential) -> Actor:
    """The holder of a token, as the journal names it."""
    return Actor(caller.role, caller.name or caller.role)


def check_unit(caller: Credential, unit: str) -> None:
    """Problem 403 if the token does not cover the unit."""
    if not caller.speaks_for(unit):
        raise unit_missing(unit)
