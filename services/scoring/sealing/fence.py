"""The fence before a seal or a checkpoint: every door's mark has reached its instant.

From then on nothing can be recorded at or before that instant any more, so that each event is
wholly before it or wholly after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from contracts import moments
from contracts.moment_texts import moment_text
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.messages import message
from services.scoring.store import doors
from services.scoring.store.door_state import DoorState, known_until
from services.scoring.year.obstacles import LaggingDoor

FENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.1


class MarksBehind(DanchuError):
    """The marks of some doors have not reached an instant."""

    def __init__(self, instant: int, until: int, behind: Sequence[LaggingDoor]) -> None:
        self.known_until, self.doors = moments.rfc3339(until), tuple(behind)
        super().__init__(
            message(
                "marks-behind", instant=moment_text(instant, seconds=True),
                until=moment_text(until, seconds=True),
                doors=", ".join(door.name for door in behind) or "-",
            )
        )  # fmt: skip


async def wait_for_marks(
    db: Database, clock: Clock, instant: int, seconds: float = FENCE_SECONDS
) -> None:
    """Returns once every door's mark has reached an instant; MarksBehind after so many seconds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        async with db.read() as conn:
            every = await doors.load(conn)
        until = known_until(every, clock())
        if until >= instant:
            return
        if asyncio.get_running_loop().time() >= deadline:
            raise MarksBehind(instant, until, _behind(every, instant))
        await asyncio.sleep(_LOOK_SECONDS)


def _behind(every: Sequence[DoorState], instant: int) -> list[LaggingDoor]:
    return [
        LaggingDoor(door.name, door.held_until)
        for door in every
        if not door.is_closed and door.held_until < instant
    ]
