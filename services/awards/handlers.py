"""What the commands of the awards do, each a paragraph: load, decide, save, announce."""

from dataclasses import dataclass
from typing import Any

from services.awards import domain, store
from services.awards.domain import Achievement
from services.chassis import journal, records
from services.chassis.announce import new_id
from services.chassis.records import Done, Loaded, Work, check_stands, unit_of
from services.chassis.steps import Step
from services.chassis.vault import Vault


@dataclass(frozen=True)
class Awards:
    """The handlers; the vault hides the names of persons."""

    vault: Vault

    async def nominate(self, work: Work, step: Step, honoree: str | None) -> Done:
        """A unit nominates a model, or the example that a person gives."""
        work.may(step.data["unit"])
        record: Loaded[Achievement] = Loaded(new_id(work.now), None, ())
        done = await self._take(work, record, step)
        if honoree is not None:
            await store.name_honoree(work.conn, record.id, self.vault.hide(honoree))
        return done._replace(location=f"achievements/{record.id}")

    async def step(self, work: Work, id_: str, step: Step) -> Done:
        """Whatever happens to an achievement afterwards."""
        record = await self._held(work, id_)
        if step.name == "transfer":
            work.may(step.data["unit"])
            domain.check_elsewhere(record.state, step)
        return await self._take(work, record, step)

    async def retract(self, work: Work, id_: str, version: int, reason: str) -> Done:
        """A step that was a mistake is taken back."""
        record = await self._held(work, id_)
        after = await work.retract(record, version, reason, domain.evolve, domain.facts)
        await store.save(work.conn, after)
        return _done(after)

    async def forget(self, work: Work, id_: str) -> Done:
        """The name of the person is erased; who did it is remembered, the achievement stays."""
        record = await self._held(work, id_)
        await store.name_honoree(work.conn, id_, None)
        await journal.note_read(work.conn, work.by, f"erased the honoree of {id_}", 1, work.now)
        return _done(record)

    async def _held(self, work: Work, id_: str) -> Loaded[Achievement]:
        record = await work.load(id_, domain.evolve)
        work.may(unit_of(record))
        return record

    async def _take(self, work: Work, record: Loaded[Achievement], step: Step) -> Done:
        check_stands(record)
        after = domain.evolve(record.state, step)
        said = domain.facts(record.id, record.state, step, after)
        taken = await work.take(record, step, domain.evolve, said)
        await store.save(work.conn, taken)
        return _done(taken)


def shown(record: Loaded[Achievement]) -> dict[str, Any]:
    """The achievement as it is answered."""
    return records.shown(record, domain.shown)


def _done(record: Loaded[Achievement]) -> Done:
    return Done(record.version, shown(record))
