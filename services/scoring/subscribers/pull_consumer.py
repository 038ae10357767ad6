"""A fast reader of a durable pull consumer: one inbox subscription and MSG.NEXT requests.

Messages are acknowledged only by `ack`, which is called after the transaction that used them.
Messages may be delivered twice; deduplicate them by content, never by sequence.
"""

import asyncio
import contextlib
import json
import logging
import time
from dataclasses import dataclass, field

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import translate_client_errors
from services.chassis.errors import BrokerAway

log = logging.getLogger(__name__)

PULL_SECONDS = 20
HEARTBEAT_SECONDS, SILENT_SECONDS = 2, 6.0
"""While a request is open the server sends heartbeats. In a cluster a request is lost, without a
word, with the server that leads the consumer; silence shows it."""
FLUSH_SECONDS = 3
LINGER_SECONDS = 0.002
PENDING_BYTES = 256 * 2**20


@dataclass
class Reader:
    """Reads `stream` through `consumer`, at most `limit` messages at a time."""

    broker: Broker
    stream: str
    consumer: str
    limit: int = 2000
    _buffer: list[Msg] = field(default_factory=list)
    _open: int = 0
    _arrival: asyncio.Event = field(default_factory=asyncio.Event)
    _sub: Subscription | None = None
    _inbox: str = ""
    _lost: bool = False
    _heard_at: float = 0.0

    async def start(self) -> None:
        """Subscribes; messages left unacknowledged by an earlier reader are redelivered at once."""
        nc = await self.broker.ensure()
        await self._reset()
        self._inbox = nc.new_inbox()
        with translate_client_errors():
            self._sub = await nc.subscribe(
                self._inbox, cb=self._on_message, pending_msgs_limit=8 * self.limit,
                pending_bytes_limit=PENDING_BYTES,
            )  # fmt: skip
        if self._on_lost not in self.broker.on_reconnect:
            self.broker.on_reconnect.append(self._on_lost)

    async def _reset(self) -> None:
        """Starts again after the last acknowledgement, without waiting for the server's timeout."""
        self._buffer.clear()
        self._open = 0
        # cleared first: if the connection is lost meanwhile, it must be reset again
        self._lost = False
        try:
            with translate_client_errors():
                await self.broker.manager().reset_consumer(self.stream, self.consumer)
        except BaseException:
            self._lost = True
            raise

    async def stop(self) -> None:
        """Ends the subscription; unacknowledged messages are redelivered to the next reader."""
        if self._on_lost in self.broker.on_reconnect:
            self.broker.on_reconnect.remove(self._on_lost)
        if self._sub is not None and self.broker.nc.is_connected:
            with contextlib.suppress(BrokerAway), translate_client_errors():
                await self._sub.unsubscribe()
        self._sub = None

    def _on_lost(self) -> None:
        self._lost = True
        self._arrival.set()

    async def _on_message(self, message: Msg) -> None:
        self._heard_at = time.monotonic()
        headers = message.headers
        if headers and "Status" in headers and not message.reply:
            self._on_status(headers)
        else:
            self._open -= 1
            self._buffer.append(message)
        self._arrival.set()

    def _on_status(self, headers: dict[str, str]) -> None:
        if headers["Status"] == "100":  # a heartbeat
            return
        # a request ended, for example by its timeout: the rest of its messages will not come
        self._open -= int(headers.get("Nats-Pending-Messages", self._open))

    async def batch(self, seconds: float) -> list[Msg]:
        """Up to `limit` messages; waits at most `seconds` for the first, then while more arrive.

        Raises BrokerAway while there is no connection; call it again then.
        """
        await self._pull()
        if not self._buffer:
            await self._wait(seconds)
            self._notice_silence()
        size = 0
        while self._open > 0 and size < len(self._buffer) < self.limit:
            size = len(self._buffer)
            await asyncio.sleep(LINGER_SECONDS)
        batch, self._buffer = self._buffer[: self.limit], self._buffer[self.limit :]
        return batch

    def _notice_silence(self) -> None:
        """Has the next batch ask anew, if neither messages nor heartbeats arrive any more."""
        silent = time.monotonic() - self._heard_at > SILENT_SECONDS
        if silent and not self._buffer and self._open > 0:
            log.warning("the requests for events are lost and sent again")
            self._lost = True

    async def _wait(self, seconds: float) -> None:
        self._arrival.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._arrival.wait()

    async def _pull(self) -> None:
        """Keeps requests for two batches open, so that one arrives while the other is folded."""
        nc = await self.broker.ensure()
        if self._sub is None:
            await self.start()
        elif self._lost:
            await self._reset()
        if self._open + len(self._buffer) > self.limit:
            return
        number = 2 * self.limit - self._open - len(self._buffer)
        request = {
            "batch": number, "expires": PULL_SECONDS * 10**9,
            "idle_heartbeat": HEARTBEAT_SECONDS * 10**9,
        }  # fmt: skip
        self._heard_at = time.monotonic()
        self._open += number
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{self.consumer}"
        with translate_client_errors():
            await nc.publish(subject, json.dumps(request).encode(), reply=self._inbox)

    async def ack(self, messages: list[Msg]) -> None:
        """Acknowledges messages; if an acknowledgement is lost, its message is delivered again."""
        nc = await self.broker.ensure()
        with translate_client_errors():
            for message in messages:
                await nc.publish(message.reply, b"+ACK")
            await nc.flush(FLUSH_SECONDS)


def sequence(message: Msg) -> int:
    """The stream sequence of a delivered message, from its acknowledgement subject."""
    # $JS.ACK.<stream>.… has 9 tokens; the form with domain and account ends in one token more
    tokens = message.reply.split(".")
    return int(tokens[-4] if len(tokens) == 9 else tokens[-5])
