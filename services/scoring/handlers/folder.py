"""Folds a batch of the stream: ledger, facts, tallies and position, in one transaction.

No event is skipped because of its sequence number: identities tell which events were folded. The
registry in memory is that of the last commit; it is read again after another process changed it.
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
    Delivery,
    event_halt,
    fault_text,
    faulty_event,
    general_halt,
)
from services.scoring.rebuild.refold import list_books, refold, refold_by
from services.scoring.rebuild.workers import workers
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import books as book_store
from services.scoring.store import doors, ledger, position, quarantine, seals, stages
from services.scoring.store.position import BAD_PLANS, Position

log = logging.getLogger(__name__)
_tracer = tracer("danchu.scoring")
_folded = meter("danchu.scoring").create_counter(
    "danchu.scoring.events", "{event}", "events that were folded, by outcome"
)


class BatchOutcome(NamedTuple):
    """The numbers of events of a batch, by outcome."""

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
        """Recomputes all books if the rubrics differ from those of the last commit."""
        async with self.db.patient() as db:
            await repair_marks(db)
            async with db.write() as conn:
                place = await position.lock(conn)
                if place.rubrics == self.rubrics.digest:
                    return
                await self._load_registry(conn, place)
                if place.folded:
                    log.warning("the rubrics changed: everything is folded anew")
                    await self._refold_all(conn, db.source(*BAD_PLANS), place.stamp + 1)
                await position.save(
                    conn, place._replace(rubrics=self.rubrics.digest, stamp=place.stamp + 1)
                )

    async def _refold_all(self, conn: AsyncConnection, source: Source, stamp: int) -> None:
        registry = self._registry
        async with workers() as team:
            books = await list_books(conn, registry, registry.units)
            team.send_context(source, registry, self.rubrics)
            await refold_by(team, conn, registry, books, stamp)

    async def fold(
        self, deliveries: Sequence[Delivery], readmitted: bytes | None = None
    ) -> BatchOutcome:
        """Folds deliveries; when it returns they are on disk and may be acknowledged.

        `readmitted` is the identity of an event that had been set aside and is to count again.
        FoldHalted and RubricsReplaced end the fold; after DatabaseAway it may be tried again.
        """
        with _tracer.start_as_current_span("fold", attributes={"events": len(deliveries)}):
            batch = Batch()
            for delivery in deliveries:
                batch.add(delivery)
            async with self.db.write() as conn:
                place = await position.lock(conn)
                self._refuse(place)
                await self._load_registry(conn, place)
                if readmitted is not None:
                    await quarantine.delete_faulty(conn, readmitted)
                batch.classify(
                    await ledger.arrivals(conn, {event.identity for event, _ in batch.events}),
                    await quarantine.aside(conn),
                    await doors.ensure_doors(conn, batch.door_names),
                    await seals.covered_until(conn),
                )
                after = place._replace(
                    stamp=place.stamp + 1,
                    folded=place.folded + len(batch.new),
                    stream_seq=max([place.stream_seq, *(each.sequence for each in deliveries)]),
                )
                statements, registry = await self._write(conn, batch.new, batch.doors, after.stamp)
                quarantined = await quarantine.add(conn, batch.rejections, self.clock())
                await doors.add_repeats(conn, batch.repeats)
                await stages.keep_in_outbox(conn, batch.year_events, self.clock())
                if registry is not self._registry:
                    after = after._replace(registry_stamp=after.stamp)
                await position.save(conn, after)
            self._statements, self._registry = statements, registry
            self._registry_stamp = after.registry_stamp
        return _count(BatchOutcome(len(batch.new), batch.duplicates, quarantined))

    async def halt(self, delivery: Delivery | None, fault: BaseException) -> None:
        """Halts the fold for every process, because of one event or of none in particular.

        Always raises FoldHalted; a fold that is halted already keeps its reason.
        """
        async with self.db.write() as conn:
            place = await position.lock(conn)
            if place.halted is None:
                place = place._replace(halted=general_halt(fault_text(fault)), faulty=b"")
                if delivery is not None:
                    event = faulty_event(delivery, fault)
                    await quarantine.write_faulty(conn, event)
                    place = place._replace(halted=event_halt(event), faulty=event.identity)
                await position.save(conn, place)
        raise FoldHalted(place.halted or "", place.faulty)

    async def move(self, change: Callable[[Position], Position]) -> None:
        """Changes the position and nothing else, under its lock."""
        async with self.db.write() as conn:
            await position.save(conn, change(await position.lock(conn)))

    def _refuse(self, place: Position) -> None:
        if place.halted is not None:
            raise FoldHalted(place.halted, place.faulty)
        if place.rubrics != self.rubrics.digest:
            raise RubricsReplaced()

    async def _load_registry(self, conn: AsyncConnection, place: Position) -> None:
        """Reads the registry, unless the one in memory is that of the position."""
        if place.registry_stamp == self._registry_stamp:
            return
        events = [decode(raw) for raw in await ledger.statements(conn)]
        self._statements = {event.identity: verdict.statement(event) for event in events}
        self._registry = Registry(self._statements.values())
        self._registry_stamp = place.registry_stamp

    async def _write(
        self, conn: AsyncConnection, new: Mapping[bytes, Recorded],
        labels: Mapping[bytes, int | None], stamp: int,
    ) -> tuple[dict[bytes, Statement], Registry]:  # fmt: skip
        """Writes new events and all that follows from them; returns the new registry."""
        withdrawn = await self._retract(conn, new)
        targets = await ledger.retracted(conn, new)
        retracted = {
            event.identity for event in new.values()
            if event.kind.short != verdict.RETRACTION and verdict.event_target(event) in targets
        }  # fmt: skip
        await ledger.write_ledger(conn, new.values(), retracted, labels)
        await stages.add_events(conn, new.values())
        counting = [event for event in new.values() if event.identity not in retracted]
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
        """Saves retractions; returns the events of earlier batches that they withdraw."""
        targets = {
            verdict.retraction_target(event) for event in new.values()
            if event.kind.short == verdict.RETRACTION and verdict.names_own_source(event)
        }  # fmt: skip
        targets -= await ledger.retracted(conn, {target.identity for target in targets})
        await ledger.write_retractions(conn, targets)
        earlier = {target for target in targets if target.identity not in new}
        withdrawn = await ledger.find_events(conn, earlier)
        await ledger.mark_retracted(conn, [event.identity for event in withdrawn])
        return withdrawn

    def _register(
        self, counting: Iterable[Recorded], withdrawn: Iterable[Recorded]
    ) -> tuple[dict[bytes, Statement], Registry]:
        """Statements and registry after a batch; the same objects where it changes neither."""
        added = [event for event in counting if event.kind.domain == "unit"]
        removed = [event for event in withdrawn if event.kind.domain == "unit"]
        if not added and not removed:
            return self._statements, self._registry
        statements = {**self._statements, **{e.identity: verdict.statement(e) for e in added}}
        for event in removed:
            del statements[event.identity]
        return statements, Registry(statements.values())


async def repair_marks(db: Database) -> None:
    """Marks retracted events in the ledger that are not marked yet; commits, for the workers."""
    async with db.write() as conn:
        await position.lock(conn)
        await ledger.repair_marks(conn)


def _count(outcome: BatchOutcome) -> BatchOutcome:
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
    """Moves the books that a batch touches by the postings that it adds and removes."""
    rows = await book_store.ensure_books(conn, changes.keys(), stamp)
    numbers = {
        cell_number(rows[book].id, checksum(cell))
        for book, change in changes.items()
        for cell in (*change.added, *change.removed)
    }
    before = await book_store.facts_at(conn, numbers)
    added: list[tuple[int, Cell, Posting]] = []
    removed: list[int] = []
    tallies: dict[int, Tally] = {}
    for book, change in changes.items():
        id_, tally = rows[book]
        tallies[id_] = tally
        unit = registry.units[book.unit]
        rubric = rubrics.governing(unit.kind, book.year)
        for cell, postings in change.added.items():
            added += ((id_, cell, posting) for posting in postings)
        for cell, postings in change.removed.items():
            facts = before.get((id_, cell), ())
            removed += [fact.id for fact in facts if fact.posting in postings]
        if rubric is not None:
            until = book_rules.horizon(unit, book.year)
            stored = {
                cell: [fact.posting for fact in before.get((id_, cell), ())]
                for cell in (*change.added, *change.removed)
            }
            book_rules.apply(tally, rubric, until, stored, change)
    await book_store.delete_facts(conn, removed)
    await book_store.write_facts(conn, added)
    await book_store.write_tallies(conn, tallies, stamp)
