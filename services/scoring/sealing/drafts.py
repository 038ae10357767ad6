"""The first half of a seal: an operator draws it up and signs it (SEAL.md section 4)."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.errors import RubricsReplaced, YearUnknown
from services.scoring.messages import message
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing import preconditions
from services.scoring.sealing.commands import StageOrder, check_mark, find_earlier
from services.scoring.sealing.fence import FENCE_SECONDS, MarksBehind, wait_for_marks
from services.scoring.sealing.files import (
    DraftUnknown,
    SecretMissing,
    draft_note,
    governing,
    head_of,
    question,
    texts_of,
)
from services.scoring.sealing.keyring import Keyring
from services.scoring.sealing.sets import (
    SealedYear,
    YearAsOf,
    event_entries,
    rating_lines,
    year_log,
)
from services.scoring.sealing.signatures import check_signature
from services.scoring.store import position, seals, stages
from services.scoring.store.seals import DraftRow, RatingLine, SealRow
from services.scoring.year import notes, seal
from services.scoring.year.keys import Role
from services.scoring.year.seal import DecisionEntry, Log, YearHead
from services.scoring.year.stages import SEALED, YearState

log = logging.getLogger(__name__)


class KeysMissing(DanchuError):
    """The key file lists no key of a role that may sign now, so that nobody could seal."""

    def __init__(self, role: Role) -> None:
        super().__init__(message("seal-keys-missing", role=role.value))


class SignedDraft(NamedTuple):
    """A draft as it is answered; `root` in base64."""

    note: str
    size: int
    root: str


@dataclass
class Drafts:
    """Draws up the drafts of one process, of each year one at a time.

    All calls wait for the marks at once, and none holds a lock meanwhile.
    """

    db: Database
    keyring: Keyring
    rubrics: Rubrics
    clock: Clock
    year_as_of: YearAsOf
    registry: preconditions.PresentRegistry
    fence_seconds: float = FENCE_SECONDS
    _locks: defaultdict[int, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    async def draw_up(self, year: int, order: StageOrder, mark: str | None = None) -> SignedDraft:
        """Draws up a draft as of now, or answers the same call as it was answered first.

        `mark` is the mark of the year as the caller saw it. Raises YearUnknown, StageRefused,
        YearMoved, MarksBehind, SecretMissing or KeysMissing.
        """
        if not self.rubrics.of_year(year):
            raise YearUnknown(year)
        cut = self.clock()
        async with self.db.read() as conn:
            state = await stages.load(conn, year)
            answer = await self._first_answer(conn, state, order)
            if answer is not None:
                return answer
            check_mark(state, None, mark)
            await preconditions.refuse_dates(conn, state, cut, self.registry, self.rubrics)
        self._check_keys(cut)
        try:
            await wait_for_marks(self.db, self.clock, cut, self.fence_seconds)
        except MarksBehind:
            async with self._locks[year]:
                answer = await self._answer_now(year, order)
            if answer is None:
                raise
            return answer
        async with self._locks[year]:
            answer = await self._answer_now(year, order)
            return await self._make(year, order, cut) if answer is None else answer

    async def _make(self, year: int, order: StageOrder, cut: int) -> SignedDraft:
        """The draft of a year as of a cut that every mark has reached; under the year's lock."""
        async with self.db.read() as conn:
            head = await self._head(conn, year, order, cut)
        contents, ratings, past = await self._contents(head)
        return await self._save(self._row(head, contents, order.by), ratings, order, past)

    async def _answer_now(self, year: int, order: StageOrder) -> SignedDraft | None:
        """As `_first_answer`, of what is stored now."""
        async with self.db.read() as conn:
            return await self._first_answer(conn, await stages.load(conn, year), order)

    async def _first_answer(
        self, conn: AsyncConnection, state: YearState, order: StageOrder
    ) -> SignedDraft | None:
        """What the same call was answered before; StageRefused where another call came first."""
        row = await seals.draft(conn, state.year)
        if row is not None:
            if (row.decision, row.date, row.reason, row.drafted_by) == order:
                return first_answer(row, self.keyring.origin)
            raise preconditions.draft_exists(state, row)
        earlier = find_earlier(state, SEALED, order)
        if earlier is None:
            return None
        return sealed_answer(
            earlier.note or "", await seals.seal(conn, state.year, earlier.version)
        )

    def _check_keys(self, now: int) -> None:
        if self.keyring.secret is None:
            raise SecretMissing()
        for role in Role:
            if not self.keyring.of_role(role, now):
                raise KeysMissing(role)

    async def _head(
        self, conn: AsyncConnection, year: int, order: StageOrder, cut: int
    ) -> YearHead:
        state = await stages.load(conn, year)
        sealed = DecisionEntry(order.decision, order.date, order.reason)
        rubrics = governing(texts_of(self.rubrics, year))
        earlier = await seals.seals(conn, year)
        return head_of(state, state.version, cut, sealed, rubrics, earlier)

    async def _contents(self, head: YearHead) -> tuple[Log, list[RatingLine], SealedYear]:
        assert self.keyring.secret is not None
        past = await self.year_as_of(question(head))
        async with self.db.read() as conn:
            state = await stages.load(conn, head.year)
            await preconditions.refuse(conn, state, head.cut, past.registry, self.rubrics)
        entries = await event_entries(self.db, self.keyring.secret, head.year, head.cut)
        key = seal.salt_key(self.keyring.secret, head.year)
        ratings = await asyncio.to_thread(rating_lines, past, key)
        return await year_log(head, entries, ratings), ratings, past

    def _row(self, head: YearHead, contents: Log, by: str) -> DraftRow:
        """The row of a draft, signed where an operator's key is here."""
        row = DraftRow(
            head.year, head.version, head.cut, contents.tree.size, contents.tree.root(),
            contents.events, contents.events_root, *head.sealed, by, self.clock(),
            texts_of(self.rubrics, head.year),
        )  # fmt: skip
        signer = self.keyring.signer(Role.OPERATOR, row.at)
        if signer is None:
            return row
        text = contents.head(self.keyring.origin, head).text
        return row._replace(signature=notes.sign(text, signer).line)

    async def _save(
        self, row: DraftRow, ratings: list[RatingLine], order: StageOrder, past: SealedYear
    ) -> SignedDraft:
        """Saves a draft, unless another process was faster or the year went on meanwhile."""
        async with self.db.write() as conn:
            place = await position.lock(conn)
            if place.rubrics not in ("", self.rubrics.digest):
                raise RubricsReplaced()
            state = await stages.load(conn, row.year)
            answer = await self._first_answer(conn, state, order)
            if answer is not None:
                return answer
            await preconditions.refuse(conn, state, row.cut, past.registry, self.rubrics)
            if state.version != row.version:
                raise preconditions.year_went_on(state)
            await seals.add_draft(conn, row, ratings)
        return first_answer(row, self.keyring.origin)

    async def sign(self, year: int, line: str, by: str) -> SignedDraft:
        """Adds the operator's signature, which was made outside.

        Raises StageRefused without a draft or with another signature, SignatureRefused.
        """
        async with self.db.write() as conn:
            await position.lock(conn)
            state = await stages.load(conn, year)
            row = await seals.draft(conn, year)
            if row is None:
                return await self._signed_before(conn, state, line)
            now = self.clock()
            signature, _ = check_signature(self.keyring, row, line, Role.OPERATOR, now)
            if row.signature is None:
                row = row._replace(signature=signature.line, signed_by=by)
                await seals.sign_draft(conn, year, signature.line, by)
            elif row.signature != signature.line:
                raise preconditions.draft_signed(state, row)
        return _answer(row, draft_note(row, self.keyring.origin))

    async def _signed_before(
        self, conn: AsyncConnection, state: YearState, line: str
    ) -> SignedDraft:
        """The answer of a signature of a seal; StageRefused where it is of none."""
        for row in await seals.seals(conn, state.year):
            note = notes.parse(row.note)
            if note.signatures[0].line == line.removesuffix("\n"):
                signed = note._replace(signatures=note.signatures[:1])
                return SignedDraft(signed.encode(), row.size, seal.encode_root(row.root))
        raise preconditions.draft_lacking(state, self.rubrics)

    async def drop(self, year: int, reason: str, by: str, mark: str | None = None) -> None:
        """Deletes a draft; DraftUnknown without one, YearMoved where the caller saw another."""
        async with self.db.write() as conn:
            await position.lock(conn)
            row = await seals.draft(conn, year)
            if row is None:
                raise DraftUnknown(year)
            check_mark(await stages.load(conn, year), row, mark)
            await seals.drop_draft(conn, row)
        log.info("a draft was dropped", extra={"year": year, "by": by, "reason": reason})


def first_answer(row: DraftRow, origin: str) -> SignedDraft:
    """What the call that drew up a draft was answered: signed where the server had the key."""
    return _answer(row, draft_note(row, origin, row.signed_by is None))


def _answer(row: DraftRow, note: str) -> SignedDraft:
    return SignedDraft(note, row.size, seal.encode_root(row.root))


def sealed_answer(note: str, row: SealRow | None) -> SignedDraft:
    """What the call that drew up a seal was answered, from its note."""
    signed = notes.parse(note)
    head = notes.parse_head(signed.text)
    by_server = row is None or row.signed_by is None
    first = signed._replace(signatures=signed.signatures[:1] if by_server else ())
    return SignedDraft(first.encode(), head.size, seal.encode_root(head.root))
