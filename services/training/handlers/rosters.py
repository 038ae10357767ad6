"""What is commanded of persons and rosters, each a paragraph: load, decide, save, announce.

Courses have `course_handlers`. Locks are taken in one order everywhere: which units succeed which
(shared by whoever announces, alone by whoever changes it), a course, its persons, memberships.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from services.chassis.http.service_api import Problem
from services.records import journal, vault
from services.records import record as records
from services.records.announcing import new_id
from services.records.record import Done, Loaded, Work, check_stands, loaded, settled, unit_of
from services.records.state_machine import Fact, Step, StepImpossible, StepRefused
from services.records.vault import Vault
from services.training import queries, store
from services.training.domain import roster
from services.training.domain.labels import PERSON
from services.training.domain.roster import Membership, Place
from services.training.handlers import reconcile
from services.training.handlers.reconcile import CORRECTED, Difference
from services.training.messages import message
from services.training.names import same_name

SUCCESSIONS = "which units succeed which"
"""What is told of a person rests on it, so nobody announces while another changes it."""
BATCH = 200


@dataclass(frozen=True)
class Who:
    """A person as a clerk names one: by key, or by staff number, with the name where new."""

    person: str | None = None
    number: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Rosters:
    """The handlers of rosters and persons; the vault hides names, numbers and secrets."""

    vault: Vault

    async def assign(self, work: Work, step: Step, who: Who) -> Done:
        """A person comes on a unit's roster in a role."""
        work.may(step.data["unit"])
        await journal.hold(work.conn, SUCCESSIONS, shared=True)
        person = await self._person(work, who)
        record: Loaded[Membership] = Loaded(f"member-{new_id(work.now)}", None, ())
        done = await self._take(work, record, step._replace(data={**step.data, "person": person}))
        return done._replace(location=f"memberships/{record.id}")

    async def step(self, work: Work, id_: str, step: Step) -> Done:
        """A person is released, or goes on in the unit that succeeds."""
        await journal.hold(work.conn, SUCCESSIONS, shared=step.name != "transfer")
        record, whom = await self._held(work, id_, step.name == "transfer")
        if step.name == "transfer":
            work.may(step.data["unit"])
        return await self._take(work, record, step, whom)

    async def retract(self, work: Work, id_: str, version: int, reason: str) -> Done:
        """A step that was a mistake is taken back."""
        await journal.hold(work.conn, SUCCESSIONS)
        record, whom = await self._held(work, id_)
        found: list[Difference] = []

        async def instead(state: Membership | None) -> list[Fact]:
            await self._save(work, record, state, records.RETRACT)
            found.append(await self._difference(work, whom, reason))
            return found[0].facts()

        after = await work.retract(record, version, reason, roster.evolve, instead=instead)
        await found[0].remember(work.conn, after.entries[-1].events)
        return _done(after)

    async def begin_year(self, work: Work) -> int:
        """Whoever is still on a roster is announced for the year that began; how many were due.

        A batch at a time, each a record of its own; the names under which things are told, and
        the locks on persons, let only one of several replicas do it.
        """
        year = moments.local_year(work.now)
        await journal.hold(work.conn, SUCCESSIONS, shared=True)
        due = await queries.not_begun(work.conn, year, BATCH)
        persons = sorted({person for _, person in due})
        await store.lock_persons(work.conn, persons)
        difference = await self._difference(work, persons)
        if difference.facts():
            record: Loaded[bool] = Loaded(f"year-{new_id(work.now)}", None, ())
            step = Step("begin_year", work.now, {"year": year})
            taken = await work.take(record, step, roster.evolve_batch, difference.facts())
            await difference.remember(work.conn, taken.entries[-1].events)
        await store.begun(work.conn, [id_ for id_, _ in due], year)
        return len(due)

    async def rename(self, work: Work, person: str, name: str) -> Done:
        """A person's display name is corrected."""
        record = await work.load(person, roster.evolve_person)
        if work.caller.role == "clerk":
            await check_of_units(work, person)
        taken = await work.take(record, Step("rename", work.now, {}), roster.evolve_person)
        await store.name_person(work.conn, person, self.vault.hide(name))
        return Done(taken.version, {"person": person, "erased": False})

    async def erase(self, work: Work, person: str) -> Done:
        """Name, number and secret of a person are erased: the link is gone, counts stay."""
        record = await work.load(person, roster.evolve_person)
        taken = await work.take(record, Step("erase", work.now, {}), roster.evolve_person)
        await store.erase_person(work.conn, person)
        return Done(taken.version, {"person": person, "erased": True})

    async def _person(self, work: Work, who: Who) -> str:
        """The key of a person, kept from other writers; known from now on if the number is new."""
        key = who.person or ""
        if who.number is not None:
            index = self.vault.index(who.number)
            await journal.hold(work.conn, f"number:{index.hex()}")
            key = await queries.person_of(work.conn, index) or ""
            if not key:
                return await self._enrol(work, index, who.number, who.name)
        await store.lock_persons(work.conn, [key])
        found = (await queries.persons(work.conn, [key])).get(key)
        if found is None:
            raise StepRefused(message("person-none"), "person")
        if found.erased:
            why = message("person-erased")
            raise StepImpossible(PERSON, "erased", "assign", (), why)
        if who.name is not None:
            self._check_name(found, who.name)
        return key

    async def _enrol(self, work: Work, index: bytes, number: str, name: str | None) -> str:
        if name is None:
            raise StepRefused(message("name-needed"), "name")
        secret = vault.new_secret()
        key = vault.opaque(secret, number)
        hide = self.vault.hide
        hidden = store.Hidden(index, hide(number), hide(name), hide(secret))
        await store.add_person(work.conn, key, hidden)
        new: Loaded[str] = Loaded(key, None, ())
        await work.take(new, Step("enrol", work.now, {}), roster.evolve_person)
        return key

    def has_name(self, person: queries.Person, name: str) -> bool:
        """Whether a spelling is of the person's name; of who was erased every name fits."""
        hidden = person.hidden_name
        return hidden is None or same_name(self.vault.show(hidden), name)

    def _check_name(self, person: queries.Person, name: str) -> None:
        """A mistyped number of somebody else is found by the name that does not fit."""
        if not self.has_name(person, name):
            raise StepRefused(message("name-of-another"), "name")

    async def _held(
        self, work: Work, id_: str, moves: bool = False
    ) -> tuple[Loaded[Membership], list[str]]:
        """The membership, and whom it concerns: where units succeed, all of the predecessor.

        Its places stay what they are meanwhile: whoever changes them holds SUCCESSIONS alone.
        """
        before = await loaded(work.conn, id_, roster.evolve)
        whom = await _whom(work.conn, before, moves)
        await store.lock_persons(work.conn, whom)
        record = await work.load(id_, roster.evolve)
        work.may(unit_of(record))
        return record, whom

    async def _take(
        self, work: Work, record: Loaded[Membership], step: Step, whom: Iterable[str] = ()
    ) -> Done:
        check_stands(record)
        step = settled(record, step)
        after = roster.evolve(record.state, step)
        await self._save(work, record, after, step.name)
        difference = await self._difference(work, {after.person, *whom})
        taken = await work.take(record, step, roster.evolve, difference.facts())
        await difference.remember(work.conn, taken.entries[-1].events)
        return _done(taken)

    async def _save(
        self, work: Work, record: Loaded[Membership], state: Membership | None, step: str
    ) -> None:
        year = moments.local_year(work.now)
        await store.save_membership(work.conn, record.id, record.version + 1, state, year)
        if state is not None:
            stints = await queries.stints(work.conn, [state.person])
            stage = record.state.stage if record.state else None
            roster.check_apart(stints[state.person], record.id, stage, step)

    async def _difference(
        self, work: Work, whom: Iterable[str], reason: str = CORRECTED
    ) -> Difference:
        about = await reconcile.of_persons(work.conn, whom, work.now)
        return await reconcile.difference(work.conn, about, work.source, work.now, reason)


