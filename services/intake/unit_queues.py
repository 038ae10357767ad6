"""The queues of the NATS door: a bounded queue for each unit, served in turns. Pure.

A unit that floods the door delays only itself. Requests go before publishes without a reply
subject, because their senders wait; if there is no room, publishes are shed first.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")

REQUESTS_OF_UNIT_MAX = 64
PUBLISHES_OF_UNIT_MAX = 1000
MESSAGES_MAX = 4096
BYTES_OF_UNIT_MAX = 16 * 2**20
BYTES_MAX = 64 * 2**20
SERVED_OF_UNIT_MAX = 4
"""The most messages of one unit that are served at once, even if workers are idle."""
PUBLISH_EVERY = 8
"""Every eighth turn goes to a publish first, however many requests wait."""


class Offer(Enum):
    """The outcome of offering a message to the queues."""

    QUEUED = "queued"
    SHED = "shed"
    REFUSED = "refused"


@dataclass
class _Lane(Generic[T]):
    """The messages of one kind by unit, with the units in the order of their turns."""

    of_unit_max: int
    units: OrderedDict[str, deque[tuple[T, int]]] = field(default_factory=OrderedDict)
    messages: int = 0

    def full(self, unit: str) -> bool:
        return len(self.units.get(unit, ())) >= self.of_unit_max

    def put(self, unit: str, message: T, size: int) -> None:
        self.units.setdefault(unit, deque()).append((message, size))
        self.messages += 1

    def next_unit(self, served: Mapping[str, int]) -> str | None:
        """The first unit that is below its limit of messages served at once, or None."""
        free = (unit for unit in self.units if served.get(unit, 0) < SERVED_OF_UNIT_MAX)
        return next(free, None)

    def take(self, unit: str, last: bool = False) -> tuple[str, T, int]:
        """Removes the oldest message of a unit, or its newest; the unit's next turn is the last."""
        queue = self.units[unit]
        message, size = queue.pop() if last else queue.popleft()
        self.messages -= 1
        if queue:
            self.units.move_to_end(unit)
        else:
            del self.units[unit]
        return unit, message, size


@dataclass
class UnitQueues(Generic[T]):
    """The queues of all units."""

    requests: _Lane[T] = field(default_factory=lambda: _Lane(REQUESTS_OF_UNIT_MAX))
    publishes: _Lane[T] = field(default_factory=lambda: _Lane(PUBLISHES_OF_UNIT_MAX))
    sizes: dict[str, int] = field(default_factory=dict)
    served: dict[str, int] = field(default_factory=dict)
    size: int = 0
    turns: int = 0

    def __len__(self) -> int:
        return self.requests.messages + self.publishes.messages

    def put(self, unit: str, message: T, size: int, replies: bool) -> Offer:
        """Queues a message, or reports that there is no room for it.

        If all queues together are full, a request displaces the newest publishes of the unit that
        has the most.
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
        """The next message and its unit; call `end` when it is answered.

        KeyError if no message waits, or if every unit with messages is at its limit.
        """
        self.turns += 1
        lanes = [self.requests, self.publishes]
        if self.turns % PUBLISH_EVERY == 0:
            lanes.reverse()
        for lane in lanes:
            unit = lane.next_unit(self.served)
            if unit is not None:
                _, message, size = lane.take(unit)
                self._left(unit, message, size)
                self.served[unit] = self.served.get(unit, 0) + 1
                return unit, message
        raise KeyError("nothing waits")

    def end(self, unit: str) -> None:
        """Notes that a message of the unit has been answered."""
        left = self.served.pop(unit) - 1
        if left:
            self.served[unit] = left

    def _left(self, unit: str, _: T, size: int) -> None:
        """Subtracts a removed message from the sizes."""
        self.size -= size
        left = self.sizes.pop(unit) - size
        # a unit with messages keeps its entry, even if all of them are empty
        if left or any(unit in lane.units for lane in (self.requests, self.publishes)):
            self.sizes[unit] = left

    def _longest(self) -> str:
        """The unit with the most publishes."""
        return max(self.publishes.units, key=lambda unit: len(self.publishes.units[unit]))
