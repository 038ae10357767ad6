"""NATS: one connection that knows its failures, and the provisioning of streams.

A denied or failed publish is told by the client's `error_cb` alone and looks like a timeout
otherwise; `Broker.request` fails at once with the server's own words.
"""

import asyncio
import contextlib
import json
import logging
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import (
    DiscardPolicy,
    PersistMode,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import NotFoundError
from nats.js.manager import JetStreamManager

from contracts.messages import Message
from services.chassis.auth.denials import note_broker_denial
from services.chassis.broker.consumers import CONSUMERS, ConsumerPlan
from services.chassis.broker.errors import broker_errors
from services.chassis.errors import BrokerAway, DurabilityTooWeak, DurabilityUnknown
from services.chassis.messages import message
from services.chassis.settings import NatsAccess

log = logging.getLogger(__name__)

REQUEST_SECONDS = 10.0
CONNECT_SECONDS = 3.0
RETRY_SECONDS = 1
DEDUPE_SECONDS = 120.0
OVERRIDE = "DANCHU_NATS_SYNC_ALWAYS_VOUCHED"


@dataclass
class Broker:
    """One connection of one service; made without network, connected by `ensure`."""

    access: NatsAccess
    name: str
    nc: Client = field(default_factory=Client)
    on_reconnect: list[Callable[[], None]] = field(default_factory=list)
    _inflight: set[asyncio.Future[Any]] = field(default_factory=set)
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _joining: bool = False

    async def ensure(self) -> Client:
        """The live connection; BrokerAway while there is none."""
        if self.nc.is_connected:
            return self.nc
        async with self._connecting:
            if self.nc.is_reconnecting:
                raise BrokerAway("the connection is being made again")
            if not self.nc.is_connected:
                await self._connect()
        return self.nc

    async def _connect(self) -> None:
        """The client would try for ever, with a wrong password too: its first error ends it."""
        self.nc, self._joining = Client(), True
        connecting = self.nc.connect(
            self.access.url, name=self.name, user=self.access.user,
            password=self.access.password, inbox_prefix=self.access.inbox_prefix,
            error_cb=self._on_error, disconnected_cb=self._on_disconnect,
            reconnected_cb=self._on_reconnected, max_reconnect_attempts=-1,
            reconnect_time_wait=RETRY_SECONDS, allow_reconnect=True,
        )  # fmt: skip
        try:
            with broker_errors():
                async with asyncio.timeout(CONNECT_SECONDS):
                    await connecting
        except BrokerAway as away:
            raise BrokerAway(self.nc.last_error or away.cause) from away
        finally:
            self._joining = False
            if not self.nc.is_connected:
                with contextlib.suppress(BrokerAway), broker_errors():
                    await self.nc.close()

    async def _on_error(self, error: Exception) -> None:
        log.debug("the broker refused or failed", extra={"error": str(error)})
        note_broker_denial(self.name, self.access.user, error)
        self._fail(BrokerAway(error))
        if self._joining:
            raise BrokerAway(error)

    async def _on_disconnect(self) -> None:
        if not self.nc.is_closed:
            log.warning("the connection to the broker was lost", extra={"connection": self.name})
        self._fail(BrokerAway("the connection was lost"))

    async def _on_reconnected(self) -> None:
        log.info("the broker is connected again", extra={"connection": self.name})
        for told in self.on_reconnect:
            told()

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
        """The reply to a request; BrokerAway when it was denied, lost, or nobody answered."""
        nc = await self.ensure()
        failed: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        asked = asyncio.ensure_future(
            nc.request(subject, payload, timeout=seconds, headers=headers)
        )
        self._inflight.add(failed)
        try:
            with broker_errors():
                await asyncio.wait({failed, asked}, return_when=asyncio.FIRST_COMPLETED)
                return failed.result() if failed.done() else asked.result()
        finally:
            self._inflight.discard(failed)
            failed.cancel()
            asked.cancel()

    def manager(self) -> JetStreamManager:
        """The JetStream API of the live connection (call `ensure` first)."""
        return self.nc.jsm()

    async def stream_info(self, name: str) -> StreamInfo:
        """State and configuration of a stream; BrokerAway without it or its server."""
        await self.ensure()
        with broker_errors():
            return await self.manager().stream_info(name)

    async def close(self) -> None:
        """Sends what is buffered and closes; a connection that was never made is left alone."""
        if self.nc.is_connected:
            with contextlib.suppress(BrokerAway), broker_errors():
                await self.nc.drain()
        if self.nc.is_connected or self.nc.is_connecting or self.nc.is_reconnecting:
            with contextlib.suppress(BrokerAway), broker_errors():
                await self.nc.close()

    def state(self) -> str:
        """For health pages: connected, reconnecting or away."""
        if self.nc.is_connected:
            return "connected"
        return "reconnecting" if self.nc.is_reconnecting else "away"


@dataclass(frozen=True)
class StreamPlan:
    """One stream as it has to be; `last_per_subject` keeps only the newest of each subject."""

    name: str
    subjects: str
    append_only: bool
    last_per_subject: bool = False

    def config(self) -> StreamConfig:
        """The configuration to create or update the stream with."""
        return StreamConfig(
            name=self.name, subjects=[self.subjects], storage=StorageType.FILE,
            retention=RetentionPolicy.LIMITS, discard=DiscardPolicy.OLD,
            max_msgs_per_subject=1 if self.last_per_subject else -1,
            deny_delete=self.append_only, deny_purge=self.append_only,
            duplicate_window=DEDUPE_SECONDS, allow_atomic=True, allow_direct=True,
        )  # fmt: skip


STREAMS = (
    StreamPlan("EVENTS", "danchu.events.>", append_only=True),
    StreamPlan("QUARANTINE", "danchu.quarantine.>", append_only=False),
    StreamPlan("RATINGS", "danchu.ratings.>", append_only=False, last_per_subject=True),
    StreamPlan("MARKS", "danchu.marks.>", append_only=False, last_per_subject=True),
)


async def provision(broker: Broker, anew: bool = False) -> list[Message]:
    """Creates or corrects streams and consumers and says what was done; twice does nothing.

    `anew` sets the consumers back to the beginning: after the loss of a stream a durable consumer
    may keep its old position and would hear nothing.
    """
    await broker.ensure()
    manager = broker.manager()
    changes: list[Message] = []
    with broker_errors():
        for stream in STREAMS:
            changes += await _provision_stream(manager, stream)
        for consumer in CONSUMERS:
            changes += await _provision_consumer(manager, consumer, anew)
    return changes


async def _provision_stream(manager: JetStreamManager, plan: StreamPlan) -> list[Message]:
    wanted = plan.config()
    try:
        found = (await manager.stream_info(plan.name)).config
    except NotFoundError:
        found = (await manager.add_stream(wanted)).config
        check_stream(found)
        return [message("stream-created", stream=plan.name)]
    check_stream(found)
    if not _differs(found, wanted):
        return []
    check_stream((await manager.update_stream(wanted)).config)
    return [message("stream-updated", stream=plan.name)]


def _differs(found: StreamConfig, wanted: StreamConfig) -> bool:
    names = (
        "subjects", "max_msgs_per_subject", "deny_delete", "deny_purge", "duplicate_window",
        "allow_atomic", "allow_direct",
    )  # fmt: skip
    return any(getattr(found, name) != getattr(wanted, name) for name in names)


def check_stream(config: StreamConfig) -> None:
    """DurabilityTooWeak when the stream is not on disk or is written behind the acknowledgement."""
    why = message("why-behind")
    store = f"JetStream {config.name}"
    if config.storage != StorageType.FILE:
        raise DurabilityTooWeak(store, "storage", str(config.storage), "file", why)
    if config.persist_mode == PersistMode.ASYNC:
        raise DurabilityTooWeak(store, "persist_mode", "async", "default", why)


async def _provision_consumer(
    manager: JetStreamManager, plan: ConsumerPlan, anew: bool
) -> list[Message]:
    try:
        found = await manager.consumer_info(plan.stream, plan.name)
    except NotFoundError:
        await plan.create(manager)
        return [message("consumer-created", consumer=plan.name, stream=plan.stream)]
    if not plan.fits(found.config):
        await plan.replace(manager)
        return [message("consumer-created", consumer=plan.name, stream=plan.stream)]
    if not anew:
        return []
    # not deleted and created: the fold would see it missing, and make it at the same moment
    await manager.reset_consumer(plan.stream, plan.name, 1)
    return [message("consumer-again", consumer=plan.name, stream=plan.stream)]


async def check_sync(monitor: str | None, vouched: bool) -> bool:
    """Reads `sync_interval: always` back from /varz; True when seen, False when vouched for."""
    shown = await asyncio.to_thread(_varz, monitor) if monitor else None
    if shown is None:
        if not vouched:
            raise DurabilityUnknown("NATS", "sync_interval", OVERRIDE)
        log.warning("nobody checked NATS: sync_interval is vouched for", extra={"by": OVERRIDE})
        return False
    jetstream = shown.get("jetstream", {}).get("config", {})
    if not jetstream.get("sync_always"):
        found = f"{jetstream.get('sync_interval', 0) / 1e9:g} s"
        why = message("why-flush")
        raise DurabilityTooWeak("NATS JetStream", "sync_interval", found, "always", why)
    return True


def _varz(monitor: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"{monitor.rstrip('/')}/varz", timeout=5) as answer:
            shown: dict[str, Any] = json.load(answer)
            return shown
    except (OSError, ValueError) as hidden:
        log.warning("the monitoring address of NATS does not answer", extra={"error": str(hidden)})
        return None
