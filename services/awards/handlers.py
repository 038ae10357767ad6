"""Command handlers of the awards: load, decide, save, announce."""

from dataclasses import dataclass
from typing import Any

from contracts import moments
from services.awards import domain, store
from services.awards.domain import Achievement
from services.chassis.auth.credentials import Credential
from services.chassis.identifiers import new_id
from services.records import journal
from services.records import record as records
from services.records.record import (
    Record,
    check_not_withdrawn,
    entries_in_force,
    order_within_day,
    record_missing,
    unit_of,
)
from services.records.state_machine import Step
from services.records.vault import Vault
from services.records.work import Outcome, Work

CLERK = "clerk"


@dataclass(frozen=True)
class Awards:
    """The handlers; the names of persons are encrypted by the vault."""

    vault: Vault

    async def nominate(self, work: Work, step: Step, honoree: str | None) -> Outcome:
        """Creates an achievement: a unit nominates a model or an exemplary person."""
        work.check_unit(step.data["unit"])
        record: Record[Achievement] = Record(new_id(work.now), None, ())
        outcome = await self._apply(work, record, step)
        if honoree is not None:
            await store.name_honoree(work.conn, record.id, self.vault.hide(honoree))
        return outcome._replace(location=f"achievements/{record.id}")

    async def step(self, work: Work, id_: str, step: Step) -> Outcome:
        """Applies any later step to an achievement."""
        if step.name == "replicate" and work.caller.role == CLERK:
            return await self._replicate(work, id_, step)
        record = await self._load(work, id_)
        if step.name == "transfer":
            work.check_unit(step.data["unit"])
            domain.check_elsewhere(record.state, step)
        return await self._apply(work, record, step)

    async def retract(self, work: Work, id_: str, version: int, reason: str) -> Outcome:
        """Retracts a mistaken step."""
        record = await self._load_for_retraction(work, id_, version)
        after = await work.retract(record, version, reason, domain.evolve, domain.facts)
        await store.save(work.conn, after)
        return _outcome(after)

    async def erase_name(self, work: Work, id_: str) -> Outcome:
        """Erases the name of the person and logs who did it; the achievement stays."""
        record = await self._load(work, id_)
        await store.name_honoree(work.conn, id_, None)
        await journal.log_read(work.conn, work.by, f"erased the honoree of {id_}", 1, work.now)
        return _outcome(record)

    async def _replicate(self, work: Work, id_: str, step: Step) -> Outcome:
        """A replication entered by the clerk of the replicating unit (decisions/0016).

        Problem 404 for an achievement of another unit that is not in the public register.
        """
        by = step.data["by"]
        work.check_unit(by)
        record = await work.load(id_, domain.evolve)
        if not work.caller.speaks_for(unit_of(record)) and not domain.is_public(record.state):
            raise record_missing(id_)
        return await self._apply(work, record, step)

    async def _load_for_retraction(self, work: Work, id_: str, version: int) -> Record[Achievement]:
        """The record, if the caller's unit may retract this step of it.

        A clerk retracts a replication for the replicating unit, other steps for the own unit.
        """
        record = await work.load(id_, domain.evolve)
        step = next((e.step for e in record.entries if e.version == version), None)
        replicated = step is not None and step.name == "replicate"
        if replicated and step is not None and work.caller.role == CLERK:
            work.check_unit(step.data["by"])
        else:
            work.check_unit(unit_of(record))
        return record

    async def _load(self, work: Work, id_: str) -> Record[Achievement]:
        record = await work.load(id_, domain.evolve)
        work.check_unit(unit_of(record))
        return record

    async def _apply(self, work: Work, record: Record[Achievement], step: Step) -> Outcome:
        check_not_withdrawn(record)
        step = order_within_day(record, step)
        after = domain.evolve(record.state, step)
        facts = domain.facts(record.id, record.state, step, after)
        saved = await work.append(record, step, after, facts)
        await store.save(work.conn, saved)
        return _outcome(saved)


def describe(record: Record[Achievement]) -> dict[str, Any]:
    """The achievement as a JSON answer."""
    return records.describe(record, domain.describe)


def own_replications(record: Record[Achievement], reader: Credential) -> list[dict[str, Any]]:
    """The replications in force by the units of a reader, each with its version and time."""
    state = record.state
    units = {unit for unit, _ in state.replicated if reader.speaks_for(unit)} if state else set()
    latest = {
        entry.step.data["by"]: entry
        for entry in entries_in_force(record.entries)
        if entry.step.name == "replicate" and entry.step.data["by"] in units
    }
    return [
        {"version": entry.version, "by": by, "at": moments.local_time(entry.step.at)}
        for by, entry in latest.items()
    ]


def _outcome(record: Record[Achievement]) -> Outcome:
    return Outcome(record.version, describe(record))
