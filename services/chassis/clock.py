"""Clocks as arguments: functions that return microseconds since 1970 in UTC."""

import time
from collections.abc import Callable

Clock = Callable[[], int]


def now_us() -> int:
    """Microseconds since 1970-01-01T00:00:00Z by the system clock."""
    return time.time_ns() // 1000


def fixed(us: int) -> Clock:
    """A clock that always returns the same time, for tests and for answers as of an instant."""
    return lambda: us
