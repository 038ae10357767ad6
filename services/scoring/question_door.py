"""Answers what other services ask over NATS: at present the door, about a receipt."""

import asyncio
import logging
from dataclasses import dataclass, field

import msgspec
from nats.aio.msg import Msg

from contracts.questions import RECEIPT_QUESTION, ReceiptQuestion
from services.chassis.broker import Broker
from services.chassis.broker_errors import broker_errors
from services.chassis.errors import BrokerAway, DanchuError
from services.chassis.settings import NatsAccess
from services.scoring.receipts import Receipts

log = logging.getLogger(__name__)
QUEUE = "scoring"
REOPEN_SECONDS = 1.0
WAITING_MAX = 1000


@dataclass
class QuestionDoor:
    """A connection of its own, opened whenever NATS is there."""

    access: NatsAccess
    receipts: Receipts
    broker: Broker = field(init=False)

    def __post_init__(self) -> None:
        self.broker = Broker(self.access, "danchu scoring questions")

    async def run(self) -> None:
        """Answers until cancelled; while NATS is away nobody asks."""
        try:
            while True:
                try:
                    await self._open()
                except BrokerAway as away:
                    log.info("nobody can ask scoring", extra={"error": str(away)})
                await asyncio.sleep(REOPEN_SECONDS)
        finally:
            await self.broker.close()

    async def _open(self) -> None:
        client = await self.broker.ensure()
        with broker_errors():
            await client.subscribe(
                RECEIPT_QUESTION, queue=QUEUE, cb=self.on_receipt, pending_msgs_limit=WAITING_MAX
            )
        while not client.is_closed:
            await asyncio.sleep(REOPEN_SECONDS)

    async def on_receipt(self, raw: Msg) -> None:
        """Answers one question; who asks wrongly, or while the database is away, gets nothing."""
        try:
            question = msgspec.json.decode(raw.data, type=ReceiptQuestion)
            fate = await self.receipts.fate(bytes.fromhex(question.receipt))
            with broker_errors():
                await raw.respond(msgspec.json.encode(fate))
        except (msgspec.MsgspecError, ValueError, DanchuError) as why:
            log.warning("a question was not answered", extra={"error": str(why)})
