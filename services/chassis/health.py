"""Liveness and readiness of a service.

A service is alive while its loops turn (`beats`). It is ready when all required checks pass. When
another check fails, such as that of the broker, the status is `degraded` and the service still
counts as ready. Answers over HTTP use results that are at most a second old (`shared`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from contracts.messages import Message
from services.chassis.cancellation import BackgroundTasks
from services.chassis.errors import DanchuError
from services.chassis.heartbeat import Heartbeats
from services.chassis.messages import message

CHECK_SECONDS = 5.0
FRESH_SECONDS = 1.0
Readiness = tuple[bool, dict[str, object]]
Check = Callable[[], Awaitable[str]]


@dataclass
class Health:
    """The checks of one service by name, each with whether readiness depends on it."""

    checks: dict[str, tuple[bool, Check]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    beats: Heartbeats = field(default_factory=Heartbeats)
    closed: Message | None = None
    """Why the service is not ready, whatever its checks answer: it starts, or it stops."""
    _latest: Readiness | None = None
    _checked_at: float = 0.0
    _running: asyncio.Task[Readiness] | None = None
    _background: BackgroundTasks = field(default_factory=BackgroundTasks)

    def require(self, name: str, check: Check) -> None:
        """Adds a required check; it raises DanchuError when it fails."""
        self.checks[name] = (True, check)

    def show(self, name: str, check: Check) -> None:
        """Adds an optional check; when it raises DanchuError, the service is degraded."""
        self.checks[name] = (False, check)

    def warn(self, sentence: str) -> None:
        """Adds a warning to every readiness answer."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    async def shared(self) -> Readiness:
        """The readiness of at most a second ago; concurrent callers share one computation.

        So a flood of requests costs the database one query a second.
        """
        if self.closed is not None:
            return await self.readiness()
        loop = asyncio.get_running_loop()
        if self._latest is not None and loop.time() - self._checked_at < FRESH_SECONDS:
            return self._latest
        if self._running is None:
            work = self._compute(loop.time())
            self._running = self._background.begin(work, "readiness")
        return await asyncio.shield(self._running)

    async def close(self) -> None:
        """Ends a computation that still runs, since what it asks is about to be closed."""
        await self._background.close()

    async def _compute(self, began: float) -> Readiness:
        try:
            self._latest = await self.readiness()
            self._checked_at = began
            return self._latest
        finally:
            self._running = None

    async def readiness(self) -> Readiness:
        """Whether all required checks pass, and the status with the result of each check."""
        if self.closed is not None:
            state = {"process": self.closed}
            return False, {"status": "not ready", "checks": state, "warnings": self.warnings}
        names = list(self.checks)
        results = await asyncio.gather(*(self._check(name) for name in names))
        by_name = dict(zip(names, results, strict=True))
        ready = all(well or not self.checks[name][0] for name, (well, _) in by_name.items())
        states = {name: state for name, (_, state) in by_name.items()}
        well = "ready" if all(well for well, _ in results) else "degraded"
        status = well if ready else "not ready"
        return ready, {"status": status, "checks": states, "warnings": self.warnings}

    async def _check(self, name: str) -> tuple[bool, str]:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return True, await self.checks[name][1]()
        except DanchuError as error:
            return False, str(error)
        except TimeoutError:
            return False, message("check-slow", seconds=int(CHECK_SECONDS))
