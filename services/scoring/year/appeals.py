"""Which appeals of a year wait for a decision of the council. Pure.

Source: YEAR.md section 2. An appeal is in time when it was recorded up to the end of the period of
replies, also before the cut-off. One that was filed in the next year and names no year, within the
period of replies, was probably meant for this one, and waits as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec import UNSET

from contracts.envelope import Recorded
from services.scoring.year.stages import YearState

FILED, DECIDED = "appeal.filed", "appeal.decided"


class UndecidedAppeal(NamedTuple):
    """An appeal in time without a decision, by the key of its unit and its own key.

    `year_missing`: it names no year, and by its date belongs to the next one.
    """

    unit: str
    appeal: str
    year_missing: bool = False


def undecided(
    state: YearState, events: Iterable[Recorded], rated_unit: Callable[[Recorded], str | None]
) -> list[UndecidedAppeal]:
    """The undecided appeals of a year, by unit.

    `events` are the filed and decided appeals of the year and of the next one that are not
    retracted. `rated_unit` is the key of an event's unit if it is rated in the year, else None:
    then it is none of the year's appeals.
    """
    filed: dict[UndecidedAppeal, None] = {}
    decided: set[tuple[int, str, str]] = set()
    for event in events:
        unit = rated_unit(event)
        if unit is None:
            continue
        appeal = UndecidedAppeal(unit, event.event.data.appeal, event.year != state.year)
        if event.kind.short == DECIDED:
            decided.add((event.year, unit, appeal.appeal))
        elif _is_in_time(state, event):
            filed[appeal] = None
    years = {False: (state.year,), True: (state.year, state.year + 1)}
    return sorted(
        appeal for appeal in filed
        if not any(
            (year, appeal.unit, appeal.appeal) in decided for year in years[appeal.year_missing]
        )
    )  # fmt: skip


def _is_in_time(state: YearState, event: Recorded) -> bool:
    """Whether an appeal was filed in time; one of the next year only within the period."""
    until, begins = state.reply_until, state.cut_off
    if event.year == state.year:
        return until is None or event.recorded <= until
    return (
        event.event.data.year is UNSET
        and begins is not None
        and until is not None
        and begins < event.recorded <= until
    )
