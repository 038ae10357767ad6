"""One process that serves some of the services until it is stopped."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from services.chassis.errors import DatabaseAway
from services.chassis.http.metrics import count_requests
from services.chassis.http.server import http_server
from services.chassis.http.service_api import compose, health_only
from services.chassis.settings import Settings
from services.chassis.telemetry import instruments
from services.commands.front_page import front_page
from services.commands.ports import listen
from services.commands.service_registry import App, Part, build
from services.commands.start_line import start_fields
from services.commands.supervisor import report_ready

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0


async def serve(names: Sequence[str], part: Part, home: Path | None = None) -> None:
    """Runs until SIGTERM or SIGINT; raises what ended a task of a service."""
    settings = Settings() if home is None else Settings(home=home)
    instruments.setup(settings, "-".join((*names, part)))
    log.info("the process starts", extra=start_fields(settings, names, part))
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    apps = build(names, part, home)
    async with _start_all(apps, stopped):
        watched = [asyncio.create_task(app.failed()) for app in apps.values()]
        ended = [*watched, asyncio.create_task(stopped.wait())]
        async with _serve_http(apps, settings, part) as web:
            report_ready()
            await asyncio.wait([*ended, *web], return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.cancel()
        for task in watched:
            if task.done() and not task.cancelled():
                task.result()


@contextlib.asynccontextmanager
async def _start_all(apps: dict[str, App], stopped: asyncio.Event) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        for app in apps.values():
            stack.push_async_callback(app.stop)
            await _start(app, stopped)
        yield


async def _start(app: App, stopped: asyncio.Event) -> None:
    """Starts an app as soon as its database is available.

    A process that restarts while its database recovers waits, as it would while running.
    """
    while True:
        try:
            return await app.start()
        except DatabaseAway as away:
            log.warning("the start waits for the database", extra={"error": str(away)})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_SECONDS):
                    await stopped.wait()
            if stopped.is_set():
                raise


@contextlib.asynccontextmanager
async def _serve_http(
    apps: dict[str, App], settings: Settings, part: Part
) -> AsyncIterator[list[asyncio.Task[None]]]:
    """The HTTP server of the apps; a separate fold serves only health, if it has a port."""
    port, option = settings.port, "DANCHU_PORT"
    served = {name: (app.api, app.health) for name, app in apps.items()}
    if part == "fold":
        if settings.health_port is None:
            yield []
            return
        port, option = settings.health_port, "DANCHU_HEALTH_PORT"
        served = {name: (health_only({name: app.health}), app.health) for name, app in apps.items()}
    root = compose(served, front_page(list(apps)))
    if settings.otlp_endpoint:
        root = count_requests(root)
    async with http_server(root, settings, listen(settings.host, port, option)) as web:
        yield web
