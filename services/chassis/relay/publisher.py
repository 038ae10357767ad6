"""Publishing rows of an outbox to JetStream: an atomic batch, else one by one, in order.

The server takes a message for a duplicate by its id alone, and whoever may publish can take an id
first. So what it calls a duplicate is compared with what stands in the stream; where that is
another message, or may not be read, the row is published again under an id that nobody can guess.
"""

import asyncio
import itertools
import json
import logging
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.chassis.broker import streams
from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import broker_errors
from services.chassis.broker.streams import FRESH, ID_HEADER
from services.chassis.errors import BrokerAway
from services.chassis.relay.turn import Row, Sent
from services.chassis.telemetry.instruments import message_span, tracer

log = logging.getLogger(__name__)
_tracer = tracer("danchu.relay")

SINGLES_AT_ONCE = 256
DUPLICATE_IN_BATCH = 10201


@dataclass
class Publisher:
    """Publishes through the connection of one broker, which may read the streams or not."""

    broker: Broker
    may_read: bool = False

    async def publish(self, rows: Sequence[Row]) -> list[Sent]:
        """Publishes rows in order; answers (seq, sequence in the stream) of each."""
        headers = {row.headers for row in rows if row.headers}
        with broker_errors(), message_span(_tracer, "relay", map(json.loads, headers)) as span:
            span.set_attribute("messages", len(rows))
            return await self._publish(rows)

    async def _publish(self, rows: Sequence[Row]) -> list[Sent]:
        sent: list[Sent] = []
        for _, run in itertools.groupby(rows, key=lambda row: row.stream):
            same_stream = list(run)
            sent += await self._batch(same_stream) or await self._singles(same_stream)
        return sent

    async def _batch(self, rows: list[Row]) -> list[Sent] | None:
        """All rows or none as one atomic batch; None when the stream knows one of them."""
        if len(rows) < 2:
            return None
        nc, batch = await self.broker.ensure(), uuid.uuid4().hex
        for number, row in enumerate(rows, 1):
            headers = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            headers |= row.message_headers()
            if number == 1:
                answer = await self.broker.request(row.subject, row.body, headers)
                if answer.data and not _accepted(answer.data):
                    return None
            elif number < len(rows):
                await nc.publish(row.subject, row.body, headers=headers)
            else:
                headers["Nats-Batch-Commit"] = "1"
                answer = await self.broker.request(row.subject, row.body, headers)
        if not _accepted(answer.data):
            return None
        last = int(json.loads(answer.data)["seq"])
        return [Sent(row.seq, last - len(rows) + 1 + i) for i, row in enumerate(rows)]

    async def _singles(self, rows: list[Row]) -> list[Sent]:
        """Each row by itself, in order on one connection, some hundred in flight."""
        sent: list[Sent] = []
        for start in range(0, len(rows), SINGLES_AT_ONCE):
            some = rows[start : start + SINGLES_AT_ONCE]
            requests = (self.broker.request(r.subject, r.body, r.message_headers()) for r in some)
            answers = await asyncio.gather(*requests)
            for row, answer in zip(some, answers, strict=True):
                sent.append(await self._placed(row, answer.data))
        return sent

    async def _placed(self, row: Row, answer: bytes) -> Sent:
        """Where a row stands in the stream, as the acknowledgement says, once that is true."""
        acknowledged = _acknowledgement(answer)
        if acknowledged.get("duplicate") and not await self._stands(row, int(acknowledged["seq"])):
            headers = row.message_headers()
            headers[ID_HEADER] += f"{FRESH}{secrets.token_hex(8)}"
            log.warning("a message id was taken by another message", extra={"id": row.message_id})
            reply = await self.broker.request(row.subject, row.body, headers)
            acknowledged = _acknowledgement(reply.data)
        return Sent(row.seq, int(acknowledged["seq"]))

    async def _stands(self, row: Row, sequence: int) -> bool:
        if not self.may_read:
            return False
        stored = await streams.message_at(self.broker, row.stream.upper(), sequence)
        return stored is not None and (stored.subject, stored.body) == (row.subject, row.body)


def _acknowledgement(answer: bytes) -> dict[str, Any]:
    """What the stream says of a message that it took; BrokerAway where it did not."""
    if not _accepted(answer):
        raise BrokerAway("the stream refused a message of an atomic batch")
    acknowledged: dict[str, Any] = json.loads(answer)
    return acknowledged


def _accepted(answer: bytes) -> bool:
    """Whether the stream took it; False for a known duplicate; BrokerAway for other refusals."""
    error = json.loads(answer).get("error")
    if error is None:
        return True
    if error.get("err_code") == DUPLICATE_IN_BATCH:
        return False
    raise BrokerAway(f"{error.get('description')} ({error.get('err_code')})")
