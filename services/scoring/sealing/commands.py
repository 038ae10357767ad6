"""The council's commands: a year is published for replies, and a sealed one is reopened.

Each is one transaction under the lock of the position, which keeps the fold and other commands out:
the decision, its event in the outbox, and a new stamp, by which every process looks again. No
broker is needed. The fold meets the event later and knows its identity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from contracts.messages import Message
from services.chassis import door, outbox
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.door import Stamps
from services.chassis.errors import DanchuError
from services.scoring.errors import RubricsReplaced, YearUnknown
from services.scoring.messages import message
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing.events import stamped_event
from services.scoring.store import position, seals, stages
from services.scoring.store.position import Position
from services.scoring.store.seals import DraftRow
from services.scoring.year import obstacles
from services.scoring.year.obstacles import Because
from services.scoring.year.stages import (
    NEXT,
    PROVISIONAL,
    REOPENED,
    Stage,
    YearDecision,
    YearState,
    possible,
    reply_until,
    year_mark,
)

Decide = Callable[[YearState, int], YearDecision]
"""Makes the decision from the state before it and the instant at which it is recorded."""


class StageRefused(DanchuError):
    """The year cannot be led to a stage now: `possible` is what can be done instead."""

    def __init__(
        self, state: YearState, because: list[Because], possible: list[Stage], detail: Message
    ) -> None:
        self.state, self.because, self.possible = state, because, possible
        super().__init__(detail)


class YearMoved(DanchuError):
    """The year is no more as the caller saw it, so that something else would be decided."""

    def __init__(self, year: int) -> None:
        super().__init__(message("year-moved", year=year))


class StageOrder(NamedTuple):
    """What a person decided on paper: the number, the date and the reason; `by` entered it."""

    decision: str
    date: str
    reason: str
    by: str


@dataclass
class StageCommands:
    """The commands of the council on the database of scoring."""

    db: Database
    rubrics: Rubrics
    clock: Clock

    async def publish(self, year: int, order: StageOrder, mark: str | None = None) -> YearDecision:
        """Publishes the ratings as of now, and begins the period of replies.

        A draft of a seal is dropped. The same call again gets the first decision. `mark` is the
        mark of the year as the caller saw it. Raises YearUnknown, StageRefused, YearMoved.
        """
        days = max((rubric.reply_days for rubric in self.rubrics.of_year(year)), default=0)

        def decide(state: YearState, at: int) -> YearDecision:
            return YearDecision(
                stage=PROVISIONAL, version=state.version, decision=order.decision, at=at,
                date=order.date, reason=order.reason, by=order.by, cut_off=at,
                reply_until=reply_until(order.date, at, days),
            )  # fmt: skip

        return await self._execute(year, PROVISIONAL, order, decide, mark)

    async def reopen(self, year: int, order: StageOrder, mark: str | None = None) -> YearDecision:
        """Begins a new version of a sealed year, as `publish` does."""

        def decide(state: YearState, at: int) -> YearDecision:
            return YearDecision(
                stage=REOPENED, version=state.version + 1, decision=order.decision, at=at,
                date=order.date, reason=order.reason, by=order.by,
            )  # fmt: skip

        return await self._execute(year, REOPENED, order, decide, mark)

    async def _execute(
        self, year: int, stage: Stage, order: StageOrder, decide: Decide, mark: str | None
    ) -> YearDecision:
        if not self.rubrics.of_year(year):
            raise YearUnknown(year)
        async with self.db.write() as conn:
            place = await position.lock(conn)
            if place.rubrics not in ("", self.rubrics.digest):
                raise RubricsReplaced()
            state = await stages.load(conn, year)
            earlier = find_earlier(state, stage, order)
            if earlier is not None:
                return earlier
            if stage not in NEXT[state.stage]:
                raise refusal(state, stage, [obstacles.stage_reason(state)])
            draft = await seals.draft(conn, year)
            check_mark(state, draft, mark)
            stamps = await stamp(conn, state, self.clock())
            if stamps.first < moments.year_start(year):
                raise refusal(state, stage, [obstacles.begin_reason(year)])
            if draft is not None:  # its cut lies before the new cut-off
                await seals.drop_draft(conn, draft)
            return await save(conn, place, year, decide(state, stamps.first), stamps)


def check_mark(state: YearState, draft: DraftRow | None, mark: str | None) -> None:
    """YearMoved where the caller saw another state of the year; not asked of one who names none."""
    if mark is not None and mark != year_mark(state, None if draft is None else draft.root):
        raise YearMoved(state.year)


async def stamp(conn: AsyncConnection, state: YearState, now: int) -> Stamps:
    """A stamp of the door, after every decision on the year; it locks the door until the commit."""
    last = state.decisions[-1].at if state.decisions else now - 1
    return await door.stamp(conn, max(now, last + 1), 1)


def find_earlier(state: YearState, stage: Stage, order: StageOrder) -> YearDecision | None:
    """The decision of the same call before; StageRefused if another decision used the number."""
    for earlier in state.decisions:
        if earlier.decision == order.decision:
            content = (earlier.date, earlier.reason, earlier.by)
            if earlier.stage == stage and content == (order.date, order.reason, order.by):
                return earlier
            detail = message("number-used", decision=order.decision, year=state.year)
            because = [obstacles.number_reason(state, earlier)]
            raise StageRefused(state, because, possible(state), detail)
    return None


def refusal(state: YearState, stage: Stage, because: list[Because]) -> StageRefused:
    """The refusal to lead the year to a stage, for these reasons."""
    detail = message("stage-impossible", year=state.year, stage=obstacles.stage_label(stage))
    others = [each for each in possible(state) if each != stage]
    return StageRefused(state, because, others, detail)


async def save(
    conn: AsyncConnection, place: Position, year: int, decision: YearDecision, stamps: Stamps
) -> YearDecision:
    """Saves a decision and its event, and moves the stamp on, as the last step of a command."""
    data = event_data(decision)
    identity, event = stamped_event(f"year.{decision.stage}", year, data, stamps)
    await outbox.add(conn, [event])
    await stages.add(conn, identity, year, decision)
    await position.save(conn, place._replace(stamp=place.stamp + 1))
    return decision


def event_data(decision: YearDecision) -> dict[str, Any]:
    """The data of the event of a decision."""
    data: dict[str, Any] = structs.asdict(decision)
    del data["stage"], data["at"]
    for name in ("cut_off", "reply_until", "cut"):
        data[name] = None if data[name] is None else moments.rfc3339(data[name])
    data["rubrics"] = [structs.asdict(rubric) for rubric in decision.rubrics] or None
    return {name: value for name, value in data.items() if value is not None}
