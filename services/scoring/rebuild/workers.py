"""Processes that compute books anew, one for each core, so that a rebuild is not one core's work.

A worker is told once where the data are, the registry and the rubrics; then it reads groups
of books from its standard input and writes what each must hold to its standard output, every one a
pickle after its length. It never writes data. It is tied to its parent, and ends with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import pickle
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, BinaryIO

from services.chassis.cancellation import cancel_all
from services.chassis.driver_rows import FAILED, Source, is_lost
from services.chassis.errors import DatabaseAway
from services.chassis.parent_death import tie
from services.scoring.errors import WorkerDied
from services.scoring.fold.books import Book
from services.scoring.fold.registry import Registry
from services.scoring.rebuild import inputs
from services.scoring.rebuild.inputs import Made
from services.scoring.rubrics.model import Rubrics

_LENGTH = struct.Struct(">Q")


Known = tuple[Source, Registry, Rubrics]
"""What a worker is told before its first group of books."""
Answer = Made | str
"""What a book must hold, or how the database was lost."""


class Workers:
    """Workers, one for each core."""

    def __init__(self) -> None:
        self._all: list[Process] = []

    async def start(self) -> None:
        """Starts a process for each core; they load while the parent goes on."""
        command = (sys.executable, "-m", "services.scoring.rebuild.workers", str(os.getpid()))
        for _ in range(len(os.sched_getaffinity(0))):
            process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
            self._all.append(process)

    def know(self, source: Source, registry: Registry, rubrics: Rubrics) -> None:
        """Tells them where the events are, and by what to compute, before the first book."""
        known: Known = source, registry, rubrics
        said = pickle.dumps(known, pickle.HIGHEST_PROTOCOL)
        for process in self._all:
            _send(process, said)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._all)

    async def compute(
        self, groups: Iterable[Sequence[Book]], take: Callable[[Made], Awaitable[None]]
    ) -> None:
        """Computes what books must hold, of what is committed; `take` gets one after the other.

        A group is one worker's, and its books are of one year. WorkerDied where a process ends
        instead of answering, DatabaseAway where it lost the data.
        """
        waiting, taking = iter(groups), asyncio.Lock()

        async def work(process: Process) -> None:
            for group in waiting:
                _send(process, pickle.dumps(group, pickle.HIGHEST_PROTOCOL))
                for _ in group:
                    made = await _answer(process)
                    async with taking:
                        await take(made)

        working = [asyncio.create_task(work(process)) for process in self._all]
        try:
            await asyncio.gather(*working)
        finally:
            await cancel_all(working)

    async def stop(self) -> None:
        """Ends them.

        What they answered is read to its end: a process is not over before its pipes are.
        """
        for process in self._all:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        for process in self._all:
            assert process.stdout is not None
            await process.stdout.read()
            await process.wait()


async def _answer(process: Process) -> Made:
    assert process.stdout is not None
    try:
        head = await process.stdout.readexactly(_LENGTH.size)
        body = await process.stdout.readexactly(*_LENGTH.unpack(head))
    except (asyncio.IncompleteReadError, ConnectionError) as died:
        raise WorkerDied from died
    found: Answer = pickle.loads(body)
    if isinstance(found, str):
        raise DatabaseAway(found)
    return found


def _send(process: Process, body: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(_LENGTH.pack(len(body)))
    process.stdin.write(body)


@contextlib.asynccontextmanager
async def workers() -> AsyncIterator[Workers]:
    """Workers for the block."""
    made = Workers()
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


async def main(given: BinaryIO, told: BinaryIO) -> None:
    """Answers for each book of each group until there are no more.

    What is computed holds no cycles, so the collector of cycles would only cost a fifth. Nothing
    else runs in the process while it waits for the next group.
    """
    gc.disable()
    known: Known = _read(given)
    source, registry, rubrics = known
    try:
        async with source.opened() as rows:
            while (books := _read(given)) is not None:
                async for made in inputs.made(rows, registry, rubrics, books):
                    _tell(told, made)
    except FAILED as error:
        if not is_lost(error):
            raise
        _tell(told, str(error) or type(error).__name__)


def _tell(told: BinaryIO, answer: Answer) -> None:
    body = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    told.write(_LENGTH.pack(len(body)) + body)
    told.flush()


def _read(given: BinaryIO) -> Any:
    head = given.read(_LENGTH.size)
    return pickle.loads(given.read(*_LENGTH.unpack(head))) if head else None


if __name__ == "__main__":
    tie(int(sys.argv[1]))
    asyncio.run(main(sys.stdin.buffer, sys.stdout.buffer))
