"""What waits at the NATS door: a bounded queue for each unit, served in turns. Pure.

One unit that sends without end makes nobody wait but itself. Requests go before publishes without
a reply, for somebody waits for them; where there is no room, publishes are shed first.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")

REQUESTS_OF_UNIT_MAX = 64
PUBLISHES_OF_UNIT_MAX = 1000
MESSAGES_MAX = 4096
BYTES_OF_UNIT_MAX = 16 * 2**20
BYTES_MAX = 64 * 2**20
PUBLISH_EVERY = 8
"""Of so many messages one is a publish, however many requests wait."""


class Offer(Enum):
    """What became of a message at the queue."""

    QUEUED = "queued"
    SHED = "shed"
    REFUSED = "refused"


@dataclass
class _Lane(Generic[T]):
    """The messages of one sort, by unit; the units stand in the order of their turns."""

    of_unit_max: int
    units: OrderedDict[str, deque[tuple[T, int]]] = field(default_factory=OrderedDict)
    messages: int = 0

    def full(self, unit: str) -> bool:
        return len(self.units.get(unit, ())) >= self.of_unit_max

    def put(self, unit: str, message: T, size: int) -> None:
        self.units.setdefault(unit, deque()).append((message, size))
        self.messages += 1

    def take(self, unit: str | None = None, last: bool = False) -> tuple[str, T, int]:
        """The next message of the unit whose turn it is, or of this one."""
        unit = unit or next(iter(self.units))
        queue = self.units[unit]
        message, size = queue.pop() if last else queue.popleft()
        self.messages -= 1
        if queue:
            self.units.move_to_end(unit)
        else:
            del self.units[unit]
        return unit, message, size


@dataclass
class Waiting(Generic[T]):
    """The queues of all units."""

    requests: _Lane[T] = field(default_factory=lambda: _Lane(REQUESTS_OF_UNIT_MAX))
    publishes: _Lane[T] = field(default_factory=lambda: _Lane(PUBLISHES_OF_UNIT_MAX))
    sizes: dict[str, int] = field(default_factory=dict)
    size: int = 0
    turns: int = 0

    def __len__(self) -> int:
        return self.requests.messages + self.publishes.messages

    def put(self, unit: str, message: T, size: int, replies: bool) -> Offer:
        """Queues a message, or says that there is no room for it.

        A request that finds the door full takes the place of a publish, if there is one.
        """
        lane = self.requests if replies else self.publishes
        without = Offer.REFUSED if replies else Offer.SHED
        if lane.full(unit) or self.sizes.get(unit, 0) + size > BYTES_OF_UNIT_MAX:
            return without
        while len(self) >= MESSAGES_MAX or self.size + size > BYTES_MAX:
            if not replies or not self.publishes.units:
                return without
            self._left(*self.publishes.take(self._longest(), last=True))
        lane.put(unit, message, size)
        self.sizes[unit] = self.sizes.get(unit, 0) + size
        self.size += size
        return Offer.QUEUED

    def take(self) -> tuple[str, T]:
        """The next message and its unit; KeyError where none waits."""
        self.turns += 1
        turn = self.turns % PUBLISH_EVERY == 0 or not self.requests.units
        lane = self.publishes if self.publishes.units and turn else self.requests
        if not lane.units:
            raise KeyError("nothing waits")
        unit, message, size = lane.take()
        self._left(unit, message, size)
        return unit, message

    def _left(self, unit: str, _: T, size: int) -> None:
        self.size -= size
        left = self.sizes.pop(unit) - size
        if left or any(unit in lane.units for lane in (self.requests, self.publishes)):
            self.sizes[unit] = left

    def _longest(self) -> str:
        """The unit with the most publishes."""
        return max(self.publishes.units, key=lambda unit: len(self.publishes.units[unit]))
