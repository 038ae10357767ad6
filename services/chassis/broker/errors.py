"""Translates the errors of the NATS client into BrokerAway.

The client has dozens of errors of its own, passes those of sockets, fails with internal errors
when a connection dies during a call, and cancels pending requests when it is closed. Callers treat
all of them alike: they wait and retry.
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
def translate_client_errors() -> Iterator[None]:
    """Raises BrokerAway for every error of the client.

    Errors of our own code and the cancellation of the task pass unchanged.
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
    """Whether the error was raised within the client or below it."""
    names = set()
    while trace is not None:
        names.add(str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0])
        trace = trace.tb_next
    return LIBRARY in names
