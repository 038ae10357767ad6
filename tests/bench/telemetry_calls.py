"""Times every call of telemetry that a process makes: spans, counters and histograms.

Whatever a module of ours holds of OpenTelemetry is wrapped, so a call that is added is timed too.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any

from opentelemetry.metrics import Counter, Histogram
from opentelemetry.trace import Tracer

from services.chassis.telemetry import instruments


class Calls:
    """The processor time of the outermost calls, in seconds, and their number."""

    def __init__(self) -> None:
        self.seconds, self.number = 0.0, 0
        self._depth = 0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Adds the block, unless it is within another one."""
        self._depth += 1
        began = time.thread_time()
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self.seconds += time.thread_time() - began
                self.number += 1

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, timed; of a block its beginning and its end."""

        @functools.wraps(call)
        def wrapped(*given: Any, **named: Any) -> Any:
            with self.timed():
                result = call(*given, **named)
            return self._block(result) if isinstance(result, AbstractContextManager) else result

        return wrapped

    @contextmanager
    def _block(self, manager: AbstractContextManager[Any]) -> Iterator[Any]:
        with self.timed():
            value = manager.__enter__()
        raised: tuple[Any, Any, Any] = (None, None, None)
        try:
            yield value
        except BaseException as error:
            raised = type(error), error, error.__traceback__
            raise
        finally:
            with self.timed():
                manager.__exit__(*raised)


class _Timed:
    """An instrument whose methods are timed."""

    def __init__(self, instrument: Any, calls: Calls) -> None:
        self._instrument, self._calls = instrument, calls

    def __getattr__(self, name: str) -> Any:
        return self._calls.wrap(getattr(self._instrument, name))


def install() -> Calls:
    """Times the calls of this process from now on."""
    calls = Calls()
    ours: Iterable[ModuleType] = [
        module for name, module in sys.modules.items()
        if name.startswith("services.") and module is not instruments
    ]  # fmt: skip
    for module in ours:
        for name, value in list(vars(module).items()):
            if isinstance(value, Tracer | Counter | Histogram):
                setattr(module, name, _Timed(value, calls))
            elif value is instruments.message_span or value is instruments.trace_headers:
                setattr(module, name, calls.wrap(value))
    return calls
