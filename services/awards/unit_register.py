"""The registered units, read from the stream, for commands that name another unit.

The stream has every `unit.registered` under a subject of its unit, so a list of the subjects is
enough and nothing is cached here: neither after a restart nor with a restored database is an
accepted unit missing. A registration may still be in transit, so an unknown unit is looked up again
several times before it is refused.
"""

from __future__ import annotations

import difflib
from asyncio import sleep as pause
from collections.abc import Awaitable, Callable

from contracts.messages import Message
from services.awards.messages import message
from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import translate_client_errors
from services.chassis.http.service_api import FieldError, Problem

STREAM, REGISTERED = "EVENTS", "danchu.events.*.unit.registered"
LOOKS, PAUSE_SECONDS = 12, 0.25
NEAREST_MAX = 3
Units = Callable[[], Awaitable[frozenset[str]]]


def units_from_stream(broker: Broker) -> Units:
    """Returns a function that reads the registered units from the stream; it raises BrokerAway."""

    async def units() -> frozenset[str]:
        await broker.ensure()
        with translate_client_errors():
            info = await broker.manager().stream_info(STREAM, subjects_filter=REGISTERED)
        subjects = info.state.subjects or {}
        return frozenset(subject.split(".")[2].replace("-", ".") for subject in subjects)

    return units


async def check_registered(unit: str, field: str, units: Units) -> None:
    """Problem 422 for an unregistered unit, with the nearest keys.

    Problem 503 while the stream has no units at all: it is new, or was lost and is not refilled
    yet, so the unit may exist. BrokerAway while the broker is unreachable.
    """
    registered: frozenset[str] = frozenset()
    for look in range(LOOKS):
        registered = await units()
        if unit in registered:
            return
        if look < LOOKS - 1:
            await pause(PAUSE_SECONDS)
    if not registered:
        raise Problem(503, message("units-unknown"), headers={"Retry-After": "2"})
    fault: FieldError = {"field": field, "message": _unregistered(unit, registered)}
    raise Problem(422, fault["message"], [fault])


def _unregistered(unit: str, registered: frozenset[str]) -> Message:
    nearest = difflib.get_close_matches(unit, sorted(registered), NEAREST_MAX)
    if not nearest:
        return message("unit-unregistered", unit=unit)
    return message("unit-mistyped", unit=unit, nearest=", ".join(nearest))
