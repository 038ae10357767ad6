"""The relay: brings an outbox to JetStream, each row at least once, in order of `seq`.

It publishes what is unsent in atomic batches and marks it only after the acknowledgement; of a
backlog it marks a batch, and reads one, while another is on its way. A kill between the two sends
a row twice; its `Nats-Msg-Id`, and the unique key of the consumer, make that harmless.
"""

import asyncio
import contextlib
import fcntl
import itertools
import json
import logging
import os
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nats.errors import Error as NatsError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.broker import Broker
from services.chassis.clock import Clock, now_us
from services.chassis.database import Database
from services.chassis.errors import BrokerAway, DanchuError, DatabaseAway
from services.chassis.telemetry import joined, tracer

log = logging.getLogger(__name__)
_tracer = tracer("danchu.relay")

BATCH_MAX = 1000
BATCH_BYTES_MAX = 4 * 2**20
TURN_BATCHES = 8
SINGLES_AT_ONCE = 256
DUPLICATE_IN_BATCH = 10201
IDLE_SECONDS = 0.5
PAUSE_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Row(NamedTuple):
    """One unsent row as the relay reads it."""

    seq: int
    receipt: bytes
    subject: str
    body: bytes
    headers: str | None
    generation: int

    def message_headers(self) -> dict[str, str]:
        """What the message carries, its id for the server's deduplication among it."""
        id_ = bytes(self.receipt).hex()
        if self.generation:
            id_ = f"{id_}-{self.generation}"
        own: dict[str, str] = json.loads(self.headers) if self.headers else {}
        return {**own, "Nats-Msg-Id": id_}

    @property
    def stream(self) -> str:
        """The part of the subject that decides about the stream."""
        return self.subject.split(".", 2)[1]


@dataclass
class Relay:
    """Brings the outbox of one database to the stream, one relay at a time per database."""

    db: Database
    broker: Broker
    clock: Clock = now_us
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)
    _failures: int = 0

    def nudge(self) -> None:
        """Says that something was just committed, so that the relay does not sleep on it."""
        self._nudged.set()

    async def run(self) -> None:
        """Relays until cancelled; pauses grow while the broker or the database is away."""
        while True:
            self._nudged.clear()
            try:
                moved = await self.once(TURN_BATCHES)
                self._failures = 0
            except (BrokerAway, DatabaseAway) as away:
                await self._pause(away)
                continue
            if not moved:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self._nudged.wait()

    async def _pause(self, away: DanchuError) -> None:
        pause = PAUSE_SECONDS[min(self._failures, len(PAUSE_SECONDS) - 1)]
        self._failures += 1
        log.warning("the relay waits", extra={"error": str(away), "seconds": pause})
        await asyncio.sleep(pause)

    async def once(self, batches: int = 1) -> int:
        """Publishes and marks some batches: how many rows, 0 where another relay is at it.

        What was acknowledged before the broker went away is marked too.
        """
        await self.broker.ensure()
        async with self._turn() as turn:
            moved, away = await self._relayed(turn, batches) if turn else (0, None)
        if away is not None:
            raise away
        return moved

    async def _relayed(self, turn: "_Turn", batches: int) -> tuple[int, BrokerAway | None]:
        rows, more = await turn.unsent(0)
        moved, marks, left = 0, list[tuple[int, int]](), batches
        while rows:
            left -= 1
            following = rows[-1].seq if more and left else None
            sending = asyncio.ensure_future(self.publish(rows))
            try:
                await self._mark(turn, marks)
                rows, more = ([], False) if following is None else await turn.unsent(following)
            except BaseException:
                sending.cancel()
                await asyncio.wait([sending])
                raise
            try:
                marks = await sending
            except BrokerAway as away:
                return moved, away
            moved += len(marks)
        await self._mark(turn, marks)
        return moved, None

    async def _mark(self, turn: "_Turn", marks: list[tuple[int, int]]) -> None:
        if marks:
            await turn.mark(marks, self.clock())

    @contextlib.asynccontextmanager
    async def _turn(self) -> "AsyncIterator[_Turn | None]":
        if self.db.sqlite:
            with _file_lock(f"{self.db.file}.relay") as mine:
                yield _SqliteTurn(self.db) if mine else None
            return
        async with self.db.write() as conn:
            for plan in WRONG_PLANS:
                await conn.execute(text(f"SET LOCAL {plan} = off"))
            lock = text("SELECT pg_try_advisory_xact_lock(hashtext(:name))")
            got = (await conn.execute(lock, {"name": f"{self.db.schema} relay"})).scalar()
            yield _PostgresTurn(conn) if got else None

    async def publish(self, rows: Sequence[Row]) -> list[tuple[int, int]]:
        """Publishes rows in order; answers (seq, sequence in the stream) of each."""
        carried = {row.headers for row in rows if row.headers}
        try:
            with joined(_tracer, "relay", map(json.loads, carried)) as span:
                span.set_attribute("messages", len(rows))
                return await self._publish(rows)
        except (NatsError, TimeoutError) as away:
            raise BrokerAway(away) from away

    async def _publish(self, rows: Sequence[Row]) -> list[tuple[int, int]]:
        marks: list[tuple[int, int]] = []
        for _, run in itertools.groupby(rows, key=lambda row: row.stream):
            same_stream = list(run)
            marks += await self._batch(same_stream) or await self._singles(same_stream)
        return marks

    async def _batch(self, rows: list[Row]) -> list[tuple[int, int]] | None:
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
        return [(row.seq, last - len(rows) + 1 + i) for i, row in enumerate(rows)]

    async def _singles(self, rows: list[Row]) -> list[tuple[int, int]]:
        """Each row by itself, in order on one connection, some hundred in flight."""
        marks: list[tuple[int, int]] = []
        for start in range(0, len(rows), SINGLES_AT_ONCE):
            some = rows[start : start + SINGLES_AT_ONCE]
            asked = (self.broker.request(r.subject, r.body, r.message_headers()) for r in some)
            answers = await asyncio.gather(*asked)
            for row, answer in zip(some, answers, strict=True):
                if not _accepted(answer.data):
                    raise BrokerAway("the stream refused a message of an atomic batch")
                marks.append((row.seq, int(json.loads(answer.data)["seq"])))
        return marks


