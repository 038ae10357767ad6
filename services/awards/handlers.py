"""What the commands of the awards do, each a paragraph: load, decide, save, announce."""

from dataclasses import dataclass
from typing import Any

from services.awards import domain, store
from services.awards.domain import Achievement
from services.records import journal
from services.records import record as records
from services.records.announcing import new_id
from services.records.record import Done, Loaded, Work, check_stands, settle_day, unit_of, unknown
from services.records.state_machine import Step
from services.records.vault import Vault

CLERK = "clerk"


@dataclass(frozen=True)
class Awards:
    """The handlers; the vault hides the names of persons."""

    vault: Vault

    async def nominate(self, work: Work, step: Step, honoree: str | None) -> Done:
        """A unit nominates a model, or the example that a person gives."""
        work.may(step.data["unit"])
        record: Loaded[Achievement] = Loaded(new_id(work.now), None, ())
        outcome = await self._take(work, record, step)
        if honoree is not None:
            await store.name_honoree(work.conn, record.id, self.vault.hide(honoree))
        return outcome._replace(location=f"achievements/{record.id}")

    async def step(self, work: Work, id_: str, step: Step) -> Done:
        """Whatever happens to an achievement afterwards."""
        if step.name == "replicate" and work.caller.role == CLERK:
            return await self._replicate(work, id_, step)
        record = await self._load(work, id_)
        if step.name == "transfer":
            work.may(step.data["unit"])
            domain.check_elsewhere(record.state, step)
        return await self._take(work, record, step)

    async def retract(self, work: Work, id_: str, version: int, reason: str) -> Done:
        """A step that was a mistake is taken back."""
        record = await self._spoken_for(work, id_, version)
        after = await work.retract(record, version, reason, domain.evolve, domain.facts)
        await store.save(work.conn, after)
        return _outcome(after)

    async def forget(self, work: Work, id_: str) -> Done:
        """The name of the person is erased; who did it is remembered, the achievement stays."""
        record = await self._load(work, id_)
        await store.name_honoree(work.conn, id_, None)
        await journal.note_read(work.conn, work.by, f"erased the honoree of {id_}", 1, work.now)
        return _outcome(record)

    async def _replicate(self, work: Work, id_: str, step: Step) -> Done:
        """The clerk of the unit that took a model up says so; who recognises it decides nothing."""
        by = step.data["by"]
        work.may(by)
        record = await work.load(id_, domain.evolve)
        if not work.caller.speaks_for(unit_of(record)) and not domain.is_public(record.state):
            raise unknown(id_)
        return await self._take(work, record, step)

    async def _spoken_for(self, work: Work, id_: str, version: int) -> Loaded[Achievement]:
        """The record whose step is taken back: a replication by the unit that entered it."""
        record = await work.load(id_, domain.evolve)
        step = next((e.step for e in record.entries if e.version == version), None)
        replicated = step is not None and step.name == "replicate"
        if replicated and step is not None and work.caller.role == CLERK:
            work.may(step.data["by"])
        else:
            work.may(unit_of(record))
        return record

    async def _load(self, work: Work, id_: str) -> Loaded[Achievement]:
        record = await work.load(id_, domain.evolve)
        work.may(unit_of(record))
        return record

    async def _take(self, work: Work, record: Loaded[Achievement], step: Step) -> Done:
        check_stands(record)
        step = settle_day(record, step)
        after = domain.evolve(record.state, step)
        facts = domain.facts(record.id, record.state, step, after)
        saved = await work.take(record, step, domain.evolve, facts)
        await store.save(work.conn, saved)
        return _outcome(saved)


def describe(record: Loaded[Achievement]) -> dict[str, Any]:
    """The achievement as it is answered."""
    return records.describe(record, domain.describe)


def _outcome(record: Loaded[Achievement]) -> Done:
    return Done(record.version, describe(record))
