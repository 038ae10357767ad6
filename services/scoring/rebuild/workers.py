"""Worker processes that recompute books, one for each core.

A worker first reads how to connect from its standard input, then messages: its rules (the registry
and the rubrics), a request to look at the database as of now, and groups of books. It writes the
result of each book to its standard output. Every message is a pickle after its length. Workers
never write to the database. They end with their parent.
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
from services.chassis.driver_rows import FAILED, Rows, Source, is_lost
from services.chassis.errors import DatabaseAway
from services.chassis.parent_death import die_with
from services.scoring.errors import WorkerDied
from services.scoring.fold.books import Book
from services.scoring.fold.registry import Registry
from services.scoring.rebuild import inputs
from services.scoring.rebuild.inputs import CountRequest
from services.scoring.rebuild.worker_messages import Group, Look, Rules, WorkerAnswer
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import book_inputs
from services.scoring.store.book_inputs import LedgerPast

_LENGTH = struct.Struct(">Q")


class Workers:
    """The worker processes of one rebuild."""

    def __init__(self) -> None:
        self._all: list[Process] = []

    async def start(self, nice: int = 0) -> None:
        """Starts a process for each core; they import their modules while the parent goes on.

        `nice` is by how much they give way to other processes, from their first instant.
        """
        command = (sys.executable, "-m", "services.scoring.rebuild.workers", str(os.getpid()))
        for _ in range(len(os.sched_getaffinity(0))):
            process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
            self._all.append(process)
            if nice:
                os.setpriority(os.PRIO_PROCESS, process.pid, nice)

    def send_context(self, source: Source, registry: Registry, rubrics: Rubrics) -> None:
        """Sends every worker all that it needs, once and before `compute`."""
        self.connect(source)
        self.send_rules(registry, rubrics)

    def connect(self, source: Source) -> None:
        """Has every worker connect to the database, once."""
        self._send_all(source)

    def send_rules(
        self, registry: Registry, rubrics: Rubrics, past: LedgerPast | None = None
    ) -> None:
        """Sends every worker its rules, before `compute`; with `past` for counting as of then."""
        self._send_all(Rules(registry, rubrics, past))

    async def look(self) -> set[int]:
        """Has every worker read as of the last commit from now on; the stamps of those commits."""
        self._send_all(Look())
        return set(await asyncio.gather(*map(_answer, self._all)))

    def _send_all(self, message: Any) -> None:
        body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        for process in self._all:
            _send(process, body)

    @property
    def count(self) -> int:
        """The number of workers."""
        return len(self._all)

    async def compute(
        self, groups: Iterable[Group], write: Callable[[Any], Awaitable[None]]
    ) -> None:
        """Recomputes books from committed rows; `write` gets the results one after the other:
        a BookResult of each book, or a BookCount where they are only counted.

        A group goes to one worker, and its books are of one year. Raises WorkerDied where a
        process ends instead of answering, DatabaseAway where it lost its connection.
        """
        waiting, writing = iter(groups), asyncio.Lock()

        async def work(process: Process) -> None:
            for group in waiting:
                _send(process, pickle.dumps(group, pickle.HIGHEST_PROTOCOL))
                for _ in _books(group):
                    result = await _answer(process)
                    async with writing:
                        await write(result)

        working = [asyncio.create_task(work(process)) for process in self._all]
        try:
            await asyncio.gather(*working)
        finally:
            await cancel_all(working)

    async def stop(self) -> None:
        """Kills the workers.

        Their output is read to its end: a process has not ended before its pipes are closed.
        """
        for process in self._all:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        for process in self._all:
            assert process.stdout is not None
            await process.stdout.read()
            await process.wait()


def _books(group: Group) -> Sequence[Book]:
    return group.books if isinstance(group, CountRequest) else group


async def _answer(process: Process) -> Any:
    assert process.stdout is not None
    try:
        head = await process.stdout.readexactly(_LENGTH.size)
        body = await process.stdout.readexactly(*_LENGTH.unpack(head))
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise WorkerDied from error
    answer: WorkerAnswer = pickle.loads(body)
    if isinstance(answer, str):
        raise DatabaseAway(answer)
    return answer


def _send(process: Process, body: bytes) -> None:
    assert process.stdin is not None
    if process.stdin.is_closing():  # to write into it is an error of the event loop of production
        raise WorkerDied
    process.stdin.write(_LENGTH.pack(len(body)))
    process.stdin.write(body)


@contextlib.asynccontextmanager
async def workers(nice: int = 0) -> AsyncIterator[Workers]:
    """Workers that run for the length of a `with` block."""
    team = Workers()
    try:
        await team.start(nice)
        yield team
    finally:
        await team.stop()


async def main(stdin: BinaryIO, stdout: BinaryIO) -> None:
    """The program of a worker: answers the messages until its input ends.

    The cycle collector is off: the objects of a book form no cycles, and looking for them would
    cost a fifth of the time. Reading blocks: nothing else runs in the process meanwhile.
    """
    gc.disable()
    source: Source | None = _read(stdin)
    if source is None:  # the parent had no work
        return
    try:
        async with source.connection() as rows:
            await _serve(rows, stdin, stdout)
    except FAILED as error:
        if not is_lost(error):
            raise
        _write(stdout, str(error) or type(error).__name__)


async def _serve(rows: Rows, stdin: BinaryIO, stdout: BinaryIO) -> None:
    rules = Rules(Registry(()), Rubrics(()))
    while (message := _read(stdin)) is not None:
        match message:
            case Rules():
                rules = message
            case Look():
                _write(stdout, await book_inputs.look(rows))
            case CountRequest():
                async for count in inputs.count_books(
                    rows, rules.registry, rules.rubrics, message, rules.past
                ):
                    _write(stdout, count)
            case books:
                results = inputs.recompute_books(rows, rules.registry, rules.rubrics, books)
                async for result in results:
                    _write(stdout, result)


def _write(stdout: BinaryIO, answer: WorkerAnswer) -> None:
    body = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    stdout.write(_LENGTH.pack(len(body)) + body)
    stdout.flush()


def _read(stdin: BinaryIO) -> Any:
    head = stdin.read(_LENGTH.size)
    return pickle.loads(stdin.read(*_LENGTH.unpack(head))) if head else None


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    asyncio.run(main(sys.stdin.buffer, sys.stdout.buffer))
