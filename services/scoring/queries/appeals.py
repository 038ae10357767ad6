"""Reads the appeals of years from the ledger."""

import itertools
from collections.abc import Callable, Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded, decode
from services.scoring.fold.books import LedgerPart
from services.scoring.fold.registry import Registry
from services.scoring.queries.events import EVERY_SUBJECT
from services.scoring.rubrics.model import Rubrics
from services.scoring.year import appeals as rules
from services.scoring.year.appeals import DECIDED, FILED, UndecidedAppeal
from services.scoring.year.stages import YearState


async def events(conn: AsyncConnection, year: int, kinds: Collection[str]) -> list[Recorded]:
    """The decisions of a year that are of these types and not retracted."""
    words = ", ".join(f"'{kind}'" for kind in sorted(kinds))
    select = text(
        f"SELECT raw FROM ledger WHERE part = {int(LedgerPart.DECISION)} AND NOT retracted "
        f"AND year = :year AND kind IN ({words}) {EVERY_SUBJECT}"
    )
    return [decode(bytes(row[0])) for row in await conn.execute(select, {"year": year})]


async def undecided(
    conn: AsyncConnection, state: YearState, registry: Registry, rubrics: Rubrics
) -> list[UndecidedAppeal]:
    """The appeals of a year in time without a decision, by unit."""
    filed = [await events(conn, year, (FILED, DECIDED)) for year in (state.year, state.year + 1)]
    unit_of = rated_unit(state.year, registry, rubrics)
    return rules.undecided(state, itertools.chain(*filed), unit_of)


def rated_unit(year: int, registry: Registry, rubrics: Rubrics) -> Callable[[Recorded], str | None]:
    """From an event to the key of its unit; to None for a unit that is not rated in the year."""

    def key(event: Recorded) -> str | None:
        unit = registry.holder(event.event.subject, event.time)
        rated = unit is not None and unit.exists_in(year)
        return unit.key if unit and rated and rubrics.governing(unit.kind, year) else None

    return key
