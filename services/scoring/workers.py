"""Processes that compute books anew, one for each core, so that a rebuild is not one core's work.

A worker has the registry and the rubrics from its start, and no database: it reads tasks from its
standard input and writes what it computed to its standard output, each a pickle after its length.
It is tied to its parent, and ends with it.
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
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, BinaryIO

from services.chassis.tether import tie
from services.scoring.anew import Computed, Task, computed
from services.scoring.errors import WorkerDied
from services.scoring.registry import Registry
from services.scoring.rubric import Rubrics

_LENGTH = struct.Struct(">Q")
Compute = Callable[[Task], Awaitable[Computed]]


class Workers:
    """Idle workers; as many tasks are computed at a time as there are cores."""

    def __init__(self) -> None:
        self._idle: asyncio.Queue[Process] = asyncio.Queue()
        self._all: list[Process] = []

    async def start(self) -> None:
        """Starts a process for each core; they load while the parent goes on."""
        command = (sys.executable, "-m", "services.scoring.workers", str(os.getpid()))
        for _ in range(len(os.sched_getaffinity(0))):
            process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
            self._all.append(process)

    def know(self, registry: Registry, rubrics: Rubrics) -> None:
        """Tells them under which registry and rubrics to compute, before the first task."""
        known = pickle.dumps((registry, rubrics), pickle.HIGHEST_PROTOCOL)
        for process in self._all:
            _send(process, known)
            self._idle.put_nowait(process)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._all)

    async def compute(self, task: Task) -> Computed:
        """What a book must hold; WorkerDied where the process ends instead of answering."""
        process = await self._idle.get()
        _send(process, pickle.dumps(task, pickle.HIGHEST_PROTOCOL))
        assert process.stdout is not None
        try:
            head = await process.stdout.readexactly(_LENGTH.size)
            body = await process.stdout.readexactly(*_LENGTH.unpack(head))
        except (asyncio.IncompleteReadError, ConnectionError) as ended:
            raise WorkerDied from ended
        self._idle.put_nowait(process)
        found: Computed = pickle.loads(body)
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


def main(given: BinaryIO, told: BinaryIO) -> None:
    """Answers each task until there are no more.

    What is computed holds no cycles, so the collector of cycles would only cost a fifth.
    """
    gc.disable()
    registry, rubrics = _read(given)
    while (task := _read(given)) is not None:
        body = pickle.dumps(computed(task, registry, rubrics), pickle.HIGHEST_PROTOCOL)
        told.write(_LENGTH.pack(len(body)) + body)
        told.flush()


def _read(given: BinaryIO) -> Any:
    head = given.read(_LENGTH.size)
    return pickle.loads(given.read(*_LENGTH.unpack(head))) if head else None


if __name__ == "__main__":
    tie(int(sys.argv[1]))
    main(sys.stdin.buffer, sys.stdout.buffer)
