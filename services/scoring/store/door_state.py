"""The state of a door: which of its marks hold, and when an operator must know. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from contracts import moments
from services.chassis.marks import Mark
from services.scoring.messages import message

ALARM_US, SILENT_US = 30_000_000, 120_000_000
"""For how long a mark may fail to hold without an alarm, and a door be silent before it is gone."""


class DoorLabel(NamedTuple):
    """The id of the door that recorded a message, and the moment."""

    door: int
    recorded: int


class DoorState(NamedTuple):
    """The row of a door; instants in microseconds.

    `held_…` is the last mark that held, `mark_…` the last that was announced, and `arrived` the
    number of the door's events up to it. Since `differs_since` the announced mark does not hold. A
    door with a `successor` announces no more marks; for a `retired` one nobody waits.
    """

    id: int
    name: str
    held_until: int = 0
    held_events: int = 0
    mark_until: int = 0
    mark_events: int = 0
    arrived: int = 0
    heard: int | None = None
    differs_since: int | None = None
    successor: str | None = None
    retired: int | None = None

    @property
    def mark(self) -> Mark:
        """The last mark that the door announced."""
        return Mark(self.name, self.mark_until, self.mark_events, self.successor)

    @property
    def proven_mark(self) -> Mark:
        """The last mark that held."""
        return Mark(self.name, self.held_until, self.held_events)

    @property
    def is_closed(self) -> bool:
        """Whether the door records no more and all its events arrived, or nobody waits for it."""
        return self.retired is not None or (
            self.successor is not None and self.mark_until <= self.held_until
        )

    @property
    def state(self) -> str:
        """The state of the door, in a word."""
        if self.retired is not None:
            return "retired"
        if self.differs_since is not None:
            return "missing" if self.arrived < self.mark_events else "surplus"
        return "closed" if self.is_closed else "proved"

    def summary(self) -> dict[str, str | int | None]:
        """The door for an operator."""
        return {
            "name": self.name, "state": self.state, "events": self.mark_events,
            "arrived": self.arrived, "until": moments.rfc3339(self.mark_until),
            "heard": None if self.heard is None else moments.rfc3339(self.heard),
            "successor": self.successor,
        }  # fmt: skip

    def alarm(self, now: int) -> str | None:
        """A sentence for the operator where a mark has not held for too long, else None."""
        if self.is_closed or self.differs_since is None or now - self.differs_since < ALARM_US:
            return None
        if self.heard is None:
            return message("door-unannounced", door=self.name, number=self.arrived)
        code = "mark-missing" if self.arrived < self.mark_events else "mark-surplus"
        return message(
            code, door=self.name, events=self.mark_events, until=moments.rfc3339(self.mark_until),
            number=abs(self.mark_events - self.arrived), since=moments.rfc3339(self.held_until),
        )  # fmt: skip


def apply_mark(door: DoorState, mark: Mark, arrived: int, now: int) -> DoorState:
    """The door after its mark was compared with the number of events up to it. Pure."""
    heard = now if mark.until > door.mark_until or door.heard is None else door.heard
    state = door._replace(
        mark_until=mark.until, mark_events=mark.events, successor=mark.successor, arrived=arrived,
        heard=heard,
    )  # fmt: skip
    if mark.successor is not None and mark.until <= door.held_until:
        return state._replace(differs_since=None)
    if arrived == mark.events:
        return state._replace(held_until=mark.until, held_events=mark.events, differs_since=None)
    since = now if door.differs_since is None else door.differs_since
    return state._replace(differs_since=since)


def apply_arrivals(door: DoorState, arrived: int, now: int) -> DoorState:
    """A door that never announced a mark, after its events were counted: each is too many. Pure."""
    since = now if door.differs_since is None else door.differs_since
    return door._replace(arrived=arrived, differs_since=since if arrived else None)


def known_until(doors: Iterable[DoorState], now: int) -> int:
    """The instant up to which all that any door recorded has arrived; 0 before the first mark.

    Nobody waits for a retired door, nor for a closed one whose successor is a door by now.
    """
    every = list(doors)
    names = {door.name for door in every}
    open_until = [
        door.held_until for door in every
        if door.retired is None and not (door.is_closed and door.successor in names)
    ]  # fmt: skip
    last = max((max(door.held_until, door.retired or 0) for door in every), default=0)
    return min([now, *open_until]) if open_until else min(now, last)


def first_alarm(doors: Iterable[DoorState], now: int) -> str | None:
    """The first alarm of the doors, or None."""
    return next((why for door in doors if (why := door.alarm(now)) is not None), None)
