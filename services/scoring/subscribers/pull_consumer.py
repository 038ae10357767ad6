"""A fast pull reader of a durable consumer: one inbox subscription and MSG.NEXT requests.

Nothing is acknowledged here by itself: call `ack` after the transaction that used the messages.
Messages that are read twice are expected; deduplicate by content, never by sequence.
"""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import broker_errors
from services.chassis.errors import BrokerAway

PULL_SECONDS = 20
LINGER_SECONDS = 0.002
PENDING_BYTES = 256 * 2**20


@dataclass
class Reader:
    """Reads `stream` through `consumer`, at most `limit` messages a batch."""

    broker: Broker
    stream: str
    consumer: str
    limit: int = 2000
    _buffer: list[Msg] = field(default_factory=list)
    _open: int = 0
    _came: asyncio.Event = field(default_factory=asyncio.Event)
    _sub: Subscription | None = None
    _inbox: str = ""
    _lost: bool = False

    async def start(self) -> None:
        """Subscribes; what an earlier process took without acknowledging comes at once again."""
        nc = await self.broker.ensure()
        await self._again()
        self._inbox = nc.new_inbox()
        with broker_errors():
            self._sub = await nc.subscribe(
                self._inbox, cb=self._on_message, pending_msgs_limit=8 * self.limit,
                pending_bytes_limit=PENDING_BYTES,
            )  # fmt: skip
        if self._on_lost not in self.broker.on_reconnect:
            self.broker.on_reconnect.append(self._on_lost)

    async def _again(self) -> None:
        """Starts over after the last acknowledgement, without waiting for the server's time."""
        self._buffer.clear()
        self._open = 0
        # cleared first: a connection that is lost meanwhile has to be begun anew again
        self._lost = False
        try:
            with broker_errors():
                await self.broker.manager().reset_consumer(self.stream, self.consumer)
        except BaseException:
            self._lost = True
            raise

    async def stop(self) -> None:
        """Ends the subscription; messages not acknowledged come again to the next reader."""
        if self._on_lost in self.broker.on_reconnect:
            self.broker.on_reconnect.remove(self._on_lost)
        if self._sub is not None and self.broker.nc.is_connected:
            with contextlib.suppress(BrokerAway), broker_errors():
                await self._sub.unsubscribe()
        self._sub = None

    def _on_lost(self) -> None:
        self._lost = True
        self._came.set()

    async def _on_message(self, message: Msg) -> None:
        headers = message.headers
        if headers and "Status" in headers and not message.reply:
            self._on_status(headers)
        else:
            self._open -= 1
            self._buffer.append(message)
        self._came.set()

    def _on_status(self, headers: dict[str, str]) -> None:
        if headers["Status"] == "100":
            return
        self._open -= int(headers.get("Nats-Pending-Messages", self._open))

    async def batch(self, seconds: float) -> list[Msg]:
        """Up to `limit` messages; waits at most `seconds` for the first, then a moment for more.

        BrokerAway while the connection is lost; call again.
        """
        await self._pull()
        if not self._buffer:
            await self._wait(seconds)
        seen = 0
        while self._open > 0 and seen < len(self._buffer) < self.limit:
            seen = len(self._buffer)
            await asyncio.sleep(LINGER_SECONDS)
        taken, self._buffer = self._buffer[: self.limit], self._buffer[self.limit :]
        return taken

    async def _wait(self, seconds: float) -> None:
        self._came.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._came.wait()

    async def _pull(self) -> None:
        """Keeps requests for two batches open, so that the next comes while one is used."""
        nc = await self.broker.ensure()
        if self._sub is None:
            await self.start()
        elif self._lost:
            await self._again()
        if self._open + len(self._buffer) > self.limit:
            return
        wanted = 2 * self.limit - self._open - len(self._buffer)
        asked = {"batch": wanted, "expires": PULL_SECONDS * 10**9}
        self._open += wanted
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{self.consumer}"
        with broker_errors():
            await nc.publish(subject, json.dumps(asked).encode(), reply=self._inbox)

    async def ack(self, messages: list[Msg]) -> None:
        """Acknowledges; a lost acknowledgement only means that the message comes again."""
        nc = await self.broker.ensure()
        with broker_errors():
            for message in messages:
                await nc.publish(message.reply, b"+ACK")
            await nc.flush()


def sequence(message: Msg) -> int:
    """The stream sequence of a delivered message, out of its acknowledgement subject."""
    tokens = message.reply.split(".")
    return int(tokens[-4] if len(tokens) == 9 else tokens[-5])
