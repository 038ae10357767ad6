"""Gauges of what a process measures about itself, and the task that measures.

A gauge reports the values that were last set, and none that is older than a minute: while a
database is away or a task hangs, a figure from before would hide it. Exporters read the values in
threads of their own.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from types import MappingProxyType

from opentelemetry.metrics import CallbackOptions, Observation

from services.chassis.errors import DanchuError
from services.chassis.telemetry.instruments import meter

log = logging.getLogger(__name__)

MEASURE_SECONDS = 5.0
FRESH_SECONDS = 60.0
NO_ATTRIBUTES: Mapping[str, str] = MappingProxyType({})
Measure = Callable[[], Awaitable[None]]
"""Sets some gauges; DanchuError where what it looks at is away."""


class LatestGauge:
    """A gauge with the last value for each set of attributes, while that is fresh."""

    def __init__(
        self, name: str, unit: str, description: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._values: dict[tuple[tuple[str, str], ...], tuple[float, float]] = {}
        meter("danchu").create_observable_gauge(name, [self.observe], unit, description)

    def set(self, value: float, attributes: Mapping[str, str] = NO_ATTRIBUTES) -> None:
        """Sets the value for these attributes."""
        self._values[tuple(attributes.items())] = (value, self._clock())

    def observe(self, _: CallbackOptions) -> Iterator[Observation]:
        """The fresh values, for an exporter."""
        now = self._clock()
        for attributes, (value, at) in list(self._values.items()):
            if now - at <= FRESH_SECONDS:
                yield Observation(value, dict(attributes))


async def measure_for_ever(measures: Mapping[str, Measure]) -> None:
    """Measures until it is cancelled; what fails lets its gauges expire, and stops no other."""
    while True:
        for name, measure in measures.items():
            await _measure(name, measure)
        await asyncio.sleep(MEASURE_SECONDS)


async def _measure(name: str, measure: Measure) -> None:
    try:
        async with asyncio.timeout(MEASURE_SECONDS):
            await measure()
    except (DanchuError, TimeoutError) as away:
        log.debug("nothing was measured", extra={"measure": name, "error": str(away)})
    except Exception as fault:  # a bug: its gauges expire, and the process goes on
        log.error("a measurement failed", extra={"measure": name}, exc_info=fault)
