"""Makes checkpoints: on the first of each month, and when an operator asks (SEAL.md section 3)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from contracts.envelope import Recorded, decode
from services.chassis import outbox
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.errors import YearUnknown
from services.scoring.messages import message
from services.scoring.queries import seal_sets
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing.commands import StageRefused
from services.scoring.sealing.events import year_event
from services.scoring.sealing.faults import each_or_fault
from services.scoring.sealing.fence import wait_for_marks
from services.scoring.sealing.files import SealPending, SecretMissing
from services.scoring.sealing.keyring import Keyring
from services.scoring.sealing.sets import RootsDiffer, event_entries
from services.scoring.store import doors, position, seals, stages
from services.scoring.store.door_state import known_until
from services.scoring.store.seals import CheckpointRow
from services.scoring.year import checkpoints, notes, seal
from services.scoring.year.keys import Role, SigningKey
from services.scoring.year.merkle import HASH_BYTES, Tree, first_difference, leaf_hash
from services.scoring.year.notes import Note
from services.scoring.year.obstacles import stage_reason
from services.scoring.year.seal import EventEntry
from services.scoring.year.stages import SEALED, YearState, possible
from services.scoring.year.verify.tree import root_of

CHECKPOINTED = "year.checkpointed"


class OperatorKeyMissing(DanchuError):
    """No private key of an operator signs here now."""

    def __init__(self) -> None:
        super().__init__(message("operator-key-missing"))


class PastDiffers(DanchuError):
    """The ledger no longer has the entries that an earlier checkpoint or seal was made of."""

    def __init__(self, year: int, place: int, entry: EventEntry | None) -> None:
        source, id_ = ("-", "-") if entry is None else (entry.source, entry.id)
        super().__init__(message("checkpoint-past", year=year, place=place, source=source, id=id_))


class Prepared(NamedTuple):
    """A checkpoint before it is saved, with the hashes of the entries since the one before."""

    row: CheckpointRow
    leaves: bytes


@dataclass
class Checkpoints:
    """The checkpoints of one process; one is made at a time."""

    db: Database
    keyring: Keyring
    rubrics: Rubrics
    clock: Clock
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of_year(self, year: int) -> list[CheckpointRow]:
        """The checkpoints of a year in order; YearUnknown for one without rubric or decision.

        SealPending where the stream brought some that nobody restored yet.
        """
        async with self.db.read() as conn:
            rows = await seals.checkpoints(conn, year)
            if await missing(conn, year):
                raise SealPending(year)
            decisions = (await stages.load(conn, year)).decisions
        if not rows and not decisions and not self.rubrics.of_year(year):
            raise YearUnknown(year)
        return rows

    def can_sign(self) -> bool:
        """Whether checkpoints are made by themselves: an operator's key signs here now."""
        key = self.keyring.signer(Role.OPERATOR, self.clock())
        return key is not None and self.keyring.secret is not None

    async def request(self, year: int) -> CheckpointRow:
        """A checkpoint as of now, once every door's mark has reached it.

        Raises YearUnknown, StageRefused, MarksBehind, SecretMissing, OperatorKeyMissing or
        SealPending.
        """
        if not self.rubrics.of_year(year):
            raise YearUnknown(year)
        key = self._signer()
        until = self.clock()
        async with self.db.read() as conn:
            _refuse_sealed(await stages.load(conn, year))
        await wait_for_marks(self.db, self.clock, until)
        async with self._lock:
            row = await self._make(year, until, key)
        async with self.db.read() as conn:
            _refuse_sealed(await stages.load(conn, year))
        return (await self.of_year(year))[-1] if row is None else row

    async def make_due(self) -> list[CheckpointRow]:
        """The checkpoints that are due now; none without a key.

        A year whose past differs stops no other; its fault, or the first one, is raised last.
        """
        key = self.keyring.signer(Role.OPERATOR, self.clock())
        if key is None or self.keyring.secret is None:
            return []
        async with self._lock:
            due = await self._due()
            rows = await each_or_fault(self._make(year, until, key) for year, until in due)
        return [row for row in rows if row is not None]

    async def _due(self) -> list[tuple[int, int]]:
        async with self.db.read() as conn:
            mark = known_until(await doors.load(conn), self.clock())
            last = {row.year: row.until for row in await seals.checkpoints(conn)}
            due = []
            for year, first in sorted((await seal_sets.first_recorded(conn)).items()):
                until = checkpoints.due_until(mark, last.get(year), first)
                if until is None or not self.rubrics.of_year(year):
                    continue
                if (await stages.load(conn, year)).stage != SEALED:
                    due.append((year, until))
        return due

    def _signer(self) -> SigningKey:
        if self.keyring.secret is None:
            raise SecretMissing()
        key = self.keyring.signer(Role.OPERATOR, self.clock())
        if key is None:
            raise OperatorKeyMissing()
        return key

    async def _make(self, year: int, until: int, key: SigningKey) -> CheckpointRow | None:
        """Makes and saves a checkpoint.

        None where the year is sealed, another is as new, or one is to be restored first.
        """
        assert self.keyring.secret is not None
        async with self.db.read() as conn:
            earlier = await seals.checkpoints(conn, year)
            leaves = await seals.checkpoint_leaves(conn, year)
        if earlier and earlier[-1].until >= until:
            return None
        entries = await event_entries(self.db, self.keyring.secret, year, until)
        prepared = await asyncio.to_thread(
            prepare, self.keyring.origin, year, until, entries, earlier, leaves, key
        )
        return prepared.row if await self._save(prepared, earlier) else None

    async def _save(self, prepared: Prepared, earlier: Sequence[CheckpointRow]) -> bool:
        row = prepared.row
        async with self.db.write() as conn:
            place = await position.lock(conn)
            if (await stages.load(conn, row.year)).stage == SEALED:
                return False
            if len(await seals.checkpoints(conn, row.year)) != len(earlier):
                return False
            if await missing(conn, row.year):
                return False
            await seals.add_checkpoint(conn, row, prepared.leaves)
            await position.save(conn, place._replace(stamp=place.stamp + 1))
            data = {"until": moments.rfc3339(row.until), "size": row.size, "note": row.note}
            _, draft = year_event(CHECKPOINTED, row.year, data, self.clock())
            await outbox.record(conn, [draft], self.clock())
        return True


