"""TLS handshakes, counted and bounded like the connections that follow them.

A server of asyncio with a TLS context shows a connection only once its handshake is complete, so a
flood of silent ones would be counted by no limit and could take all files. Here each takes a place
when it is accepted.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from services.chassis.cancellation import BackgroundTasks
from services.chassis.http.admission import Gate, address_of
from services.chassis.http.connection import HEAD_SECONDS, Connection
from services.chassis.http.problems import Problem
from services.chassis.http.proxies import Proxies
from services.chassis.http.tls import Certificate

AGAIN_SECONDS = 0.2
log = logging.getLogger(__name__)


class Handshake:
    """One handshake, as admission sees it."""

    def __init__(self, sock: socket.socket, address: str, shared: bool, begun: float) -> None:
        self.sock, self.address, self.shared, self.begun = sock, address, shared, begun

    def quiet_since(self) -> float | None:
        """Since when it lasts: whoever is slow gives way."""
        return self.begun

    def starved_since(self) -> float | None:
        """It has no body."""
        return None

    def drop(self) -> None:
        """Has it fail at once."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def cut(self, problem: Problem) -> None:
        """Has it fail: no answer can be read yet."""
        self.drop()

    def sweep(self, now: float) -> None:
        """Its time is limited by the loop."""


@dataclass
class EncryptedListener:
    """Accepts connections, and hands them over once they are encrypted."""

    listener: socket.socket
    gate: Gate
    certificate: Certificate
    new_connection: Callable[[], Connection]
    proxies: Proxies | None = None
    _handshakes: BackgroundTasks = field(default_factory=BackgroundTasks)

    async def run(self) -> None:
        """Accepts until it is cancelled; then it listens no more, and open handshakes end."""
        loop = asyncio.get_running_loop()
        self.listener.setblocking(False)
        try:
            while True:
                try:
                    sock, peer = await loop.sock_accept(self.listener)
                except OSError as error:  # no file is left, or the caller is gone again
                    log.warning("a connection could not be accepted", extra={"error": str(error)})
                    await asyncio.sleep(AGAIN_SECONDS)
                    continue
                self._begin(sock, peer[0])
        finally:
            self.listener.close()
            await self._handshakes.close()

    def _begin(self, sock: socket.socket, host: str) -> None:
        loop = asyncio.get_running_loop()
        shared = self.proxies is not None and self.proxies.trusts(host)
        handshake = Handshake(sock, address_of(host), shared, loop.time())
        if self.gate.enter(handshake) is not None:
            self.gate.leave(handshake)
            sock.close()
            return
        self._handshakes.begin(self._encrypt(handshake), "TLS handshake")

    async def _encrypt(self, handshake: Handshake) -> None:
        """Shakes hands; the connection takes the place of the handshake."""
        loop, sock = asyncio.get_running_loop(), handshake.sock
        connection = self.new_connection()
        connection.before = lambda: self.gate.leave(handshake)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.connect_accepted_socket(
                lambda: connection, sock, ssl=self.certificate.context,
                ssl_handshake_timeout=HEAD_SECONDS,
            )  # fmt: skip
        except (OSError, ssl.SSLError):
            sock.close()
        finally:
            self.gate.leave(handshake)
