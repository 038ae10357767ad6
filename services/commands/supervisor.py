"""Child processes of one stack: started in order, restarted when they die, never outliving it.

A child that exits before it is ready cannot run: the last line of its log is the reason, and the
whole stack stops. A child that exits later, with any code, is restarted, since the cause is outside
and may pass.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.chassis.errors import DanchuError
from services.commands.messages import message

REFUSED = 2
READY_FILE = "SUPERVISOR_READY_FD"
"""The variable with the file descriptor that a child writes to once it is ready."""
PAUSE_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 30.0
READY_SECONDS = 60.0
POLL_SECONDS = 0.05
STOP_SECONDS = 20.0
LOG_BYTES_MAX = 16 * 2**20
LINE_BYTES = 4096


class ChildRefused(DanchuError):
    """A child cannot run."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        super().__init__(message("child-refused", name=name, why=why))


@dataclass(frozen=True)
class Child:
    """A process to supervise: `ready` is polled until it is true, before the next child starts.

    Without `ready` the child reports it itself (`report_ready`).
    """

    name: str
    command: Sequence[str]
    log: Path
    ready: Callable[[], Awaitable[bool]] | None
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Supervisor:
    """Keeps children alive; `say` reports their exits to a person."""

    say: Callable[[str], None]
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _ready_files: dict[str, int] = field(default_factory=dict)
    _keepers: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self, child: Child) -> None:
        """Starts a child, waits until it is ready, and restarts it from then on."""
        process = await self._spawn(child)
        await self.during(self._ready(child, process))
        self._keepers.append(asyncio.create_task(self._keep(child, process), name=child.name))

    async def during(self, work: Coroutine[None, None, None]) -> None:
        """Does the work while the children are supervised; raises an error of the supervision."""
        doing = asyncio.create_task(work)
        try:
            finished, _ = await asyncio.wait(
                (doing, *self._keepers), return_when=asyncio.FIRST_COMPLETED
            )
            for task in finished:
                task.result()
        finally:
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)

    async def wait_for_failure(self) -> None:
        """Waits for ever, unless the supervision of a child fails."""
        await self.during(_for_ever())

    async def stop(self) -> None:
        """Stops the children, the last started first; kills those that do not stop in time."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for name in list(self._ready_files):
            os.close(self._ready_files.pop(name))
        for process in reversed(self._running.values()):
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                try:
                    async with asyncio.timeout(STOP_SECONDS):
                        await process.wait()
                except TimeoutError:
                    process.kill()
                    await process.wait()

    async def _spawn(self, child: Child) -> asyncio.subprocess.Process:
        child.log.parent.mkdir(parents=True, exist_ok=True)
        if child.log.exists() and child.log.stat().st_size > LOG_BYTES_MAX:
            child.log.replace(child.log.with_suffix(".old.log"))
        wrapper = [sys.executable, "-m", "services.chassis.parent_death", str(os.getpid())]
        reader, writer = os.pipe()
        if child.name in self._ready_files:
            os.close(self._ready_files.pop(child.name))
        self._ready_files[child.name] = reader
        os.set_blocking(reader, False)
        try:
            with child.log.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *wrapper, *child.command, stdin=asyncio.subprocess.DEVNULL, stdout=log,
                    stderr=log, env={**os.environ, **child.env, READY_FILE: str(writer)},
                    start_new_session=True, pass_fds=(writer,),
                )  # fmt: skip
        finally:
            os.close(writer)
        self._running[child.name] = process
        return process

    async def _ready(self, child: Child, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not await self._is_ready(child):
                    if process.returncode is not None:
                        raise ChildRefused(child.name, last_line(child.log))
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            why = message("child-slow", seconds=f"{READY_SECONDS:g}", log=child.log)
            raise ChildRefused(child.name, why) from None

    async def _is_ready(self, child: Child) -> bool:
        if child.ready is not None:
            return await child.ready()
        try:
            return bool(os.read(self._ready_files[child.name], 1))
        except BlockingIOError:
            return False

    async def _keep(self, child: Child, process: asyncio.subprocess.Process) -> None:
        failures, loop = 0, asyncio.get_running_loop()
        while True:
            began = loop.time()
            code = await process.wait()
            failures = 0 if loop.time() - began > STEADY_SECONDS else failures + 1
            pause = PAUSE_SECONDS[min(failures, len(PAUSE_SECONDS) - 1)]
            ending = _ending(code, child.log)
            self.say(message("child-ended", name=child.name, how=ending, seconds=f"{pause:g}"))
            await asyncio.sleep(pause)
            process = await self._spawn(child)


async def _for_ever() -> None:
    await asyncio.Event().wait()


def _ending(code: int, log: Path) -> str:
    if code < 0:
        return message("ended-signal", number=-code)
    if code == REFUSED:
        return message("ended-refused", code=code, why=last_line(log))
    return message("ended-code", code=code)


def report_ready() -> None:
    """Reports to the supervisor of this process, if any, that it is ready; once."""
    file = os.environ.pop(READY_FILE, None)
    if file is not None and file.isdigit():
        with contextlib.suppress(OSError):
            os.write(int(file), b"1")
            os.close(int(file))


def last_line(log: Path) -> str:
    """The last line of a child's log, which is the reason of its exit."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LINE_BYTES))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else message("child-silent", log=log)