async def missing(conn: AsyncConnection, year: int | None = None) -> list[Recorded]:
    """The checkpoints of a year or all that the stream brought and nobody restored, in order."""
    stored = {(row.year, row.until) for row in await seals.checkpoints(conn, year)}
    events = map(decode, await seal_sets.checkpoint_events(conn, year))
    return [
        event for event in events
        if (event.year, moments.instant(event.event.data.until)) not in stored
    ]  # fmt: skip


def _refuse_sealed(state: YearState) -> None:
    """StageRefused for a sealed year, which gets no more checkpoints."""
    if state.stage == SEALED:
        detail = message("checkpoint-sealed", year=state.year)
        raise StageRefused(state, [stage_reason(state)], possible(state), detail)


def prepare(
    origin: str, year: int, until: int, entries: Sequence[EventEntry],
    earlier: Sequence[CheckpointRow], before: bytes, key: SigningKey | None, note: str = "",
) -> Prepared:  # fmt: skip
    """A checkpoint over event entries, signed by a key or with its note as it was.

    Raises PastDiffers where the entries do not go on from the hashes of those before.
    """
    tree = Tree(leaf_hash(entry.line) for entry in entries)
    place = first_difference(tree.leaves[: len(before) // HASH_BYTES], before)
    if place is not None:
        raise PastDiffers(year, place, entries[place] if place < len(entries) else None)
    head = checkpoints.head(origin, year, tree)
    if root_of(entry.line for entry in entries) != head.root:
        raise RootsDiffer(year, 0)
    if key is not None:
        note = Note(head.text).signed(notes.sign(head.text, key)).encode()
    proof = tree.consistency(earlier[-1].size) if earlier else []
    hashes = tuple(seal.encode_hashes(proof))
    row = CheckpointRow(year, until, tree.size, head.root, note, hashes)
    return Prepared(row, b"".join(tree.leaves)[len(before) :])
