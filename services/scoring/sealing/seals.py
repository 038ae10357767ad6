"""The second half of a seal: an auditor signs the draft, and the year is sealed.

One transaction makes it: the seal, the decision and its event, and the messages of the feed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.messages import message
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing import preconditions
from services.scoring.sealing.commands import check_mark, save, stamp
from services.scoring.sealing.events import sealed_messages
from services.scoring.sealing.files import (
    SealFiles,
    draft_note,
    draft_set,
    question,
)
from services.scoring.sealing.keyring import Keyring
from services.scoring.sealing.signatures import check_signature, operator_key
from services.scoring.store import position, rating_feed, seals, stages
from services.scoring.store.seals import DraftRow, RatingLine, SealRow
from services.scoring.year import notes
from services.scoring.year.keys import Role
from services.scoring.year.stages import SEALED, YearDecision, YearState


class SamePerson(DanchuError):
    """The caller drew up or signed the draft, so somebody else must sign as auditor."""

    def __init__(self, name: str) -> None:
        super().__init__(message("seal-same-person", name=name))


class AuditorKeyMissing(DanchuError):
    """No private key of an auditor signs here, so the signature must be sent."""

    def __init__(self) -> None:
        super().__init__(message("auditor-key-missing"))


@dataclass
class Seals:
    """Seals years, one at a time in a process; `files` makes the log that is sealed once more."""

    db: Database
    keyring: Keyring
    rubrics: Rubrics
    clock: Clock
    files: SealFiles
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def seal(self, year: int, line: str | None, by: str, mark: str | None = None) -> str:
        """Seals the draft of a year with an auditor's signature; returns the note.

        Without a line the auditor's key of the home signs: `mark`, the mark of the year as the
        auditor saw it, keeps it from signing another draft. The same call again gets the same
        note. Raises StageRefused, SignatureRefused, YearMoved, SamePerson or AuditorKeyMissing.
        """
        async with self._lock:
            async with self.db.read() as conn:
                state = await stages.load(conn, year)
                note = _sealed_before(state, line, by)
                if note is not None:
                    return note
                row = await seals.draft(conn, year)
                if row is None:
                    raise preconditions.draft_lacking(state, self.rubrics)
                check_mark(state, row, mark)
                content = await draft_set(conn, year, self.keyring)
            sealed = self._signed(state, row, line, by)
            log = await self.files.log_of(content)
            past = await self.files.year_as_of(question(content.head))
            async with self.db.write() as conn:
                place = await position.lock(conn)
                state = await stages.load(conn, year)
                note = _sealed_before(state, line, by)
                if note is not None:
                    return note
                if await seals.draft(conn, year) != row:
                    raise preconditions.draft_lacking(state, self.rubrics)
                await preconditions.refuse(conn, state, row.cut, past.registry, self.rubrics)
                await self._add(conn, sealed, b"".join(log.log.tree.leaves), content.ratings)
                stamps = await stamp(conn, state, self.clock())
                decision = _decision(row, sealed, by, stamps.first)
                await save(conn, place, year, decision, stamps)
        return sealed.note

    def _signed(self, state: YearState, row: DraftRow, line: str | None, by: str) -> SealRow:
        """The seal with both signatures."""
        if row.signature is None:
            raise preconditions.draft_unsigned(state, row)
        if by in (row.drafted_by, row.signed_by):
            raise SamePerson(by)
        now = self.clock()
        signature, key = check_signature(
            self.keyring, row, self._own_line(row, now) if line is None else line, Role.AUDITOR,
            now,
        )  # fmt: skip
        note = f"{draft_note(row, self.keyring.origin)}{signature.line}\n"
        keys = (operator_key(self.keyring, row).encode(), key.encode())
        return SealRow(
            row.year, row.version, row.cut, row.size, row.root, row.events, row.events_root, note,
            keys, row.signed_by,
        )  # fmt: skip

    def _own_line(self, row: DraftRow, now: int) -> str:
        signer = self.keyring.signer(Role.AUDITOR, now)
        if signer is None:
            raise AuditorKeyMissing()
        text = notes.parse(draft_note(row, self.keyring.origin)).text
        return notes.sign(text, signer).line

    async def _add(
        self, conn: AsyncConnection, sealed: SealRow, leaves: bytes, ratings: Sequence[RatingLine]
    ) -> None:
        """Saves the seal in place of the draft, and tells the feed that the ratings are final."""
        await seals.add_seal(conn, sealed, leaves)
        await seals.forget_draft(conn, sealed.year)
        now = self.clock()
        messages = sealed_messages(sealed.year, ratings, now)
        feed, last = await rating_feed.load(conn), await rating_feed.announced(conn)
        replaced = [last[each.book].seq for each in messages if each.book in last]
        if messages:
            await rating_feed.add(conn, messages, replaced, now)
            await rating_feed.save(conn, feed._replace(revision=feed.revision + 1))


def _sealed_before(state: YearState, line: str | None, by: str) -> str | None:
    """The note of the seal that the same call made before; None without."""
    if line is None:
        return state.seal.note if state.seal is not None and state.seal.by_auditor == by else None
    wanted_line = f"{line.removesuffix(chr(10))}\n"
    notes_of_caller = (each.note or "" for each in state.seals if each.by_auditor == by)
    return next((note for note in notes_of_caller if note.endswith(wanted_line)), None)


def _decision(row: DraftRow, sealed: SealRow, by: str, at: int) -> YearDecision:
    return YearDecision(
        stage=SEALED, version=row.version, decision=row.decision, at=at, date=row.date,
        reason=row.reason, by=row.drafted_by, cut=row.cut, by_auditor=by, note=sealed.note,
        rubrics=row.rubrics,
    )  # fmt: skip
