"""The HTTP server of a process: uvicorn with our own connections (`connection`)."""

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from services.chassis.cancellation import cancel_all
from services.chassis.http.admission import AdmissionLimits, Gate
from services.chassis.http.browser_headers import TEXT_FIELDS
from services.chassis.http.connection import Connection, protocol
from services.chassis.http.handshake import EncryptedListener
from services.chassis.http.proxies import Proxies, parse_proxies
from services.chassis.http.rates import Rates
from services.chassis.http.tls import Certificate, load_certificate
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
    certificate, proxies = load_certificate(settings), trusted_proxies(settings)
    gate = Gate(limits, request_rates(settings))
    config = uvicorn.Config(
        app, settings.host, settings.port, http=protocol(gate, proxies), ws="none",
        access_log=False, log_config=None, lifespan="off",
        timeout_graceful_shutdown=GRACE_SECONDS, server_header=False, proxy_headers=False,
        headers=TEXT_FIELDS,
    )  # fmt: skip
    server = _Uvicorn(config)
    tasks = [asyncio.create_task(_sweep(gate, certificate))]
    listeners = [listener]
    if certificate is not None:
        config.load()
        new = partial(_new_connection, server)
        encrypted = EncryptedListener(listener, gate, certificate, new, proxies)
        tasks.append(asyncio.create_task(encrypted.run()))
        listeners = []
    web = asyncio.create_task(server.serve(listeners))
    try:
        yield HttpServer([web, *tasks], server)
    finally:
        server.should_exit = True
        for task in tasks[1:]:
            task.cancel()
        await web
        for guest in gate.guests():
            guest.drop()
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()
        await cancel_all(tasks)


def _new_connection(server: uvicorn.Server) -> Connection:
    """A connection of the server that it has not accepted itself."""
    config = server.config
    connection: Connection = config.http_protocol_class(  # type: ignore[call-arg, assignment]
        config=config, server_state=server.server_state, app_state={}
    )
    return connection


def trusted_proxies(settings: Settings) -> Proxies | None:
    """The proxies that the settings name; SettingWrong for what is no address."""
    if settings.trusted_proxies is None:
        return None
    return parse_proxies(settings.trusted_proxies, settings.proxy_header)


def request_rates(settings: Settings) -> Rates | None:
    """How many requests a second a credential may send to this process; None for any number."""
    rate = settings.http_credential_rate
    if rate is None:
        return None
    return Rates.share(rate, settings.http_credential_burst or 2 * rate, settings.http_replicas)


async def _sweep(gate: Gate, certificate: Certificate | None) -> None:
    """Ends whatever has taken too long, on every connection, and takes a renewed certificate."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        now = loop.time()
        if certificate is not None:
            certificate.renew()
        for guest in gate.guests():
            guest.sweep(now)
