"""The time of day as an argument: microseconds since 1970 in UTC, given to whoever needs it."""

import time
from collections.abc import Callable

Clock = Callable[[], int]


def now_us() -> int:
    """Microseconds since 1970-01-01T00:00:00Z by the clock of the machine."""
    return time.time_ns() // 1000


def fixed(us: int) -> Clock:
    """A clock that stands still, for tests and for answers as of a moment."""
    return lambda: us
