"""Where bodies are read and answers written: beside the loop, the large ones one after another.

One thread for bodies that cost little and one for the others, so that a usual batch never stands
behind a hostile body of 16 MB, and the loop never shares the interpreter with two of these.
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
"""What an object and a comma weigh at least: ten thousand empty events are 30 KB and no trifle."""
RETRY_SECONDS = "5"


def weight_of(raw: bytes) -> int:
    """What a body may cost to read, in bytes of a usual one; 0 where it is but a moment."""
    if len(raw) > SMALL_BYTES_MAX:
        return len(raw)
    single = raw.lstrip()[:1] != b"["
    if single and len(raw) <= SINGLE_AT_ONCE_BYTES:
        return 0
    weight = max(len(raw), OBJECT_BYTES * raw.count(b"{"), VALUE_BYTES * raw.count(b","))
    return 0 if not single and weight <= BATCH_AT_ONCE_BYTES else weight


class Lane:
    """One thread, and what waits for it; answers go first, for they give their place back."""

    def __init__(self, name: str, waiting_max: int) -> None:
        self.waiting_max, self.size = waiting_max, 0
        self._thread = ThreadPoolExecutor(1, f"intake {name}")
        self._closed = False
        self._bodies: deque[Job] = deque()
        self._answers: deque[Job] = deque()

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Room for a body until it is answered; Problem 503 where too much waits already."""
        if self.size and self.size + size > self.waiting_max:
            wait = {"Retry-After": RETRY_SECONDS}
            raise Problem(503, message("bodies-waiting"), headers=wait)
        self.size += size
        try:
            yield
        finally:
            self.size -= size

    async def run(self, work: Callable[[], T], is_answer: bool) -> T:
        """What the work answers or raises, when its turn has come."""
        if self._closed and is_answer:
            return work()
        job: Future[T] = Future()
        queue = self._answers if is_answer else self._bodies
        queue.append((job, partial(copy_context().run, work)))
        self._thread.submit(self._work)
        return await asyncio.wrap_future(job)

    def _work(self) -> None:
        job, work = (self._answers or self._bodies).popleft()
        if not job.set_running_or_notify_cancel():
            return
        try:
            job.set_result(work())
        except BaseException as error:  # it is raised where the work is awaited
            job.set_exception(error)

    def close(self) -> None:
        """Reads no more; answers, of which events are committed, are still written."""
        self._closed = True
        for job, _ in tuple(self._bodies):
            job.cancel()
        self._thread.shutdown(wait=False)


@dataclass
class Place:
    """The place of one body, from its reading to its answer; without a lane it is done at once."""

    lane: Lane | None
    has_read: bool = False

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """What a function answers or raises: first the one that reads, then the one that writes."""
        call = partial(work, *arguments)
        if self.lane is None:
            return call()
        is_answer, self.has_read = self.has_read, True
        return await self.lane.run(call, is_answer)


@dataclass
class BodyThreads:
    """The threads of both doors."""

    small: Lane = field(default_factory=lambda: Lane("small bodies", SMALL_WAITING_BYTES_MAX))
    large: Lane = field(default_factory=lambda: Lane("large bodies", LARGE_WAITING_BYTES_MAX))

    @contextmanager
    def place(self, raw: bytes) -> Iterator[Place]:
        """The place of a body; Problem 503 where there is none."""
        weight = weight_of(raw)
        if not weight:
            yield Place(None)
            return
        lane = self.small if weight <= SMALL_BYTES_MAX else self.large
        with lane.room(weight):
            yield Place(lane)

    def close(self) -> None:
        """Ends both; nothing is half done by them."""
        self.small.close()
        self.large.close()
