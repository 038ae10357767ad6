"""NATS: one connection that knows its failures.

A denied or failed publish is told by the client's `error_cb` alone and looks like a timeout
otherwise; `Broker.request` fails at once with the server's own words.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import (
    StreamInfo,
)
from nats.js.manager import JetStreamManager

from services.chassis.broker.encryption import NatsClient
from services.chassis.broker.errors import translate_client_errors
from services.chassis.broker.openness import Openness
from services.chassis.cancellation import give_up
from services.chassis.denials import note_broker_denial
from services.chassis.errors import BrokerAway, SettingWrong
from services.chassis.settings import NatsAccess

log = logging.getLogger(__name__)

REQUEST_SECONDS = 10.0
CONNECT_SECONDS = 3.0
RETRY_SECONDS = 1
PING_SECONDS = 10
STAY_SECONDS = 5.0
CLOSE_SECONDS = 2.0


@dataclass
class Broker:
    """The connection of one service, which `ensure` opens when it is first needed."""

    access: NatsAccess
    name: str
    nc: Client = field(default_factory=NatsClient)
    on_reconnect: list[Callable[[], None]] = field(default_factory=list)
    openness: Openness = field(init=False)
    _inflight: set[asyncio.Future[Any]] = field(default_factory=set)
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _joining: bool = False
    _servers: list[str] = field(default_factory=list)
    _connected_at: float = 0.0

    def __post_init__(self) -> None:
        self.openness = Openness(self.access)
        servers = self.access.servers
        self._servers = random.sample(servers, len(servers))  # the clients spread over them

    async def ensure(self) -> Client:
        """The open connection; BrokerAway if it cannot be opened."""
        if self.nc.is_connected:
            return self.nc
        async with self._connecting:
            if self.nc.is_reconnecting:
                raise BrokerAway("the connection is being made again")
            if not self.nc.is_connected:
                await self._connect()
        return self.nc

    async def _connect(self) -> None:
        """Ends at the first error: the client would retry even a wrong password for ever."""
        context = self.access.tls.context()
        first, self.nc, self._joining = self._connected_at == 0.0, NatsClient(), True
        connecting = self.nc.connect(
            self._servers, dont_randomize=True, name=self.name, user=self.access.user,
            password=self.access.password, inbox_prefix=self.access.inbox_prefix,
            error_cb=self._on_error, disconnected_cb=self._on_disconnect,
            reconnected_cb=self._on_reconnected, max_reconnect_attempts=-1,
            reconnect_time_wait=RETRY_SECONDS, allow_reconnect=True,
            ping_interval=PING_SECONDS, tls=context,
        )  # fmt: skip
        try:
            with translate_client_errors():
                async with asyncio.timeout(CONNECT_SECONDS):
                    await connecting
        except BrokerAway as away:
            self._servers.append(self._servers.pop(0))
            raise BrokerAway(self.nc.last_error or away.cause) from away
        finally:
            self._joining = False
            if not self.nc.is_connected:
                await self._close()

        self._connected_at = time.monotonic()
        if not first:
            await self._on_reconnected()

    async def change_server(self) -> None:
        """Leaves a server that is connected and does not do its work, where there are others.

        A server that is cut off from its cluster keeps its clients, and answers them nothing.
        """
        stays = time.monotonic() - self._connected_at < STAY_SECONDS
        if len(self._servers) < 2 or not self.nc.is_connected or stays:
            return
        async with self._connecting:
            log.warning("the broker is left for another one", extra={"connection": self.name})
            self._servers.append(self._servers.pop(0))
            await self._close()
            self._fail(BrokerAway("the connection was left"))

    async def _on_error(self, error: Exception) -> None:
        log.debug("the broker refused or failed", extra={"error": str(error)})
        note_broker_denial(self.name, self.access.user, error)
        self._fail(BrokerAway(error))
        if self._joining:
            raise BrokerAway(error)

    async def _on_disconnect(self) -> None:
        if not self.nc.is_closed:
            log.warning("the connection to the broker was lost", extra={"connection": self.name})
            self._renew_certificate()
        self._fail(BrokerAway("the connection was lost"))

    def _renew_certificate(self) -> None:
        """Connects again with what the files contain now, since certificates end."""
        try:
            context = self.access.tls.context()
            if context is not None:
                self.nc.options["tls"] = context
        except SettingWrong as fault:
            log.error("the certificate for NATS is unusable", extra={"error": str(fault)})

    async def _on_reconnected(self) -> None:
        log.info("the broker is connected again", extra={"connection": self.name})
        for callback in self.on_reconnect:
            callback()

    def _fail(self, error: BrokerAway) -> None:
        for waiting in self._inflight:
            if not waiting.done():
                waiting.set_exception(error)

    async def request(
        self,
        subject: str,
        payload: bytes = b"",
        headers: dict[str, str] | None = None,
        seconds: float = REQUEST_SECONDS,
    ) -> Msg:
        """The reply to a request; BrokerAway if it was denied, lost, or not answered."""
        nc = await self.ensure()
        failure: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        reply = asyncio.ensure_future(
            nc.request(subject, payload, timeout=seconds, headers=headers)
        )
        self._inflight.add(failure)
        try:
            with translate_client_errors():
                await asyncio.wait({failure, reply}, return_when=asyncio.FIRST_COMPLETED)
                return failure.result() if failure.done() else reply.result()
        finally:
            self._inflight.discard(failure)
            failure.cancel()
            give_up(reply)

    def manager(self) -> JetStreamManager:
        """The JetStream API of the open connection (call `ensure` first)."""
        return self.nc.jsm()

    async def stream_info(self, name: str) -> StreamInfo:
        """State and configuration of a stream; BrokerAway if it or the server is missing."""
        await self.ensure()
        with translate_client_errors():
            return await self.manager().stream_info(name)

    async def close(self) -> None:
        """Flushes and closes the connection, if it was ever opened."""
        if self.nc.is_connected:
            with contextlib.suppress(BrokerAway), translate_client_errors():
                await self.nc.drain()
        if self.nc.is_connected or self.nc.is_connecting or self.nc.is_reconnecting:
            await self._close()

    async def _close(self) -> None:
        """Closes the client, which waits for ever after a TLS handshake that failed."""
        with contextlib.suppress(BrokerAway), translate_client_errors():
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.nc.close()

    def state(self) -> str:
        """The state for health checks: connected, reconnecting or away."""
        if self.nc.is_connected:
            return "connected"
        return "reconnecting" if self.nc.is_reconnecting else "away"