async def _whom(conn: AsyncConnection, record: Loaded[Membership], moves: bool) -> list[str]:
    places: tuple[Place, ...] = record.state.places if record.state else ()
    first = record.entries[0].step.data["person"]
    units = {place.unit for place in (places if moves else places[:-1])}
    return sorted({first, *[one for unit in units for one in await queries.ever_on(conn, unit)]})


async def check_of_units(work: Work, person: str) -> None:
    """Problem 403 where the person was never on a roster of the caller's units."""
    units = work.caller.units
    if "*" not in units and not await queries.is_of(work.conn, person, units):
        raise person_of_others(units)


def person_of_others(units: Iterable[str]) -> Problem:
    """Problem 403 that names the units whose rosters the person was never on."""
    return Problem(403, message("person-of-others", units=", ".join(sorted(units)) or "–"))


def shown(record: Loaded[Membership]) -> dict[str, Any]:
    """The membership as it is answered; the person by key alone."""
    return records.shown(record, _said)


def _said(state: Membership) -> dict[str, Any]:
    return {
        "person": state.person, "role": state.role, "stage": state.stage,
        "from": moments.local_time(state.places[0].since),
        "until": None if state.end is None else moments.local_time(state.end),
        "places": [{"unit": p.unit, "from": moments.local_time(p.since)} for p in state.places],
        "possible": roster.possible(state.stage),
    }  # fmt: skip


def _done(record: Loaded[Membership]) -> Done:
    return Done(record.version, shown(record))