def _accepted(answer: bytes) -> bool:
    """Whether the stream took it; False for a known duplicate; BrokerAway for other refusals."""
    error = json.loads(answer).get("error")
    if error is None:
        return True
    if error.get("err_code") == DUPLICATE_IN_BATCH:
        return False
    raise BrokerAway(f"{error.get('description')} ({error.get('err_code')})")


UNSENT = (
    "SELECT seq, receipt, subject, body, headers, generation FROM outbox "
    f"WHERE sent IS NULL AND seq > 0 ORDER BY seq LIMIT {BATCH_MAX}"
)


WRONG_PLANS = ("enable_seqscan", "enable_bitmapscan", "enable_sort")
"""A backlog outruns the statistics of PostgreSQL, which then sorts all of it for each batch."""


class _Turn:
    """The right to relay, as long as it is held: reading unsent rows and marking them."""

    async def unsent(self, after: int) -> tuple[list[Row], bool]:
        """The next rows behind a `seq`, and whether more may wait behind them."""
        raise NotImplementedError

    async def mark(self, marks: list[tuple[int, int]], now: int) -> None:
        raise NotImplementedError


class _SqliteTurn(_Turn):
    """Publishes outside of any transaction, so that the one writer stays free for the doors."""

    def __init__(self, db: Database) -> None:
        self.db = db

    async def unsent(self, after: int) -> tuple[list[Row], bool]:
        async with self.db.read() as conn:
            select = UNSENT.replace("seq > 0", "seq > ?")
            return _bounded((await conn.exec_driver_sql(select, (after,))).all())

    async def mark(self, marks: list[tuple[int, int]], now: int) -> None:
        update = "UPDATE outbox SET sent = ?, stream_seq = ? WHERE seq = ?"
        async with self.db.write() as conn:
            await conn.exec_driver_sql(update, [(now, at, seq) for seq, at in marks])


class _PostgresTurn(_Turn):
    """Holds the rows locked in one transaction until they are marked."""

    def __init__(self, conn: AsyncConnection) -> None:
        self.conn = conn

    async def unsent(self, after: int) -> tuple[list[Row], bool]:
        select = UNSENT.replace("seq > 0", "seq > $1") + " FOR UPDATE SKIP LOCKED"
        return _bounded((await self.conn.exec_driver_sql(select, (after,))).all())

    async def mark(self, marks: list[tuple[int, int]], now: int) -> None:
        update = (
            "UPDATE outbox SET sent = $1, stream_seq = done.at "
            "FROM unnest($2::bigint[], $3::bigint[]) AS done(seq, at) WHERE outbox.seq = done.seq"
        )
        seqs, places = [seq for seq, _ in marks], [at for _, at in marks]
        await self.conn.exec_driver_sql(update, (now, seqs, places))


def _bounded(rows: Sequence[Any]) -> tuple[list[Row], bool]:
    """The first rows that stay below the bytes of a batch, one at least; whether there are more."""
    taken: list[Row] = []
    size = 0
    for found in rows:
        row = Row(*found)
        size += len(row.body)
        if taken and size > BATCH_BYTES_MAX:
            break
        taken.append(row)
    return taken, len(taken) < len(rows) or len(rows) == BATCH_MAX


@contextlib.contextmanager
def _file_lock(path: str) -> Iterator[bool]:
    """Whether this process got the lock; the system frees it when the process dies."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
