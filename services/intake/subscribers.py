"""The NATS door: requests to danchu.emit.<unit>, answered with the same JSON as over HTTP."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faststream.nats import NatsBroker
from faststream.nats.annotations import NatsMessage
from faststream.nats.message import NatsMessage as RawNatsMessage
from faststream.security import SASLPlaintext
from nats.errors import Error as NatsError

from contracts.bounds import PLAIN
from contracts.door import BodyRefused
from contracts.envelope import EMIT_SUBJECT
from services.chassis.auth import ANY, Credential
from services.chassis.errors import DatabaseAway
from services.chassis.http import Problem, away
from services.chassis.settings import NatsAccess
from services.intake.answers import answered, refused_body
from services.intake.domain import Receipt
from services.intake.handlers import Intake

log = logging.getLogger(__name__)

QUEUE = "intake"
EVENTS_MAX = 1000
REQUEST_BYTES_MAX = 900 * 1024
WORKERS = 8
REPLY_ROOM = 4096
REOPEN_SECONDS = 1.0


@dataclass
class NatsDoor:
    """The door's own connection, opened whenever NATS is there."""

    access: NatsAccess
    intake: Intake
    sources: Mapping[str, Sequence[str]]

    async def run(self) -> None:
        """Keeps the door open until cancelled; then answers what it has begun, and closes."""
        while True:
            closed = asyncio.Event()
            broker = self.build(closed)
            try:
                await broker.start()
                await closed.wait()
            except (NatsError, OSError, TimeoutError) as away:
                log.warning("the NATS door is shut", extra={"error": str(away)})
            finally:
                with contextlib.suppress(NatsError, OSError, TimeoutError):
                    await broker.stop()
            await asyncio.sleep(REOPEN_SECONDS)

    def build(self, closed: asyncio.Event) -> NatsBroker:
        """The broker with its one subscriber, connected to nothing yet."""

        async def on_closed() -> None:
            closed.set()

        async def on_error(error: Exception) -> None:
            log.debug("the NATS door has an error", extra={"error": str(error)})

        security = None
        if self.access.user is not None and self.access.password is not None:
            security = SASLPlaintext(self.access.user, self.access.password)
        broker = NatsBroker(
            self.access.url, security=security, name="danchu intake door", graceful_timeout=10,
            inbox_prefix=self.access.inbox_prefix, max_reconnect_attempts=-1,
            reconnect_time_wait=1, closed_cb=on_closed, error_cb=on_error, logger=None,
        )  # fmt: skip
        subscribed = broker.subscriber(
            f"{EMIT_SUBJECT}.*", queue=QUEUE, decoder=raw_body, max_workers=WORKERS
        )
        subscribed(self.on_emit)
        return broker

    async def on_emit(self, body: bytes, message: NatsMessage) -> bytes:
        """The reply to one request, receipts or problem details."""
        raw = message.raw_message
        unit = raw.subject.rpartition(".")[2].replace("-", ".")
        try:
            found, single = await self.accept(body, unit, self.sender(unit), raw.headers)
            return fitting(found, single, raw._client.max_payload - REPLY_ROOM)
        except Problem as problem:
            return problem.encoded()
        except DatabaseAway as error:
            return away(error).encoded()
        except Exception as bug:  # as over HTTP: told to the sender, and in the log
            log.error("a request at the NATS door failed", exc_info=bug)
            return Problem(500, "The fault was logged.").encoded()

    def sender(self, unit: str) -> Credential:
        """What may be sent at the door of a unit: that of an emitter with the unit's sources.

        Who may publish to which door is for NATS to say. Where no sources are given, all are
        taken; where some are, a unit that is not named has those of `*`, and none without it.
        """
        given = self.sources.get(unit, self.sources.get("*", ())) if self.sources else ANY
        return Credential("emitter", sources=tuple(given))

    async def accept(
        self, body: bytes, unit: str, sender: Credential, headers: Mapping[str, str] | None = None
    ) -> tuple[list[Receipt], bool]:
        """The receipts, and whether it was a single event; Problem where nothing was taken."""
        if len(body) > REQUEST_BYTES_MAX:
            raise refused_body(413, f"a request has at most {REQUEST_BYTES_MAX} bytes")
        try:
            single, batch = await self.intake.read(body, PLAIN)
        except BodyRefused as refused:
            raise refused_body(refused.status, refused.detail) from refused
        if len(batch) > EVENTS_MAX:
            raise refused_body(413, f"a request has at most {EVENTS_MAX} events")
        return await self.intake.accept(batch, sender, unit, headers), single


async def raw_body(message: RawNatsMessage) -> bytes:
    """The body as it came: the one strict decoder is the door's own."""
    return message.body


def fitting(found: Sequence[Receipt], single: bool, room: int) -> bytes:
    """The receipts in at most `room` bytes: where they are too long, with fewer errors each."""
    for errors_max in (20, 3, 1):
        reply = answered(found, single, errors_max)
        if len(reply) <= room:
            return reply
    return answered(found, single, 0)
