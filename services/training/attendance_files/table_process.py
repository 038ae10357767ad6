"""Reads each uploaded file in a process of its own, bounded in time, memory and number.

The process that answers requests never parses a file from outside: one that would take all time
or memory costs its own reader alone, which is killed.
"""

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Any

from services.chassis.http.problems import RETRY_SECONDS, Problem
from services.training.attendance_files.spreadsheet_model import Table, TableFault, from_json
from services.training.messages import message

READERS_MAX, WAITING_MAX = 2, 16
SECONDS_MAX = 10.0
ANSWER_BYTES_MAX = 16 * 2**20
COMMAND = ("-I", "-m", "services.training.attendance_files.table_reader")
log = logging.getLogger(__name__)


class TableProcesses:
    """Reads a few files at once; Problem 503 where too many are waiting already."""

    def __init__(
        self, readers: int = READERS_MAX, waiting: int = WAITING_MAX, seconds: float = SECONDS_MAX
    ) -> None:
        self.seconds, self.most = seconds, readers + waiting
        self.free, self.pending = asyncio.Semaphore(readers), 0

    async def read(self, raw: bytes, sheet: str | None = None) -> Table:
        """The table of a file; TableFault for a fault of the whole file."""
        if self.pending >= self.most:
            headers = {"Retry-After": RETRY_SECONDS}
            raise Problem(503, message("readers-busy"), headers=headers)
        self.pending += 1
        try:
            async with self.free:
                return _table(await self._answer(raw, sheet))
        finally:
            self.pending -= 1

    async def _answer(self, raw: bytes, sheet: str | None) -> dict[str, Any]:
        arguments = [*COMMAND, str(os.getpid()), *([] if sheet is None else [sheet])]
        reader = await _started(arguments)
        try:
            async with asyncio.timeout(self.seconds):
                answer, _ = await asyncio.gather(_output(reader), _feed(reader, raw))
                status = await reader.wait()
        except TimeoutError:
            raise TableFault("too-slow", seconds=round(self.seconds)) from None
        finally:
            await _end(reader)
        if status != 0 or not answer:
            log.warning("the reader of an uploaded file ended early", extra={"status": status})
            raise TableFault("too-complex")
        return dict(json.loads(answer))


async def _started(arguments: list[str]) -> Process:
    """A running reader, or none where the caller is cancelled: uvloop would leave it behind."""
    starting = asyncio.create_task(
        asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _end(await starting)
        raise


async def _end(reader: Process) -> None:
    if reader.returncode is None:
        reader.kill()
        await reader.wait()


async def _feed(reader: Process, raw: bytes) -> None:
    """Sends the file to the reader, which may end before it has read all."""
    assert reader.stdin is not None  # by stdin=PIPE
    try:
        reader.stdin.write(raw)
        await reader.stdin.drain()
        reader.stdin.close()
        await reader.stdin.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        log.info("the reader of an uploaded file ended before it had read all")


async def _output(reader: Process) -> bytes:
    assert reader.stdout is not None  # by stdout=PIPE
    parts, size = [], 0
    while part := await reader.stdout.read(2**16):
        size += len(part)
        if size > ANSWER_BYTES_MAX:
            raise TableFault("too-complex")
        parts.append(part)
    return b"".join(parts)


def _table(answer: dict[str, Any]) -> Table:
    if "fault" in answer:
        raise TableFault(answer["fault"], **answer["values"])
    return from_json(answer["table"])
