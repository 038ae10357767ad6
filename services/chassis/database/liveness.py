"""Whether a pooled connection to a server still lives: asked only of one that was idle.

A question costs three round trips, as many as a short read. The loss of a connection is known at
once where the server has closed it; one that was used a moment ago is taken for alive.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

IDLE_SECONDS = 1.0
RETURNED = "danchu.returned"
"""The key of the monotonic time of its return in the information of a pooled connection."""


def ask_the_idle(engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
    """Replaces the pool where a connection that is taken from it is dead."""

    def on_checkin(_: Any, record: Any) -> None:
        record.info[RETURNED] = clock()

    def on_checkout(dbapi: Any, record: Any, _: Any) -> None:
        returned = record.info.get(RETURNED)
        if returned is None:  # it was opened just now
            return
        if dbapi.driver_connection.is_closed():
            raise InvalidatePoolError
        if clock() - returned >= IDLE_SECONDS:
            try:
                engine.dialect.do_ping(dbapi)
            except engine.dialect.loaded_dbapi.Error as error:
                raise InvalidatePoolError from error

    event.listen(engine, "checkin", on_checkin)
    event.listen(engine, "checkout", on_checkout)
