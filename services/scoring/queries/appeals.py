"""Reads the appeals of years from the ledger."""

from collections.abc import Callable, Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded, decode
from services.scoring.fold.books import LedgerPart
from services.scoring.fold.registry import Registry
from services.scoring.queries.events import EVERY_SUBJECT
from services.scoring.ratings import appeals as rules
from services.scoring.ratings.appeals import DECIDED, FILED, UndecidedAppeal
from services.scoring.rubrics.model import Rubrics
from services.scoring.year.stages import YearState

_SELECT = f"SELECT raw, year FROM ledger WHERE part = {int(LedgerPart.DECISION)} AND NOT retracted"


async def events(conn: AsyncConnection, year: int, kinds: Collection[str]) -> list[Recorded]:
    """The decisions of a year that are of these types and not retracted."""
    words = ", ".join(f"'{kind}'" for kind in sorted(kinds))
    select = text(f"{_SELECT} AND year = :year AND kind IN ({words}) {EVERY_SUBJECT}")
    return [decode(bytes(row[0])) for row in await conn.execute(select, {"year": year})]


async def undecided(
    conn: AsyncConnection, states: Collection[YearState], registry: Registry, rubrics: Rubrics
) -> dict[int, list[UndecidedAppeal]]:
    """By year its appeals in time without a decision, by unit."""
    filed = await _filed(conn, {year for each in states for year in (each.year, each.year + 1)})
    return {
        state.year: rules.undecided(
            state,
            [*filed.get(state.year, ()), *filed.get(state.year + 1, ())],
            rated_unit(state.year, registry, rubrics),
        )
        for state in states
    }


async def _filed(conn: AsyncConnection, years: Collection[int]) -> dict[int, list[Recorded]]:
    """The appeals of these years and the decisions on them, by year."""
    filed: dict[int, list[Recorded]] = {}
    if years:
        among = ", ".join(str(int(year)) for year in sorted(years))
        select = f"{_SELECT} AND year IN ({among}) AND kind IN ('{FILED}', '{DECIDED}')"
        for raw, year in await conn.execute(text(f"{select} {EVERY_SUBJECT}")):
            filed.setdefault(year, []).append(decode(bytes(raw)))
    return filed


def rated_unit(year: int, registry: Registry, rubrics: Rubrics) -> Callable[[Recorded], str | None]:
    """From an event to the key of its unit; to None for a unit that is not rated in the year."""

    def key(event: Recorded) -> str | None:
        unit = registry.holder(event.event.subject, event.time)
        rated = unit is not None and unit.exists_in(year)
        return unit.key if unit and rated and rubrics.governing(unit.kind, year) else None

    return key
