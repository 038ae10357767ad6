"""Heartbeats of the loops of a process: which loop has not turned for too long.

A loop calls `turn` whenever it goes round. While it rests, or does work whose length has no bound,
it says so, so that neither a long wait nor a long computation counts as a hang. Time in which the
whole process stood still does not count either (`pulse`).
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

DEFAULT_SECONDS = 60.0
PULSE_SECONDS = 1.0
LATE_SECONDS = 2.0
"""A pulse that comes later than this shows that the process did not run meanwhile."""


@dataclass
class Beat:
    """The heartbeat of one loop, which must turn every `limit` seconds once it has begun."""

    name: str
    limit: float
    _due: float | None = None
    _depth: int = 0

    def turn(self) -> None:
        """The loop goes round."""
        if self._depth:
            return
        self._due = time.monotonic() + self.limit

    @contextlib.contextmanager
    def resting(self, seconds: float | None = None) -> Iterator[None]:
        """Within the block the loop may stand still, for `seconds` or without limit."""
        before = self._due
        self._due = None if seconds is None else time.monotonic() + max(seconds, self.limit)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._due = before
            if not self._depth:
                self.turn()

    def end(self) -> None:
        """The loop has ended; it need not turn any more."""
        self._due = None

    def shift(self, seconds: float) -> None:
        """Grants the time in which the process did not run."""
        if self._due is not None:
            self._due += seconds

    @property
    def stands_still(self) -> bool:
        """Whether the loop has not turned in time."""
        return self._due is not None and time.monotonic() > self._due


@dataclass
class Heartbeats:
    """The heartbeats of a service; each must turn every `limit` seconds."""

    limit: float = DEFAULT_SECONDS
    _beats: list[Beat] = field(default_factory=list)

    def beat(self, name: str) -> Beat:
        """A heartbeat for another loop."""
        beat = Beat(name, self.limit)
        self._beats.append(beat)
        return beat

    def still(self) -> list[str]:
        """The names of the loops that stand still."""
        return [beat.name for beat in self._beats if beat.stands_still]

    def shift(self, seconds: float) -> None:
        """Grants all loops the time in which the process did not run."""
        for beat in self._beats:
            beat.shift(seconds)


async def pulse(every: Callable[[], list[Heartbeats]], beat: Callable[[], None]) -> None:
    """Calls `beat` every second while no loop stands still; runs until it is cancelled."""
    last = time.monotonic()
    while True:
        await asyncio.sleep(PULSE_SECONDS)
        now = time.monotonic()
        late, last = now - last - PULSE_SECONDS, now
        beats = every()
        if late > LATE_SECONDS:
            for each in beats:
                each.shift(late)
        if not any(each.still() for each in beats):
            beat()
