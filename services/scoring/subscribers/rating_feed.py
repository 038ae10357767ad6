"""The feed of ratings: announces each total that a commit moved, to the stream RATINGS.

It compares the totals of the last commit with what was announced, at most once a second, and
writes the differences to the outbox, together with what is announced then. So nothing is lost by a
crash, and the relay sends a message twice at most with the same id. Several processes may run it:
each announcement is made under the lock of the position, and only by whoever knows the last one.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.catalog import BY_TYPE
from services.chassis.broker import streams
from services.chassis.broker.connection import Broker
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway, DatabaseAway
from services.chassis.heartbeat import DEFAULT_SECONDS, Beat
from services.chassis.identifiers import new_id
from services.chassis.relay.turn import message_id
from services.chassis.telemetry.instruments import meter
from services.scoring.errors import FeedFailed, FeedUnheard, RubricsReplaced
from services.scoring.fold.books import Book
from services.scoring.ratings.feed import CHANGED, FeedState, event_of, subject_of, unannounced
from services.scoring.readmodel.totals import Totals
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing.events import sealed_messages
from services.scoring.store import position, rating_feed, seals, stages
from services.scoring.store.rating_feed import Announced, Feed, LastSent, Message
from services.scoring.stream import RATINGS, is_heard
from services.scoring.year.stages import OPEN, SEALED, YearState

log = logging.getLogger(__name__)
_changes = meter("danchu.scoring").create_counter(
    "danchu.scoring.rating.changes", "{rating}", "changed ratings that were announced, by event"
)

STEP_SECONDS = 1.0
SHARE = 30
"""A step may take one part in so many of the processor's time until the next one: while every unit
changes all the time, the feed comes less often instead of slowing the fold."""
SLOW_SECONDS = 20.0
FAULT_SECONDS = 5.0
LONG_SECONDS = 600.0
STREAM_SECONDS = 10.0


class SealedVersion(NamedTuple):
    """A sealed version of a year."""

    year: int
    version: int


@dataclass
class RatingFeed:
    """Runs in the process that folds, until it is cancelled; `fault` is what it fails with."""

    db: Database
    broker: Broker
    rubrics: Rubrics
    clock: Clock
    fault: str | None = None
    beat: Beat = field(default_factory=lambda: Beat("feed", DEFAULT_SECONDS))
    _waiting: int = 0
    _totals: Totals = field(init=False)
    _feed: Feed | None = None
    _announced: dict[Book, Announced] = field(default_factory=dict)
    _stages: dict[int, YearState] = field(default_factory=dict)
    _sealed: dict[SealedVersion, dict[Book, FeedState]] = field(default_factory=dict)
    _compared: int = -1
    _stream_due: float = 0.0

    def __post_init__(self) -> None:
        self._totals = Totals(self.db, self.rubrics)
        self.broker.on_reconnect.append(self._on_reconnect)

    def _on_reconnect(self) -> None:
        self._stream_due = 0.0

    async def run(self) -> None:
        """Announces until it is cancelled; a fault in it does not stop the fold."""
        try:
            while True:
                pause = await self._turn()
                with self.beat.resting():
                    await asyncio.sleep(pause)
        finally:
            self.beat.end()

    async def _turn(self) -> float:
        """Announces what differs; the seconds until the next turn."""
        began, pause = time.thread_time(), 0.0
        with self.beat.resting(LONG_SECONDS):
            try:
                await self.step()
                await self._check_stream_in_time()
                self.fault = None
            except (BrokerAway, DatabaseAway, RubricsReplaced) as away:
                log.info("the feed waits", extra={"error": str(away)})
            except Exception as fault:  # a bug: readiness names it, and the fold goes on
                log.error("the feed failed", exc_info=fault)
                self.fault, pause = f"{type(fault).__name__}: {fault}"[:300], FAULT_SECONDS
                self._totals, self._feed = Totals(self.db, self.rubrics), None
        took = time.thread_time() - began
        return max(STEP_SECONDS, min(SHARE * took, SLOW_SECONDS), pause)

    def unannounced(self) -> int:
        """How many changes the last step left to a later one."""
        return self._waiting

    async def check(self) -> str:
        """For health checks: FeedFailed after a fault, FeedUnheard without the stream."""
        if self.fault is not None:
            raise FeedFailed(self.fault)
        if not await is_heard(self.broker):
            raise FeedUnheard()
        return "runs here"

    async def step(self) -> int:
        """Announces what differs from the last announcement; returns the number of messages."""
        async with self.db.read() as conn:
            stamp, feed = (await position.load(conn)).stamp, await rating_feed.load(conn)
            if feed != self._feed:
                self._announced = await rating_feed.announced(conn)
                self._feed, self._compared = feed, -1
            if stamp == self._compared:
                return 0
            self._stages = await _stages(conn)
            closed = await self._load_sealed(conn)
        await self._totals.refresh()
        changes = unannounced(self._current(), self._states(), closed)
        self._waiting = len(changes)
        if changes:
            number = await self._announce(changes)
            self._waiting -= number
            return number
        if not closed:
            self._compared = stamp  # a decision after it moved the stamp on
        return 0

    async def _load_sealed(self, conn: AsyncConnection) -> set[int]:
        """Loads the sets of sealed years; returns the years whose seal is not restored yet."""
        versions = {
            SealedVersion(year, state.version) for year, state in self._stages.items()
            if state.stage == SEALED
        }  # fmt: skip
        for version in versions - self._sealed.keys():
            if await seals.seal(conn, *version) is not None:
                lines = await seals.rating_lines(conn, *version)
                messages = sealed_messages(version.year, lines, 0)
                self._sealed[version] = {m.book: FeedState(*m.announced[:4]) for m in messages}
        self._sealed = {key: self._sealed[key] for key in versions & self._sealed.keys()}
        return {version.year for version in versions - self._sealed.keys()}

    def _current(self) -> dict[Book, FeedState]:
        """The states of all years; a sealed one has those of its set."""
        stages = {year: (state.version, state.stage) for year, state in self._stages.items()}
        current = {
            book: FeedState(total, *stages.get(book.year, (1, OPEN)))
            for book, total in self._totals.of.items()
        }
        current = {book: state for book, state in current.items() if state.stage != SEALED}
        for states in self._sealed.values():
            current |= states
        return current

    def _states(self) -> dict[Book, FeedState]:
        return {book: FeedState(*entry[:4]) for book, entry in self._announced.items()}

    async def _announce(self, changes: Mapping[Book, FeedState]) -> int:
        """Announces the changes that need not wait; none where another process announced some.

        What waits still differs in the next step. A decision on a year is made under the same lock,
        so nothing of the year before it follows what is told with it.
        """
        earlier = {book: self._announced[book].seq for book in changes if book in self._announced}
        async with self.db.write() as conn:
            await position.lock(conn)
            feed = await rating_feed.load(conn)
            if feed != self._feed or await _stages(conn) != self._stages:
                return 0
            now = self.clock()
            waiting = await rating_feed.pacing(conn, earlier.values(), now)
            due = {b: state for b, state in changes.items() if earlier.get(b) not in waiting}
            messages = [
                _message(book, state, now) for book, state in due.items() if not _is_sealed(state)
            ]
            messages += await self._sealed_messages(conn, due, now)
            if not messages:
                return 0
            replaced = [earlier[m.book] for m in messages if m.book in earlier]
            latest = await rating_feed.add(conn, messages, replaced, now)
            feed = feed._replace(revision=feed.revision + 1)
            await rating_feed.save(conn, feed)
        self._announced |= latest
        self._feed = feed
        for event, number in Counter(BY_TYPE[m.attributes["type"]].short for m in messages).items():
            _changes.add(number, {"event": event})
        return len(messages)

    async def _sealed_messages(
        self, conn: AsyncConnection, due: Mapping[Book, FeedState], now: int
    ) -> list[Message]:
        """The messages that ratings are final, where the seal's own were lost or never sent.

        That is so in a rebuilt database, whose feed went through the year once more.
        """
        units: dict[SealedVersion, set[str]] = {}
        for book, state in due.items():
            if _is_sealed(state):
                units.setdefault(SealedVersion(book.year, state.version), set()).add(book.unit)
        messages: list[Message] = []
        for version, keys in units.items():
            lines = await seals.rating_lines(conn, *version)
            of_units = [line for line in lines if line.unit in keys]
            messages += sealed_messages(version.year, of_units, now)
        return messages

    async def _check_stream_in_time(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._stream_due:
            self._stream_due = now + STREAM_SECONDS
            try:
                await self.check_stream()
            except BaseException:
                self._stream_due = 0.0
                raise

    async def check_stream(self) -> None:
        """Sends the last states again where the stream lost them: it is new, or an older copy."""
        state = await streams.state(self.broker, RATINGS)
        async with self.db.read() as conn:
            feed, last = await rating_feed.load(conn), await rating_feed.last_sent(conn)
        intact = feed.stream_created in (None, state.created)
        if intact and last is not None:
            intact = await self._is_stored(last)
        if intact and feed.stream_created == state.created:
            return
        async with self.db.write() as conn:
            await position.lock(conn)
            feed = await rating_feed.load(conn)
            number = 0 if intact else await rating_feed.send_again(conn)
            await rating_feed.save(conn, Feed(feed.revision + 1, state.created))
        if number:
            log.warning("the stream of ratings was lost", extra={"sent_again": number})

    async def _is_stored(self, last: LastSent) -> bool:
        """Whether the stream has the message, unless a later one replaced it meanwhile."""
        stored = await streams.id_at(self.broker, RATINGS, last.stream_seq)
        if stored == message_id(last.receipt, last.generation):
            return True
        async with self.db.read() as conn:
            return await rating_feed.last_sent(conn) != last


def _is_sealed(state: FeedState) -> bool:
    return state.rated and state.stage == SEALED


async def _stages(conn: AsyncConnection) -> dict[int, YearState]:
    return {year: await stages.load(conn, year) for year in await stages.years(conn)}


def _message(book: Book, state: FeedState, now: int) -> Message:
    attributes = event_of(book, CHANGED, state.data(), new_id(now), now)
    return Message(book, subject_of(book), attributes, Announced(*state))
