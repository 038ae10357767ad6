"""Child processes of one stack: started in order, started again when they die, never outliving it.

A child that ends with `REFUSED` says that trying again is of no use: the last line of its log is
the reason, and the whole stack ends with it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.chassis.errors import DanchuError

REFUSED = 2
PAUSE_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 30.0
READY_SECONDS = 60.0
POLL_SECONDS = 0.05
STOP_SECONDS = 20.0
LOG_BYTES_MAX = 16 * 2**20
LINE_BYTES = 4096


class ChildRefused(DanchuError):
    """A child cannot run as things are."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        super().__init__(f"{name} cannot start: {why}")


@dataclass(frozen=True)
class Child:
    """A process to keep: `ready` is asked until it is true, before the next child starts."""

    name: str
    command: Sequence[str]
    log: Path
    ready: Callable[[], Awaitable[bool]]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Supervisor:
    """Keeps children alive; `say` tells a person what happened to them."""

    say: Callable[[str], None]
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _keepers: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self, child: Child) -> None:
        """Starts a child, waits until it is ready, and keeps it from then on."""
        process = await self._spawn(child)
        await self.during(self._ready(child, process))
        self._keepers.append(asyncio.create_task(self._keep(child, process), name=child.name))

    async def during(self, work: Coroutine[None, None, None]) -> None:
        """Does the work while the children live; ChildRefused as soon as one refuses to run."""
        doing = asyncio.create_task(work)
        try:
            done, _ = await asyncio.wait(
                (doing, *self._keepers), return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
        finally:
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)

    async def failed(self) -> None:
        """Waits for ever, unless a child refuses to run: ChildRefused."""
        await self.during(_for_ever())

    async def stop(self) -> None:
        """Ends the children, the last started first; kills what does not end in time."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
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
        tether = [sys.executable, "-m", "services.chassis.tether", str(os.getpid())]
        with child.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *tether, *child.command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **child.env}, start_new_session=True,
            )  # fmt: skip
        self._running[child.name] = process
        return process

    async def _ready(self, child: Child, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not await child.ready():
                    if process.returncode is not None:
                        raise ChildRefused(child.name, last_line(child.log))
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            why = f"it is not ready after {READY_SECONDS:g} seconds; see {child.log}"
            raise ChildRefused(child.name, why) from None

    async def _keep(self, child: Child, process: asyncio.subprocess.Process) -> None:
        failures, loop = 0, asyncio.get_running_loop()
        while True:
            began = loop.time()
            code = await process.wait()
            if code == REFUSED:
                raise ChildRefused(child.name, last_line(child.log))
            failures = 0 if loop.time() - began > STEADY_SECONDS else failures + 1
            pause = PAUSE_SECONDS[min(failures, len(PAUSE_SECONDS) - 1)]
            self.say(f"{child.name} ended ({_ending(code)}); it starts again in {pause:g} s")
            await asyncio.sleep(pause)
            process = await self._spawn(child)


async def _for_ever() -> None:
    await asyncio.Event().wait()


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def last_line(log: Path) -> str:
    """The last line that a child wrote, which is the reason of its end."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LINE_BYTES))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"it said nothing; see {log}"
