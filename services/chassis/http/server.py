"""The HTTP server of a process: uvicorn with our own connections (`connection`)."""

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import AsyncIterator

import uvicorn
from starlette.types import ASGIApp

from services.chassis.http.admission import AdmissionLimits, Gate
from services.chassis.http.connection import protocol
from services.chassis.settings import Settings

log = logging.getLogger(__name__)

GRACE_SECONDS = 10
SWEEP_SECONDS = 0.5
FILES_MAX = 65_536


def raise_file_limit() -> int:
    """Raises the limit of open files to the system's maximum; returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return FILES_MAX if soft == resource.RLIM_INFINITY else soft


@contextlib.asynccontextmanager
async def http_server(
    app: ASGIApp, settings: Settings, listener: socket.socket
) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Serves the application within the block; the tasks end if it cannot continue."""
    limits = AdmissionLimits.of(settings, raise_file_limit())
    log.info("HTTP is bounded", extra={"limits": vars(limits)})
    gate = Gate(limits)
    config = uvicorn.Config(
        app, settings.host, settings.port, http=protocol(gate), ws="none", access_log=False,
        log_config=None, lifespan="off", timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False, proxy_headers=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    web, sweeping = asyncio.create_task(server.serve([listener])), asyncio.create_task(_sweep(gate))
    try:
        yield [web, sweeping]
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
