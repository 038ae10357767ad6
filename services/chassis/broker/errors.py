"""What the client library of NATS raises where a connection or a server fails, as BrokerAway.

The library has dozens of errors of its own, lets those of sockets through, fails with others where
a connection dies under a call, and cancels what waits for an answer when it is closed. All of them
are waited out.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from types import TracebackType

from nats.errors import Error as NatsError

from services.chassis.errors import BrokerAway

FAILED = (NatsError, OSError, TimeoutError, EOFError, asyncio.InvalidStateError)
LIBRARY = "nats"


@contextlib.contextmanager
def broker_errors() -> Iterator[None]:
    """Turns whatever a call of the client library raises into BrokerAway.

    A fault of our own code and the cancellation of the task pass.
    """
    try:
        yield
    except BrokerAway:
        raise
    except FAILED as error:
        raise BrokerAway(error) from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise BrokerAway("the connection was closed") from error
    except Exception as error:
        if not _is_of_library(error.__traceback__):
            raise
        raise BrokerAway(error) from error


def _is_of_library(trace: TracebackType | None) -> bool:
    """Whether the error was raised within the library, or below it."""
    names = set()
    while trace is not None:
        names.add(str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0])
        trace = trace.tb_next
    return LIBRARY in names
