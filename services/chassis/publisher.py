"""Publishing rows of an outbox to JetStream: an atomic batch, else one by one, in order."""

import asyncio
import itertools
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from nats.errors import Error as NatsError

from services.chassis.broker import Broker
from services.chassis.errors import BrokerAway
from services.chassis.outbox_turn import Row, Sent
from services.chassis.telemetry import joined, tracer

_tracer = tracer("danchu.relay")

SINGLES_AT_ONCE = 256
DUPLICATE_IN_BATCH = 10201


@dataclass
class Publisher:
    """Publishes through the connection of one broker."""

    broker: Broker

    async def publish(self, rows: Sequence[Row]) -> list[Sent]:
        """Publishes rows in order; answers (seq, sequence in the stream) of each."""
        carried = {row.headers for row in rows if row.headers}
        try:
            with joined(_tracer, "relay", map(json.loads, carried)) as span:
                span.set_attribute("messages", len(rows))
                return await self._publish(rows)
        except (NatsError, TimeoutError) as away:
            raise BrokerAway(away) from away

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
            asked = (self.broker.request(r.subject, r.body, r.message_headers()) for r in some)
            answers = await asyncio.gather(*asked)
            for row, answer in zip(some, answers, strict=True):
                if not _accepted(answer.data):
                    raise BrokerAway("the stream refused a message of an atomic batch")
                sent.append(Sent(row.seq, int(json.loads(answer.data)["seq"])))
        return sent


def _accepted(answer: bytes) -> bool:
    """Whether the stream took it; False for a known duplicate; BrokerAway for other refusals."""
    error = json.loads(answer).get("error")
    if error is None:
        return True
    if error.get("err_code") == DUPLICATE_IN_BATCH:
        return False
    raise BrokerAway(f"{error.get('description')} ({error.get('err_code')})")
