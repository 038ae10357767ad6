"""One process that serves some of the services until it is stopped."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.chassis.cancellation import cancel_all
from services.chassis.errors import BrokerAway, DanchuError, DatabaseAway, StateNotMigrated
from services.chassis.heartbeat import Heartbeats, pulse
from services.chassis.http.server import HttpServer, http_server
from services.chassis.settings import Settings
from services.chassis.telemetry import instruments
from services.chassis.telemetry.gauges import measure_for_ever
from services.chassis.wait_log import WaitLog
from services.commands.messages import message
from services.commands.opening import refuse_until
from services.commands.ports import PortTaken, is_free, listen
from services.commands.service_registry import App, Part, build
from services.commands.start_line import process_name, start_fields, version
from services.commands.supervisor_pipe import SupervisorPipe

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0


@dataclass
class Signals:
    """SIGTERM and SIGINT: the first one ends the work gently, a second one ends the drain."""

    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    hurried: asyncio.Event = field(default_factory=asyncio.Event)

    def listen(self) -> None:
        """Handles the signals from now on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        (self.hurried if self.stopped.is_set() else self.stopped).set()


async def serve(names: Sequence[str], part: Part, home: Path | None = None) -> None:
    """Runs until SIGTERM or SIGINT; raises what ended a task of a service."""
    settings = Settings() if home is None else Settings(home=home)
    _check_metrics_port(settings)
    instruments.setup(settings, process_name(names, part), version())
    log.info("the process starts", extra=start_fields(settings, names, part))
    signals = Signals()
    signals.listen()
    apps = build(names, part, home)

    def heartbeats() -> list[Heartbeats]:
        return [app.health.beats for app in apps.values()]

    with SupervisorPipe.of_environment() as pipe:
        pulsing = asyncio.create_task(pulse(heartbeats, pipe.beat))
        try:
            await _run(apps, settings, part, signals, pipe)
        finally:
            pulsing.cancel()


async def _run(
    apps: dict[str, App], settings: Settings, part: Part, signals: Signals, pipe: SupervisorPipe
) -> None:
    """Starts the services, serves until a signal or a failure, and drains."""
    started = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        for app in apps.values():
            stack.push_async_callback(app.stop)
        if not settings.start_waits:
            await _start_all(apps, signals.stopped, waits=False)
            started.set()
        web = await stack.enter_async_context(_serve_http(apps, settings, part, started))
        if not started.is_set():
            await _start_all(apps, signals.stopped, waits=True)
        if signals.stopped.is_set():
            return
        started.set()
        pipe.report_ready()
        await stack.enter_async_context(_measuring(apps, settings))
        watched = [asyncio.create_task(app.failed()) for app in apps.values()]
        ended = [*watched, asyncio.create_task(signals.stopped.wait())]
        await asyncio.wait([*ended, *web.tasks], return_when=asyncio.FIRST_COMPLETED)
        if signals.stopped.is_set():
            await _drain(apps, settings, web, [*watched, *web.tasks], signals)
        for task in ended:
            task.cancel()
        for task in watched:
            if task.done() and not task.cancelled():
                task.result()


def _check_metrics_port(settings: Settings) -> None:
    host = settings.metrics_host or settings.host
    if settings.metrics_port and not is_free(settings.metrics_port, host):
        raise PortTaken(settings.metrics_port, "DANCHU_METRICS_PORT")


@contextlib.asynccontextmanager
async def _measuring(apps: dict[str, App], settings: Settings) -> AsyncIterator[None]:
    """Measures the gauges of the apps, in a process that exports metrics."""
    if not settings.exports_telemetry:
        yield
        return
    measures = {name: measure for app in apps.values() for name, measure in app.measures().items()}
    measuring = asyncio.create_task(measure_for_ever(measures), name="gauges")
    try:
        yield
    finally:
        await cancel_all([measuring])


async def _drain(
    apps: Mapping[str, App], settings: Settings, web: HttpServer,
    failing: Sequence[asyncio.Task[None]], signals: Signals,
) -> None:  # fmt: skip
    """Reports that nothing is ready any more, and serves on until the balancers have seen it."""
    for app in apps.values():
        app.health.closed = message("draining")
    web.close_connections()
    log.info("the process stops", extra={"drain_seconds": settings.drain_seconds})
    if settings.drain_seconds and not signals.hurried.is_set():
        hurried = asyncio.create_task(signals.hurried.wait())
        await asyncio.wait(
            [hurried, *failing], timeout=settings.drain_seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )  # fmt: skip
        hurried.cancel()


async def _start_all(apps: Mapping[str, App], stopped: asyncio.Event, waits: bool) -> None:
    if waits:
        for app in apps.values():
            app.health.closed = message("starting")
    for app in apps.values():
        await _start(app, stopped, waits)


async def _start(app: App, stopped: asyncio.Event, waits: bool) -> None:
    """Starts an app as soon as its database is available.

    A process that restarts while its database recovers waits, as it would while running. With
    `waits` it waits for the migration and the streams too, unless it is stopped.
    """
    waiting = WaitLog(log, "the start")
    while not (waits and stopped.is_set()):
        try:
            await app.start()
            waiting.end()
            app.health.closed = None
            return
        except (DatabaseAway, StateNotMigrated, BrokerAway) as reason:
            if not waits and (stopped.is_set() or not isinstance(reason, DatabaseAway)):
                raise
            await _wait_again(app, reason, waiting, stopped, waits)


async def _wait_again(
    app: App, reason: DanchuError, waiting: WaitLog, stopped: asyncio.Event, waits: bool
) -> None:
    waiting.note(reason)
    if waits:
        app.health.closed = reason.message
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(AGAIN_SECONDS):
            await stopped.wait()


@contextlib.asynccontextmanager
async def _serve_http(
    apps: dict[str, App], settings: Settings, part: Part, started: asyncio.Event
) -> AsyncIterator[HttpServer]:
    """The HTTP server of the apps; a separate fold serves only health, if it has a port."""
    port, option = settings.port, "DANCHU_PORT"
    if part == "fold":
        if settings.health_port is None:
            yield HttpServer()
            return
        port, option = settings.health_port, "DANCHU_HEALTH_PORT"
    # loaded here: a fold without a port needs no web framework
    from services.chassis.http.metrics import measure_requests
    from services.chassis.http.service_api import compose, health_only
    from services.commands.front_page import front_page

    if part == "fold":
        served = {name: (health_only({name: app.health}), app.health) for name, app in apps.items()}
        settings = settings.model_copy(update={"tls_certificate": None, "tls_key": None})
    else:
        served = {name: (app.api, app.health) for name, app in apps.items()}
    pages = next((app.pages for app in apps.values() if app.pages is not None), None)
    root = refuse_until(started, compose(served, front_page(list(apps), pages)))
    if settings.exports_telemetry:
        root = measure_requests(root)
    async with http_server(root, settings, listen(settings.host, port, option)) as web:
        yield web
