"""The HTTP server of a process: uvicorn with our own connections (`connection`)."""

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp

from services.chassis.http.admission import AdmissionLimits, Gate
from services.chassis.http.connection import protocol
from services.chassis.settings import Settings

log = logging.getLogger(__name__)

GRACE_SECONDS = 10
SWEEP_SECONDS = 0.5
FILES_MAX = 65_536
CLOSE = (b"connection", b"close")


def raise_file_limit() -> int:
    """Raises the limit of open files to the system's maximum; returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return FILES_MAX if soft == resource.RLIM_INFINITY else soft


class _Uvicorn(uvicorn.Server):
    """uvicorn, which leaves the signals to the process: it drains before its server ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class HttpServer:
    """A running server; its tasks end if it cannot continue. Without arguments: none."""

    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _server: uvicorn.Server | None = None

    def close_connections(self) -> None:
        """Has each connection end with its next answer, so that callers look for another server."""
        if self._server is not None and self._server.started:
            # uvicorn takes up the headers of its configuration every second
            self._server.config.encoded_headers.append(CLOSE)
            self._server.server_state.default_headers.append(CLOSE)


@contextlib.asynccontextmanager
async def http_server(
    app: ASGIApp, settings: Settings, listener: socket.socket
) -> AsyncIterator[HttpServer]:
    """Serves the application within the block."""
    limits = AdmissionLimits.of(settings, raise_file_limit())
    log.info("HTTP is bounded", extra={"limits": vars(limits)})
    gate = Gate(limits)
    config = uvicorn.Config(
        app, settings.host, settings.port, http=protocol(gate), ws="none", access_log=False,
        log_config=None, lifespan="off", timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False, proxy_headers=False,
    )  # fmt: skip
    server = _Uvicorn(config)
    web, sweeping = asyncio.create_task(server.serve([listener])), asyncio.create_task(_sweep(gate))
    try:
        yield HttpServer([web, sweeping], server)
    finally:
        server.should_exit = True
        await web
        if sweeping.done():
            sweeping.result()
        sweeping.cancel()


async def _sweep(gate: Gate) -> None:
    """Ends whatever has taken too long, on every connection."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        now = loop.time()
        for guest in gate.guests():
            guest.sweep(now)
