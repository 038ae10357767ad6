"""Child processes of one stack: started in order, restarted when they die, never outliving it.

A child that hangs, because it sends no heartbeat or does not answer, is killed and so restarted. A
child that exits before it is ready cannot run: the last line of its log is the reason, and the
whole stack stops. A child that exits later, with any code, is restarted, since the cause is outside
and may pass.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.chassis.errors import DanchuError
from services.commands.messages import message
from services.commands.supervisor_pipe import READY_FILE, ChildSigns

REFUSED = 2
PAUSE_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 30.0
READY_SECONDS = 60.0
POLL_SECONDS = 0.05
STOP_SECONDS = 20.0
HANG_SECONDS = 60.0
LOOK_SECONDS, LOOK_SECONDS_MAX = 1.0, 5.0
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

    Without `ready` the child reports it itself through its pipe. `beats`: it sends heartbeats
    through the pipe; `alive` asks a child that does not.
    """

    name: str
    command: Sequence[str]
    log: Path
    ready: Callable[[], Awaitable[bool]] | None
    env: Mapping[str, str] = field(default_factory=dict)
    beats: bool = False
    alive: Callable[[], Awaitable[bool]] | None = None


@dataclass
class Supervisor:
    """Keeps children alive; `say` reports their exits to a person.

    A child that gives no sign of life for `hang_seconds` hangs.
    """

    say: Callable[[str], None]
    hang_seconds: float = HANG_SECONDS
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _signs: dict[str, ChildSigns] = field(default_factory=dict)
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
        for name in list(self._signs):
            self._signs.pop(name).close()
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
        if child.name in self._signs:
            self._signs.pop(child.name).close()
        self._signs[child.name] = ChildSigns(reader)
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
        self._signs[child.name].look()
        return self._signs[child.name].ready

    async def _keep(self, child: Child, process: asyncio.subprocess.Process) -> None:
        failures, loop, first_sign = 0, asyncio.get_running_loop(), self.hang_seconds
        while True:
            began = loop.time()
            code = await self._end_of(child, process, first_sign)
            failures = 0 if loop.time() - began > STEADY_SECONDS else failures + 1
            pause = PAUSE_SECONDS[min(failures, len(PAUSE_SECONDS) - 1)]
            ending = _ending(code, child.log)
            self.say(message("child-ended", name=child.name, how=ending, seconds=f"{pause:g}"))
            await asyncio.sleep(pause)
            process = await self._spawn(child)
            first_sign = max(self.hang_seconds, READY_SECONDS)  # a start under load is no hang

    async def _end_of(
        self, child: Child, process: asyncio.subprocess.Process, first_sign: float
    ) -> int:
        """The exit code of a child, which is killed if it hangs.

        The time of each look is counted, up to a limit: while the supervisor itself does not run,
        as on a suspended machine, no child falls silent.
        """
        if not child.beats and child.alive is None:
            return await process.wait()
        ended = asyncio.create_task(process.wait())
        silent, most, loop = 0.0, first_sign, asyncio.get_running_loop()
        try:
            while silent <= most:
                began = loop.time()
                await asyncio.wait([ended], timeout=LOOK_SECONDS)
                if ended.done():
                    return ended.result()
                if await self._lives(child):
                    silent, most = 0.0, self.hang_seconds
                else:
                    silent += min(loop.time() - began, LOOK_SECONDS_MAX)
            self.say(message("child-hangs", name=child.name, seconds=f"{most:g}"))
            process.kill()
            return await ended
        finally:
            ended.cancel()

    async def _lives(self, child: Child) -> bool:
        if child.alive is not None:
            return await child.alive()
        return self._signs[child.name].look()


async def _for_ever() -> None:
    await asyncio.Event().wait()


def _ending(code: int, log: Path) -> str:
    if code < 0:
        return message("ended-signal", number=-code)
    if code == REFUSED:
        return message("ended-refused", code=code, why=last_line(log))
    return message("ended-code", code=code)


def last_line(log: Path) -> str:
    """The last line of a child's log, which is the reason of its exit."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LINE_BYTES))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else message("child-silent", log=log)
