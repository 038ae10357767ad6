"""Restores seals and checkpoints of a rebuilt database, byte for byte (SEAL.md section 4).

The stream brings the events `year.sealed` and `year.checkpointed`; entries and ratings follow from
ledger and rubrics, and are saved only where they lead to the root that was signed.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from contracts.envelope import Recorded
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.messages import message
from services.scoring.sealing import checkpoints
from services.scoring.sealing.checkpoints import Prepared
from services.scoring.sealing.faults import each_or_fault
from services.scoring.sealing.files import SecretMissing, governing, head_of, question
from services.scoring.sealing.keyring import Keyring
from services.scoring.sealing.sets import YearAsOf, event_entries, rating_lines, year_log
from services.scoring.store import doors, position, seals, stages
from services.scoring.store.door_state import known_until
from services.scoring.store.seals import RatingLine, SealRow
from services.scoring.year import notes, seal
from services.scoring.year.notes import Note
from services.scoring.year.seal import DecisionEntry, YearHead
from services.scoring.year.stages import YearDecision

log = logging.getLogger(__name__)


class SealLost(DanchuError):
    """Ledger, rubrics and secret do not lead to the root of a note that the stream brought."""

    def __init__(self, note: str) -> None:
        super().__init__(message("seal-lost", log=note.partition("\n")[0]))


class _Missing(NamedTuple):
    """A sealed version of which the stream brought the decision alone."""

    year: int
    decision: YearDecision
    head: YearHead


@dataclass
class Restoration:
    """Restores what is missing, step by step."""

    db: Database
    keyring: Keyring
    clock: Clock
    year_as_of: YearAsOf

    async def step(self) -> int:
        """Restores what the marks of the doors allow; returns how many seals and checkpoints.

        What cannot be restored stops nothing else; its fault, or the first one, is raised last.
        """
        async with self.db.read() as conn:
            mark = known_until(await doors.load(conn), self.clock())
            lacking = await _missing_seals(conn)
            events = await checkpoints.missing(conn)
        steps = [self._restore_seal(each) for each in lacking if each.head.cut <= mark]
        steps += [
            self._restore_checkpoint(event) for event in events
            if moments.instant(event.event.data.until) <= mark
        ]  # fmt: skip
        return sum(await each_or_fault(steps))

    async def _restore_seal(self, missing: _Missing) -> int:
        if self.keyring.secret is None:
            raise SecretMissing()
        head, note = missing.head, missing.decision.note or ""
        past = await self.year_as_of(question(head))
        entries = await event_entries(self.db, self.keyring.secret, head.year, head.cut)
        key = seal.salt_key(self.keyring.secret, head.year)
        ratings = await asyncio.to_thread(rating_lines, past, key)
        contents = await year_log(head, entries, ratings)
        signed = notes.parse(note)
        if contents.head(notes.parse_head(signed.text).origin.rsplit("/", 2)[0], head) != (
            notes.parse_head(signed.text)
        ):
            raise SealLost(note)
        row = SealRow(
            head.year, head.version, head.cut, contents.tree.size, contents.tree.root(),
            contents.events, contents.events_root, note, self._keys(signed),
        )  # fmt: skip
        await self._save_seal(row, ratings, b"".join(contents.tree.leaves))
        log.info("a seal was restored", extra={"year": head.year, "version": head.version})
        return 1

    def _keys(self, signed: Note) -> tuple[str, ...]:
        """The keys that signed, in the order of the note; SealLost for one that is not listed."""
        every = [each.key for each in self.keyring.listed()]
        signers = notes.signers(signed, every)
        if len(signers) != len(signed.signatures):
            raise SealLost(signed.text)
        return tuple(key.encode() for key in signers)

    async def _save_seal(self, row: SealRow, ratings: list[RatingLine], leaves: bytes) -> None:
        async with self.db.write() as conn:
            place = await position.lock(conn)
            if await seals.seal(conn, row.year, row.version) is not None:
                return
            draft = await seals.draft(conn, row.year)
            if draft is not None and draft.version == row.version:
                await seals.drop_draft(conn, draft)
            await seals.add_ratings(conn, row.year, row.version, ratings)
            await seals.add_seal(conn, row, leaves)
            await position.save(conn, place._replace(stamp=place.stamp + 1))

    async def _restore_checkpoint(self, event: Recorded) -> int:
        if self.keyring.secret is None:
            raise SecretMissing()
        data, year = event.event.data, event.year
        until = moments.instant(data.until)
        async with self.db.read() as conn:
            earlier = await seals.checkpoints(conn, year)
            before = await seals.checkpoint_leaves(conn, year)
        if any(row.until == until for row in earlier):  # a restored database announced it twice
            return 0
        entries = await event_entries(self.db, self.keyring.secret, year, until)
        prepared: Prepared = await asyncio.to_thread(
            checkpoints.prepare, "", year, until, entries, earlier, before, None, data.note
        )
        head = notes.parse_head(notes.parse(data.note).text)
        if (head.size, head.root) != (prepared.row.size, prepared.row.root):
            raise SealLost(data.note)
        async with self.db.write() as conn:
            place = await position.lock(conn)
            if len(await seals.checkpoints(conn, year)) == len(earlier):
                await seals.add_checkpoint(conn, prepared.row, prepared.leaves)
                await position.save(conn, place._replace(stamp=place.stamp + 1))
        return 1


async def _missing_seals(conn: AsyncConnection) -> list[_Missing]:
    """The sealed versions without entries, the oldest first: a later one needs its root."""
    missing = []
    for year in await stages.years(conn):
        state = await stages.load(conn, year)
        rows = await seals.seals(conn, year)
        stored = {row.version for row in rows}
        for decision in state.seals:
            if decision.version in stored or decision.cut is None or not decision.note:
                continue
            texts = governing(await stages.rubrics(conn, year, decision.version))
            sealed = DecisionEntry(decision.decision, decision.date or "", decision.reason or "")
            head = head_of(state, decision.version, decision.cut, sealed, texts, rows)
            missing.append(_Missing(year, decision, head))
            break
    return missing


async def lacking(conn: AsyncConnection) -> int:
    """How many seals and checkpoints the stream brought and nobody has restored yet."""
    return len(await _missing_seals(conn)) + len(await checkpoints.missing(conn))
