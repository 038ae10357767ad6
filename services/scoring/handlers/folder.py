"""What happens to a batch of the stream: ledger, facts, tallies, position, in one transaction.

Nothing is skipped because of a sequence number: what was folded is known by its identity. The
registry in memory is that of the last commit, and is read again when another folder moved it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded, decode
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.driver_rows import Source
from services.chassis.telemetry.instruments import meter, tracer
from services.scoring.errors import FoldHalted, RubricsReplaced
from services.scoring.fold import books as book_rules
from services.scoring.fold import verdict
from services.scoring.fold.books import Book, Change
from services.scoring.fold.cells import Cell, Posting, Tally
from services.scoring.fold.encoding import cell_number, checksum
from services.scoring.fold.registry import Registry, Statement
from services.scoring.handlers.batch import (
    Batch,
    Message,
    event_fault,
    fault_text,
    faulty,
    general_fault,
)
from services.scoring.rebuild.refold import books, refold, refold_by
from services.scoring.rebuild.workers import workers
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import books as book_store
from services.scoring.store import doors, ledger, position, quarantine
from services.scoring.store.position import WRONG_PLANS, Position

log = logging.getLogger(__name__)
_tracer = tracer("danchu.scoring")
_folded = meter("danchu.scoring").create_counter("danchu.scoring.events", "events", "by outcome")


class Outcome(NamedTuple):
    """What became of a batch, in events."""

    new: int
    duplicates: int
    quarantined: int


@dataclass
class Folder:
    """Folds batches, one transaction each."""

    db: Database
    rubrics: Rubrics
    clock: Clock
    _registry: Registry = field(default_factory=lambda: Registry(()))
    _statements: dict[bytes, Statement] = field(default_factory=dict)
    _registry_stamp: int = -1

    async def prepare(self) -> None:
        """Folds everything anew when the rubrics are others than those folded with."""
        async with self.db.patient() as db:
            await mended(db)
            async with db.write() as conn:
                place = await position.lock(conn)
                if place.rubrics == self.rubrics.digest:
                    return
                await self._know(conn, place)
                if place.folded:
                    log.warning("the rubrics changed: everything is folded anew")
                    await self._anew(conn, db.source(*WRONG_PLANS), place.stamp + 1)
                await position.save(
                    conn, place._replace(rubrics=self.rubrics.digest, stamp=place.stamp + 1)
                )

    async def _anew(self, conn: AsyncConnection, source: Source, stamp: int) -> None:
        registry = self._registry
        async with workers() as team:
            wanted = await books(conn, registry, registry.units)
            team.know(source, registry, self.rubrics)
            await refold_by(team, conn, registry, wanted, stamp)

    async def fold(self, messages: Sequence[Message], again: bytes | None = None) -> Outcome:
        """Folds messages; when it returns they are on disk and may be acknowledged.

        `again` is the identity of an event that was set aside and is not any more, if this goes
        well. FoldHalted and RubricsReplaced end the fold; DatabaseAway may be tried again.
        """
        with _tracer.start_as_current_span("fold", attributes={"events": len(messages)}):
            batch = Batch()
            for message in messages:
                batch.take(message)
            async with self.db.write() as conn:
                place = await position.lock(conn)
                self._refuse(place)
                await self._know(conn, place)
                identities = {said.identity for said, _ in batch.read}
                if again is not None:
                    await quarantine.delete_faulty(conn, again)
                batch.sort(
                    await doors.arrivals(conn, identities),
                    await quarantine.aside(conn),
                    await doors.numbered(conn, batch.door_names),
                )
                moved = place._replace(
                    stamp=place.stamp + 1,
                    folded=place.folded + len(batch.new),
                    stream_seq=max([place.stream_seq, *(m.sequence for m in messages)]),
                )
                statements, registry = await self._move(conn, batch.new, batch.doors, moved.stamp)
                quarantined = await quarantine.add(conn, batch.rejected, self.clock())
                await doors.add_repeats(conn, batch.repeats)
                if registry is not self._registry:
                    moved = moved._replace(registry_stamp=moved.stamp)
                await position.save(conn, moved)
            self._statements, self._registry = statements, registry
            self._registry_stamp = moved.registry_stamp
        return _counted(Outcome(len(batch.new), batch.duplicates, quarantined))

    async def halt(self, one: Message | None, fault: BaseException) -> None:
        """Halts the fold, now and for every folder, over one event or over no single one.

        FoldHalted says so; a halt over something else stays as it is.
        """
        async with self.db.write() as conn:
            place = await position.lock(conn)
            if place.halted is None:
                place = place._replace(halted=general_fault(fault_text(fault)), faulty=b"")
                if one is not None:
                    event = faulty(one, fault)
                    await quarantine.write_faulty(conn, event)
                    place = place._replace(halted=event_fault(event), faulty=event.identity)
                await position.save(conn, place)
        raise FoldHalted(place.halted or "", place.faulty)

    async def move(self, change: Callable[[Position], Position]) -> None:
        """Changes the position alone, under its lock."""
        async with self.db.write() as conn:
            await position.save(conn, change(await position.lock(conn)))

    def _refuse(self, place: Position) -> None:
        if place.halted is not None:
            raise FoldHalted(place.halted, place.faulty)
        if place.rubrics != self.rubrics.digest:
            raise RubricsReplaced()

    async def _know(self, conn: AsyncConnection, place: Position) -> None:
        """Reads the registry where this folder has not got the one of the position."""
        if place.registry_stamp == self._registry_stamp:
            return
        said = [decode(raw) for raw in await ledger.statements(conn)]
        self._statements = {one.identity: verdict.statement(one) for one in said}
        self._registry = Registry(self._statements.values())
        self._registry_stamp = place.registry_stamp

    async def _move(
        self, conn: AsyncConnection, new: Mapping[bytes, Recorded],
        labels: Mapping[bytes, int | None], stamp: int,
    ) -> tuple[dict[bytes, Statement], Registry]:  # fmt: skip
        """Writes what is new, and everything that follows from it; answers the registry then."""
        withdrawn = await self._retract(conn, new)
        named = await ledger.retracted(conn, new)
        gone = {
            said.identity for said in new.values()
            if said.kind.short != verdict.RETRACTION and verdict.targeted(said) in named
        }  # fmt: skip
        await ledger.write_ledger(conn, new.values(), gone, labels)
        counting = [said for said in new.values() if said.identity not in gone]
        statements, registry = self._register(counting, withdrawn)
        stale = frozenset[str]()
        if registry is not self._registry:
            stale = registry.changed_since(self._registry)
        changes = book_rules.changes(counting, withdrawn, registry, self.rubrics)
        fresh = {book: change for book, change in changes.items() if book.unit not in stale}
        await apply(conn, fresh, registry, self.rubrics, stamp)
        await refold(conn, registry, self.rubrics, stale, stamp)
        return statements, registry

    async def _retract(
        self, conn: AsyncConnection, new: Mapping[bytes, Recorded]
    ) -> list[Recorded]:
        """Remembers what is retracted; answers the events of earlier batches that now go."""
        targets = {
            verdict.target(said) for said in new.values()
            if said.kind.short == verdict.RETRACTION and verdict.names_own_source(said)
        }  # fmt: skip
        targets -= await ledger.retracted(conn, {one.identity for one in targets})
        await ledger.write_retractions(conn, targets)
        earlier = {one for one in targets if one.identity not in new}
        withdrawn = await ledger.standing(conn, earlier)
        await ledger.mark_retracted(conn, [said.identity for said in withdrawn])
        return withdrawn

    def _register(
        self, counting: Iterable[Recorded], withdrawn: Iterable[Recorded]
    ) -> tuple[dict[bytes, Statement], Registry]:
        told = [said for said in counting if said.kind.domain == "unit"]
        lost = [said for said in withdrawn if said.kind.domain == "unit"]
        if not told and not lost:
            return self._statements, self._registry
        statements = {**self._statements, **{s.identity: verdict.statement(s) for s in told}}
        for said in lost:
            del statements[said.identity]
        return statements, Registry(statements.values())


async def mended(db: Database) -> None:
    """Marks in the ledger what is retracted; committed, so that workers see it."""
    async with db.write() as conn:
        await position.lock(conn)
        await ledger.mend_marks(conn)


def _counted(outcome: Outcome) -> Outcome:
    for name, number in outcome._asdict().items():
        if number:
            _folded.add(number, {"outcome": name})
    return outcome


async def apply(
    conn: AsyncConnection,
    changes: Mapping[Book, Change],
    registry: Registry,
    rubrics: Rubrics,
    stamp: int,
) -> None:
    """Moves the books that a batch touches by what it adds to and takes from their cells."""
    held = await book_store.ensure_books(conn, changes.keys(), stamp)
    numbers = {
        cell_number(held[book].id, checksum(cell))
        for book, change in changes.items()
        for cell in (*change.added, *change.taken)
    }
    before = await book_store.facts_at(conn, numbers)
    added: list[tuple[int, Cell, Posting]] = []
    taken: list[int] = []
    tallies: dict[int, Tally] = {}
    for book, change in changes.items():
        id_, tally = held[book]
        tallies[id_] = tally
        unit = registry.units[book.unit]
        rubric = rubrics.governing(unit.kind, book.year)
        for cell, postings in change.added.items():
            added += ((id_, cell, posting) for posting in postings)
        for cell, gone in change.taken.items():
            facts = before.get((id_, cell), ())
            taken += [fact.id for fact in facts if fact.posting in gone]
        if rubric is not None:
            until = book_rules.horizon(unit, book.year)
            stood = {
                cell: [fact.posting for fact in before.get((id_, cell), ())]
                for cell in (*change.added, *change.taken)
            }
            book_rules.apply(tally, rubric, until, stood, change)
    await book_store.delete_facts(conn, taken)
    await book_store.write_facts(conn, added)
    await book_store.write_tallies(conn, tallies, stamp)
