"""Threads that parse request bodies and encode answers, so that the event loop is not blocked.

Small bodies have one thread and large ones another. An ordinary batch therefore never waits behind
a hostile body of 16 MB, and at most one large body at a time competes with the event loop for the
interpreter lock.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from services.chassis.http.problems import Problem
from services.intake.messages import message

T = TypeVar("T")
Job = tuple[Future[Any], Callable[[], Any]]

BATCH_AT_ONCE_BYTES, SINGLE_AT_ONCE_BYTES = 1024, 16 * 1024
SMALL_BYTES_MAX = 64 * 1024
SMALL_WAITING_BYTES_MAX, LARGE_WAITING_BYTES_MAX = 16 * 2**20, 64 * 2**20
OBJECT_BYTES, VALUE_BYTES = 128, 32
"""The least costs of an object and of a comma: ten thousand empty events of 30 KB are costly."""
RETRY_SECONDS = "5"


def weight_of(raw: bytes) -> int:
    """The estimated cost of parsing a body, in bytes of an ordinary body.

    0 for a body so small that it is parsed on the event loop.
    """
    if len(raw) > SMALL_BYTES_MAX:
        return len(raw)
    single = raw.lstrip()[:1] != b"["
    if single and len(raw) <= SINGLE_AT_ONCE_BYTES:
        return 0
    weight = max(len(raw), OBJECT_BYTES * raw.count(b"{"), VALUE_BYTES * raw.count(b","))
    return 0 if not single and weight <= BATCH_AT_ONCE_BYTES else weight


class Lane:
    """One thread with its queues; answers go before bodies, because they free room."""

    def __init__(self, name: str, waiting_max: int) -> None:
        self.waiting_max, self.size = waiting_max, 0
        self._thread = ThreadPoolExecutor(1, f"intake {name}")
        self._closed = False
        self._bodies: deque[Job] = deque()
        self._answers: deque[Job] = deque()

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Reserves room for a body until it is answered; Problem 503 if too much waits already."""
        # an empty lane takes a body of any size
        if self.size and self.size + size > self.waiting_max:
            wait = {"Retry-After": RETRY_SECONDS}
            raise Problem(503, message("bodies-waiting"), headers=wait)
        self.size += size
        try:
            yield
        finally:
            self.size -= size

    async def run(self, work: Callable[[], T], is_answer: bool) -> T:
        """Queues the work, and returns or raises its result."""
        if self._closed and is_answer:  # its events are committed; the thread is closed
            return work()
        job: Future[T] = Future()
        queue = self._answers if is_answer else self._bodies
        queue.append((job, partial(copy_context().run, work)))  # keeps the current trace span
        self._thread.submit(self._work)
        return await asyncio.wrap_future(job)

    def _work(self) -> None:
        job, work = (self._answers or self._bodies).popleft()
        if not job.set_running_or_notify_cancel():
            return
        try:
            job.set_result(work())
        except BaseException as error:  # raised again where the job is awaited
            job.set_exception(error)

    def close(self) -> None:
        """Cancels queued bodies; answers are still encoded, because their events are committed."""
        self._closed = True
        for job, _ in tuple(self._bodies):
            job.cancel()
        self._thread.shutdown(wait=False)


@dataclass(frozen=True)
class Place:
    """The two jobs of one request, parsing and encoding; without a lane they run at once."""

    lane: Lane | None

    async def parse(self, work: Callable[..., T], *arguments: Any) -> T:
        """Calls the function that parses the body, behind the bodies that came before."""
        return await self._run(partial(work, *arguments), is_answer=False)

    async def encode(self, work: Callable[..., T], *arguments: Any) -> T:
        """Calls the function that encodes the answer, ahead of the bodies that wait."""
        return await self._run(partial(work, *arguments), is_answer=True)

    async def _run(self, call: Callable[[], T], is_answer: bool) -> T:
        return call() if self.lane is None else await self.lane.run(call, is_answer)


@dataclass
class BodyThreads:
    """The two threads, which both doors share."""

    small: Lane = field(default_factory=lambda: Lane("small bodies", SMALL_WAITING_BYTES_MAX))
    large: Lane = field(default_factory=lambda: Lane("large bodies", LARGE_WAITING_BYTES_MAX))

    @contextmanager
    def place(self, raw: bytes) -> Iterator[Place]:
        """The place of a body, by its estimated cost; Problem 503 if its lane has no room."""
        weight = weight_of(raw)
        if not weight:
            yield Place(None)
            return
        lane = self.small if weight <= SMALL_BYTES_MAX else self.large
        with lane.room(weight):
            yield Place(lane)

    def close(self) -> None:
        """Closes both lanes; work that is running is finished."""
        self.small.close()
        self.large.close()
