"""Handlers of persons: each is a paragraph of load, decide, save, announce."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.chassis.http.service_api import Problem
from services.records import journal, vault
from services.records.record import Record
from services.records.state_machine import Step, StepImpossible, StepRefused
from services.records.vault import Vault
from services.records.work import Outcome, Work
from services.training import queries, store
from services.training.domain import roster
from services.training.domain.labels import PERSON
from services.training.domain.names import same_name
from services.training.messages import message


@dataclass(frozen=True)
class PersonReference:
    """How a clerk refers to a person: by key, or by staff number, with the name of a new one."""

    person: str | None = None
    number: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Persons:
    """The handlers of persons; the vault encrypts names, staff numbers and secrets."""

    vault: Vault

    async def rename(self, work: Work, person: str, name: str) -> Outcome:
        """A person's display name is corrected; the version that was read has to be named.

        The name before is stored nowhere else, so nobody overwrites one that was not read.
        """
        if work.caller.role == "clerk":
            await check_of_units(work, person)
        work.require_version()
        record = await work.load(person, roster.evolve_person)
        after = await work.apply(record, Step("rename", work.now, {}), roster.evolve_person)
        await store.rename_person(work.conn, person, self.vault.hide(name))
        return Outcome(after.version, {"person": person, "erased": False})

    async def erase(self, work: Work, person: str) -> Outcome:
        """Name, number and secret of a person are erased: the link is gone, counts stay."""
        record = await work.load(person, roster.evolve_person)
        after = await work.apply(record, Step("erase", work.now, {}), roster.evolve_person)
        await store.erase_person(work.conn, person)
        return Outcome(after.version, {"person": person, "erased": True})

    async def identify(self, work: Work, reference: PersonReference) -> str:
        """The key of a person, locked; a person with a new staff number is enrolled."""
        key = reference.person or ""
        if reference.number is not None:
            index = self.vault.index(reference.number)
            await journal.lock(work.conn, f"number:{index.hex()}")
            key = await queries.person_of(work.conn, index) or ""
            if not key:
                return await self._enrol(work, index, reference.number, reference.name)
        await store.lock_persons(work.conn, [key])
        person = (await queries.persons(work.conn, [key])).get(key)
        if person is None:
            raise StepRefused(message("person-none"), "person")
        if person.erased:
            raise StepImpossible(PERSON, "erased", "assign", (), message("person-erased"))
        if reference.name is not None and not self.has_name(person, reference.name):
            # A mistyped number of somebody else is recognised by the name that does not fit.
            raise StepRefused(message("name-of-another"), "name")
        return key

    async def _enrol(self, work: Work, index: bytes, number: str, name: str | None) -> str:
        if name is None:
            raise StepRefused(message("name-needed"), "name")
        secret = vault.new_secret()
        key = vault.person_key(secret, number)
        hide = self.vault.hide
        hidden = store.Hidden(index, hide(number), hide(name), hide(secret))
        await store.add_person(work.conn, key, hidden)
        record: Record[str] = Record(key, None, ())
        await work.apply(record, Step("enrol", work.now, {}), roster.evolve_person)
        return key

    def has_name(self, person: queries.PersonRow, name: str) -> bool:
        """Whether a spelling is of the person's name; any name fits a person who was erased."""
        hidden = person.hidden_name
        return hidden is None or same_name(self.vault.show(hidden), name)


async def check_of_units(work: Work, person: str) -> None:
    """Problem 403 where the person was never on a roster of the caller's units."""
    units = work.caller.units
    if "*" not in units and not await queries.was_in(work.conn, person, units):
        raise person_of_others(units)


def person_of_others(units: Iterable[str]) -> Problem:
    """Problem 403 that names the units whose rosters the person was never on."""
    return Problem(403, message("person-of-others", units=", ".join(sorted(units)) or "–"))
