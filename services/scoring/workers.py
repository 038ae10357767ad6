"""Processes that compute books anew, one for each core, so that a rebuild is not one core's work.

A worker is told once where the data are, the registry and the rubrics; then it reads the names of
books from its standard input and writes what each must hold to its standard output, every one a
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
from collections.abc import AsyncIterator
from typing import Any, BinaryIO

from services.chassis.errors import DatabaseAway
from services.chassis.rows import LOST, Source
from services.chassis.tether import tie
from services.scoring import ledger
from services.scoring.errors import WorkerDied
from services.scoring.fold import Book
from services.scoring.ledger import Made
from services.scoring.registry import Registry
from services.scoring.rubric import Rubrics

_LENGTH = struct.Struct(">Q")


Known = tuple[Source, Registry, Rubrics]
"""What a worker is told before its first book."""
Answer = Made | str
"""What a book must hold, or how the database was lost."""


class Workers:
    """Idle workers; as many books are computed at a time as there are cores."""

    def __init__(self) -> None:
        self._idle: asyncio.Queue[Process] = asyncio.Queue()
        self._all: list[Process] = []

    async def start(self) -> None:
        """Starts a process for each core; they load while the parent goes on."""
        command = (sys.executable, "-m", "services.scoring.workers", str(os.getpid()))
        for _ in range(len(os.sched_getaffinity(0))):
            process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
            self._all.append(process)

    def know(self, source: Source, registry: Registry, rubrics: Rubrics) -> None:
        """Tells them where the events are, and by what to compute, before the first book."""
        known: Known = source, registry, rubrics
        said = pickle.dumps(known, pickle.HIGHEST_PROTOCOL)
        for process in self._all:
            _send(process, said)
            self._idle.put_nowait(process)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._all)

    async def compute(self, book: Book) -> Made:
        """What a book must hold, of what is committed.

        WorkerDied where the process ends instead of answering, DatabaseAway where it lost the data.
        """
        process = await self._idle.get()
        _send(process, pickle.dumps(book, pickle.HIGHEST_PROTOCOL))
        assert process.stdout is not None
        try:
            head = await process.stdout.readexactly(_LENGTH.size)
            body = await process.stdout.readexactly(*_LENGTH.unpack(head))
        except (asyncio.IncompleteReadError, ConnectionError) as ended:
            raise WorkerDied from ended
        self._idle.put_nowait(process)
        found: Answer = pickle.loads(body)
        if isinstance(found, str):
            raise DatabaseAway(found)
        return found

    async def stop(self) -> None:
        """Ends them."""
        for process in self._all:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


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
    """Answers each book until there are no more.

    What is computed holds no cycles, so the collector of cycles would only cost a fifth. Nothing
    else runs in the process while it waits for the next book.
    """
    gc.disable()
    known: Known = _read(given)
    source, registry, rubrics = known
    try:
        async with source.opened() as rows:
            while (book := _read(given)) is not None:
                _tell(told, await ledger.made(rows, registry, rubrics, book))
    except LOST as lost:
        _tell(told, str(lost) or type(lost).__name__)


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
