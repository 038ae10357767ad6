"""The connections of every database of this process, by the semantic conventions."""

import weakref
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from opentelemetry.metrics import CallbackOptions, Observation, get_meter
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

POOL_NAME, STATE = "db.client.connection.pool.name", "db.client.connection.state"


class ObservedPool(NamedTuple):
    """The pool of an engine, under a name, with the number of its connections at most."""

    engine: weakref.ref[Engine]
    name: str
    limit: int


_pools: list[ObservedPool] = []


def observe_pool(engine: Engine, name: str, limit: int) -> None:
    """Observes the pool of an engine for as long as the engine is in use."""
    _pools[:] = [each for each in _pools if each.engine() is not None]
    _pools.append(ObservedPool(weakref.ref(engine), name, limit))


def _in_use() -> Iterator[tuple[ObservedPool, QueuePool]]:
    for each in list(_pools):
        engine = each.engine()
        if engine is not None and isinstance(engine.pool, QueuePool):
            yield each, engine.pool


def connections(_: CallbackOptions) -> Iterable[Observation]:
    """How many connections are used and idle, by pool."""
    numbers = Counter[tuple[str, str]]()
    for each, pool in _in_use():
        numbers[each.name, "used"] += pool.checkedout()
        numbers[each.name, "idle"] += pool.checkedin()
    for (name, state), number in numbers.items():
        yield Observation(number, {POOL_NAME: name, STATE: state})


def limits(_: CallbackOptions) -> Iterable[Observation]:
    """How many connections each pool may have."""
    numbers = Counter[str]()
    for each, _pool in _in_use():
        numbers[each.name] += each.limit
    for name, number in numbers.items():
        yield Observation(number, {POOL_NAME: name})


_meter = get_meter("danchu.database")
_meter.create_observable_up_down_counter(
    "db.client.connection.count", [connections], "{connection}"
)
_meter.create_observable_up_down_counter("db.client.connection.max", [limits], "{connection}")
