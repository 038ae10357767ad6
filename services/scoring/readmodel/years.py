"""The years: where each stands, what is late or undecided, and what may follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from contracts import moments
from services.chassis.auth.credentials import READS_ALL, Credential
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.scoring.errors import YearUnknown
from services.scoring.fold.registry import Registry
from services.scoring.queries import appeals as appeal_queries
from services.scoring.queries import quarantine as quarantine_queries
from services.scoring.queries import years as year_queries
from services.scoring.ratings.appeals import UndecidedAppeal
from services.scoring.readmodel.snapshots import Commit, Snapshots
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import seals, stages
from services.scoring.store.seals import DraftRow
from services.scoring.year.obstacles import Because, WaitingEntry, begin_reason, obstacles
from services.scoring.year.seal import GoverningRubric
from services.scoring.year.stages import (
    PROVISIONAL,
    SEALED,
    RubricText,
    Stage,
    YearState,
    possible,
    year_mark,
)

YEARS_BACK = 30
"""A rubric without a first year rates every year since 2000: older ones are listed if used."""
WAITING_MAX = 1
"""So many waiting entries of the quarantine are enough to know that a year cannot be sealed."""


NAMED_MAX = 20
"""So many waiting entries of the quarantine are named to a person."""


class RubricDigest(NamedTuple):
    """A rubric of a year, and the digest of its file in hexadecimal digits."""

    id: str
    sha256: str


@dataclass(frozen=True)
class YearView:
    """A year as of the last commit; `late` counts what was recorded after the cut of its seal.

    `blocked` are the stages to which it cannot be led, though they may follow.
    """

    state: YearState
    rubrics: list[RubricDigest]
    late: int
    undecided: list[UndecidedAppeal]
    draft: DraftRow | None
    blocked: frozenset[Stage]

    @property
    def mark(self) -> str:
        """What tells this state of the year from another one."""
        return year_mark(self.state, None if self.draft is None else self.draft.root)

    def possible(self, role: str) -> list[Stage]:
        """The stages to which a role may lead the year now."""
        return [stage for stage in possible(self.state, role) if stage not in self.blocked]


@dataclass
class Years:
    """The queries about years."""

    db: Database
    rubrics: Rubrics
    clock: Clock
    snapshots: Snapshots

    async def views(self) -> list[YearView]:
        """Where each of the known years stands."""
        return await self._views(await self.known())

    async def known(self) -> list[int]:
        """Every year with a rubric up to that of today, and those with events or decisions."""
        today, commit = moments.local_year(self.clock()), await self._commit()
        known = {*commit.booked, *range(today - YEARS_BACK, today + 1)}
        return sorted({year for year in known if self.rubrics.of_year(year)} | commit.decided)

    async def newest(self) -> int:
        """The last year with a book or a decision, up to that of today; today's without any."""
        today, commit = moments.local_year(self.clock()), await self._commit()
        return max((y for y in {*commit.booked} | commit.decided if y <= today), default=today)

    async def _commit(self) -> Commit:
        """The last commit, which is the same for every year."""
        await self.snapshots.of(moments.local_year(self.clock()))
        return self.snapshots.commit

    async def registry(self) -> Registry:
        """The registry as of the last commit, which is the same for every year."""
        return (await self.snapshots.of(moments.local_year(self.clock()))).registry

    async def view(self, year: int) -> YearView:
        """One year; YearUnknown where no rubric rates it and nothing was ever decided on it."""
        (view,) = await self._views([year])
        if not view.rubrics and not view.state.decisions:
            raise YearUnknown(year)
        return view

    async def obstacles(self, view: YearView) -> list[Because]:
        """What makes the next step of the year impossible now; empty where nothing does."""
        state, now = view.state, self.clock()
        if state.stage == PROVISIONAL:
            async with self.db.read(short=True) as conn:
                waiting = await quarantine_queries.waiting(conn, now, NAMED_MAX)
            return obstacles(state, now, view.undecided, waiting)
        return [begin_reason(state.year)] if PROVISIONAL in view.blocked else []

    async def undecided_for(self, view: YearView, reader: Credential) -> Sequence[UndecidedAppeal]:
        """The undecided appeals of the units that the reader may see."""
        if reader.role in READS_ALL or not view.undecided:
            return view.undecided
        registry = await self.registry()
        return [
            each for each in view.undecided
            if any(map(reader.speaks_for, registry.subjects(each.unit)))
        ]  # fmt: skip

    async def late_after(self, year: int, cut: int) -> int:
        """How many events of the year were recorded after a cut, and would be late."""
        async with self.db.read(short=True) as conn:
            return (await year_queries.count_late(conn, {year: cut})).get(year, 0)

    async def _views(self, years: Sequence[int]) -> list[YearView]:
        """These years, read by as many statements as one of them."""
        registry, now = await self.registry(), self.clock()
        async with self.db.read(short=True) as conn:
            every = await stages.states(conn)
            states = [every.get(year, YearState(year=year)) for year in years]
            sealed = {state.year: seal for state in states if (seal := state.seal) is not None}
            texts = await stages.rubrics_of(conn, {y: seal.version for y, seal in sealed.items()})
            cuts = {year: seal.cut for year, seal in sealed.items() if seal.cut is not None}
            late = await year_queries.count_late(conn, cuts)
            drafts = await seals.drafts(conn)
            waiting = await quarantine_queries.waiting(conn, now, WAITING_MAX)
            # a sealed year was sealed without any, and later events change nothing
            unsealed = [state for state in states if state.year not in sealed]
            appeals = await appeal_queries.undecided(conn, unsealed, registry, self.rubrics)
        return [
            YearView(
                state,
                self._rubrics(state, texts.get(state.year, ())),
                late.get(state.year, 0),
                appeals.get(state.year, []),
                drafts.get(state.year),
                _blocked(state, now, appeals.get(state.year, []), waiting),
            )
            for state in states
        ]

    def _rubrics(self, state: YearState, texts: Sequence[RubricText]) -> list[RubricDigest]:
        """The rubrics of the year: while it is sealed, those that its seal has."""
        if state.seal is not None:
            kept = (GoverningRubric(text.id, text.text.encode()) for text in texts)
            return sorted(RubricDigest(rubric.id, rubric.sha256) for rubric in kept)
        return [RubricDigest(each.id, each.digest) for each in self.rubrics.of_year(state.year)]


def _blocked(
    state: YearState, now: int, appeals: Sequence[UndecidedAppeal], waiting: Sequence[WaitingEntry]
) -> frozenset[Stage]:
    """The stages to which the year cannot be led now, though they may follow."""
    blocked: set[Stage] = {SEALED} if obstacles(state, now, appeals, waiting) else set()
    if now < moments.year_start(state.year):
        blocked.add(PROVISIONAL)
    return frozenset(blocked)
