"""What must be so before a year is sealed, and the refusals that say what is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from contracts.messages import Message
from contracts.moment_texts import moment_text
from services.chassis.errors import DanchuError
from services.scoring.errors import YearUnknown
from services.scoring.fold.registry import Registry
from services.scoring.messages import message
from services.scoring.queries import appeals, quarantine
from services.scoring.ratings.appeals import DECIDED, FILED, undecided
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing.commands import StageRefused, refusal
from services.scoring.store.seals import DraftRow
from services.scoring.year.obstacles import Because, obstacles, stage_reason
from services.scoring.year.stages import PROVISIONAL, SEALED, YearState, possible

PresentRegistry = Callable[[], Awaitable[Registry]]
"""The units as of the last commit of the fold."""
WAITING_MAX = 100
"""The most entries of the quarantine that a refusal names."""


async def refuse_dates(
    conn: AsyncConnection, state: YearState, cut: int, registry: PresentRegistry, rubrics: Rubrics
) -> None:
    """StageRefused where stage or dates alone make a seal impossible, with all else that lacks.

    The marks are not waited for, since what is lacking at the present registry is only named.
    """
    reasons = obstacles(state, cut)
    if reasons and state.stage == PROVISIONAL:
        await refuse(conn, state, cut, await registry(), rubrics)
    if reasons:
        raise refusal(state, SEALED, reasons)


async def refuse(
    conn: AsyncConnection, state: YearState, cut: int, registry: Registry, rubrics: Rubrics
) -> None:
    """StageRefused where the year cannot be sealed as of the cut."""
    year = state.year
    kinds = (FILED, DECIDED)
    filed = [
        event
        for of_year in (year, year + 1)
        for event in await appeals.events(conn, of_year, kinds)
        if event.recorded <= cut
    ]
    waiting = await quarantine.waiting(conn, cut, WAITING_MAX)
    rated = appeals.rated_unit(year, registry, rubrics)
    reasons = obstacles(state, cut, undecided(state, filed, rated), waiting)
    if reasons:
        raise refusal(state, SEALED, reasons)


def draft_exists(state: YearState, row: DraftRow) -> StageRefused:
    """The refusal of a second draft."""
    return _refused(state, [_draft_reason(row)], message("draft-exists", year=state.year))


def draft_signed(state: YearState, row: DraftRow) -> StageRefused:
    """The refusal of a second operator's signature."""
    return _refused(state, [_draft_reason(row)], message("draft-signed", year=state.year))


def draft_signed_once(state: YearState, row: DraftRow) -> StageRefused:
    """The refusal to ask for a signature that a draft has."""
    return _refused(state, [_draft_reason(row)], message("draft-signed-once", year=state.year))


def draft_unsigned(state: YearState, row: DraftRow) -> StageRefused:
    """The refusal of an auditor's signature before the operator's."""
    return _refused(state, [_draft_reason(row)], message("draft-unsigned", year=state.year))


def draft_lacking(state: YearState, rubrics: Rubrics) -> DanchuError:
    """The refusal of a signature where there is no draft; YearUnknown where no rubric fits."""
    if not rubrics.of_year(state.year) and not state.decisions:
        return YearUnknown(state.year)
    return without_draft(state)


def without_draft(state: YearState) -> StageRefused:
    """The refusal of a step of a draft where there is none."""
    return _refused(state, [stage_reason(state)], message("draft-none", year=state.year))


def year_went_on(state: YearState) -> StageRefused:
    """The refusal of a draft of another version than the present one."""
    return refusal(state, SEALED, [stage_reason(state)])


def _refused(state: YearState, because: list[Because], detail: Message) -> StageRefused:
    return StageRefused(state, because, possible(state), detail)


def _draft_reason(row: DraftRow) -> Because:
    text = message(
        "because-draft", decision=row.decision, by=row.drafted_by, at=moment_text(row.at),
        signed=message("draft-has-signature" if row.signature else "draft-has-none"),
    )  # fmt: skip
    members = {
        "decision": row.decision, "by": row.drafted_by, "at": moments.rfc3339(row.at),
        "cut": moments.rfc3339(row.cut), "signed": row.signature is not None,
    }  # fmt: skip
    return Because("year", members, text)
