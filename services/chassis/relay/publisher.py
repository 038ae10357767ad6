"""Publishes rows of an outbox to JetStream, as an atomic batch or else one by one, in order.

A stream beside EVENTS that does not answer is noted in `silent`, and rows of other streams go on.

The server detects duplicates by message id alone, and any publisher could use an id first. So an
alleged duplicate is compared with the message in the stream. If that is another message, or may
not be read, the row is published again with an id that nobody can guess.
"""

import asyncio
import itertools
import json
import logging
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nats.errors import NoRespondersError

from services.chassis.broker import streams
from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import translate_client_errors
from services.chassis.broker.streams import FRESH, ID_HEADER
from services.chassis.errors import BrokerAway
from services.chassis.relay.turn import Row, Sent
from services.chassis.telemetry.instruments import message_span, tracer

log = logging.getLogger(__name__)
_tracer = tracer("danchu.relay")

EVENTS = "events"
"""The stream that nothing goes past, as the subjects name it."""
SINGLES_AT_ONCE = 256
DUPLICATE_IN_BATCH = 10201


@dataclass
class Publisher:
    """Publishes through one connection; `may_read` says whether it may read the streams."""

    broker: Broker
    may_read: bool = False
    silent: set[str] = field(default_factory=set)

    async def publish(self, rows: Sequence[Row]) -> list[Sent]:
        """Publishes rows in order; returns the sequence of each that its stream acknowledged."""
        headers = {row.headers for row in rows if row.headers}
        with (
            translate_client_errors(),
            message_span(_tracer, "relay", map(json.loads, headers)) as span,
        ):
            span.set_attribute("messages", len(rows))
            return await self._publish(rows)

    async def _publish(self, rows: Sequence[Row]) -> list[Sent]:
        sent: list[Sent] = []
        for stream, run in itertools.groupby(rows, key=lambda row: row.stream):
            if stream not in self.silent:
                sent += await self._run(stream, list(run))
        return sent

    async def _run(self, stream: str, rows: list[Row]) -> list[Sent]:
        """Publishes rows of one stream; none where a stream beside EVENTS does not answer."""
        try:
            return await self._batch(rows) or await self._singles(rows)
        except BrokerAway as away:
            silence = isinstance(away.__cause__, (NoRespondersError, TimeoutError))
            if stream == EVENTS or not silence or not self.broker.nc.is_connected:
                raise
            log.warning("a stream does not answer", extra={"stream": stream, "error": str(away)})
            self.silent.add(stream)
            return []

    async def _batch(self, rows: list[Row]) -> list[Sent] | None:
        """Publishes all rows as one atomic batch, or none; None if one of them is a duplicate."""
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
        """Publishes each row by itself, in order on one connection, some hundred in flight."""
        sent: list[Sent] = []
        for start in range(0, len(rows), SINGLES_AT_ONCE):
            some = rows[start : start + SINGLES_AT_ONCE]
            requests = (self.broker.request(r.subject, r.body, r.message_headers()) for r in some)
            answers = await asyncio.gather(*requests)
            for row, answer in zip(some, answers, strict=True):
                sent.append(await self._verify(row, answer.data))
        return sent

    async def _verify(self, row: Row, answer: bytes) -> Sent:
        """The acknowledged sequence of a row, verified if the server called it a duplicate."""
        acknowledged = _acknowledgement(answer)
        if acknowledged.get("duplicate") and not await self._is_stored(
            row, int(acknowledged["seq"])
        ):
            headers = row.message_headers()
            headers[ID_HEADER] += f"{FRESH}{secrets.token_hex(8)}"
            log.warning("a message id was taken by another message", extra={"id": row.message_id})
            reply = await self.broker.request(row.subject, row.body, headers)
            acknowledged = _acknowledgement(reply.data)
        return Sent(row.seq, int(acknowledged["seq"]))

    async def _is_stored(self, row: Row, sequence: int) -> bool:
        if not self.may_read:
            return False
        stored = await streams.message_at(self.broker, row.stream.upper(), sequence)
        return stored is not None and (stored.subject, stored.body) == (row.subject, row.body)


def _acknowledgement(answer: bytes) -> dict[str, Any]:
    """The acknowledgement of the stream; BrokerAway if it refused the message."""
    if not _accepted(answer):
        raise BrokerAway("the stream refused a message of an atomic batch")
    acknowledged: dict[str, Any] = json.loads(answer)
    return acknowledged


def _accepted(answer: bytes) -> bool:
    """Whether the stream stored it; False for a duplicate; BrokerAway for other refusals."""
    error = json.loads(answer).get("error")
    if error is None:
        return True
    if error.get("err_code") == DUPLICATE_IN_BATCH:
        return False
    raise BrokerAway(f"{error.get('description')} ({error.get('err_code')})")
