"""Which state of a year a question is about, and the instant up to which answers are certain."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.errors import NotKnownYet
from services.scoring.store import doors
from services.scoring.store.door_state import known_until


class Moment(NamedTuple):
    """The last commit, or the year as of an instant, or one of its sealed versions."""

    as_of: int | None = None
    version: int | None = None


NOW = Moment()


async def require_known(conn: AsyncConnection, instant: int, now: int) -> None:
    """Raises NotKnownYet unless all that the doors recorded up to the instant has arrived."""
    known = known_until(await doors.load(conn), now)
    if instant > known:
        raise NotKnownYet(instant, known)
