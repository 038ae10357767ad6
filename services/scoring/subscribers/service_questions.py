"""Answers requests of services over NATS: of the door about a receipt, of records about names.

No stored state depends on an answer, so the requests are served through FastStream. Messages whose
acknowledgement must be controlled exactly are read through `pull_consumer`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import msgspec
from faststream.nats import NatsBroker
from faststream.nats.message import NatsMessage
from faststream.security import BaseSecurity, SASLPlaintext
from nats.aio.client import Client

from contracts.questions import (
    NAMES_QUESTION,
    RECEIPT_QUESTION,
    NamesAnswer,
    NamesQuestion,
    ReceiptQuestion,
)
from services.chassis.broker.encryption import NatsClient
from services.chassis.broker.errors import translate_client_errors
from services.chassis.errors import BrokerAway, DanchuError
from services.chassis.settings import NatsAccess
from services.scoring.readmodel.receipts import Receipts

log = logging.getLogger(__name__)
QUEUE = "scoring"
REOPEN_SECONDS = 1.0
AT_ONCE = 16
WAITING_MAX = 1000


class EncryptedNatsBroker(NatsBroker):
    """A broker whose connection keeps its password for TLS, where that is set."""

    async def _connect(self) -> Client:
        client = NatsClient()
        await client.connect(**self._connection_kwargs)
        self.config.connect(client)
        return client


@dataclass
class ServiceResponder:
    """Serves requests on a connection of its own, whenever NATS is reachable.

    `names` answers what units are called whose keys come after one.
    """

    access: NatsAccess
    receipts: Receipts
    names: Callable[[str], Awaitable[NamesAnswer]]

    async def run(self) -> None:
        """Answers until it is cancelled; connects again whenever the connection is closed."""
        while True:
            closed = asyncio.Event()
            broker = self.build(closed)
            try:
                with translate_client_errors():
                    await broker.start()
                await closed.wait()
            except BrokerAway as away:
                log.info("nobody can ask scoring", extra={"error": str(away)})
            finally:
                with contextlib.suppress(BrokerAway), translate_client_errors():
                    await broker.stop()
            await asyncio.sleep(REOPEN_SECONDS)

    def build(self, closed: asyncio.Event) -> NatsBroker:
        """Builds the broker with its subscribers, not connected yet."""

        async def on_closed() -> None:
            closed.set()

        async def on_error(error: Exception) -> None:
            log.debug("the questions have an error", extra={"error": type(error).__name__})

        context = self.access.tls.context()
        security = BaseSecurity(ssl_context=context)
        if self.access.user is not None and self.access.password is not None:
            security = SASLPlaintext(self.access.user, self.access.password, ssl_context=context)
        broker = EncryptedNatsBroker(
            self.access.servers, security=security, name="danchu scoring questions",
            inbox_prefix=self.access.inbox_prefix, max_reconnect_attempts=-1,
            reconnect_time_wait=1, closed_cb=on_closed, error_cb=on_error, logger=None,
        )  # fmt: skip
        answers = ((RECEIPT_QUESTION, self.on_receipt), (NAMES_QUESTION, self.on_names))
        for subject, answer in answers:
            subscriber = broker.subscriber(
                subject, queue=QUEUE, decoder=raw_body, max_workers=AT_ONCE,
                pending_msgs_limit=WAITING_MAX,
            )  # fmt: skip
            subscriber(answer)
        return broker

    async def on_receipt(self, body: bytes) -> bytes:
        """Answers what became of an event, in JSON."""
        with _unanswered():
            question = msgspec.json.decode(body, type=ReceiptQuestion)
            return msgspec.json.encode(await self.receipts.fate(bytes.fromhex(question.receipt)))

    async def on_names(self, body: bytes) -> bytes:
        """Answers what units are called, in JSON."""
        with _unanswered():
            question = msgspec.json.decode(body, type=NamesQuestion)
            return msgspec.json.encode(await self.names(question.after))


@contextlib.contextmanager
def _unanswered() -> Iterator[None]:
    """Logs why a request gets no answer: it is malformed, or the database is away."""
    try:
        yield
    except (ValueError, DanchuError) as error:  # msgspec's errors are ValueErrors
        log.warning("a question was not answered", extra={"error": str(error)})
        raise


async def raw_body(message: NatsMessage) -> bytes:
    """The raw body of a message, because the handler decodes it itself."""
    return message.body
