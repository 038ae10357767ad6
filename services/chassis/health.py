"""Health of a process: alive when it answers, ready when what it cannot serve without answers.

A check that is not required stands in the body alone: a door goes on while the broker is away.
Where such a check fails the status is `degraded`, and the answer still that of a ready process.
Who asks over HTTP is answered from what was found at most a second ago (`shared`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from services.chassis.errors import DanchuError
from services.chassis.messages import message

CHECK_SECONDS = 5.0
FRESH_SECONDS = 1.0
Readiness = tuple[bool, dict[str, object]]
Check = Callable[[], Awaitable[str]]


@dataclass
class Health:
    """The checks of one service by name, each with whether readiness rests on it."""

    checks: dict[str, tuple[bool, Check]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _latest: Readiness | None = None
    _looked: float = 0.0
    _looking: asyncio.Task[Readiness] | None = None

    def require(self, name: str, check: Check) -> None:
        """Adds a check without which the service is not ready; it raises what is wrong."""
        self.checks[name] = (True, check)

    def show(self, name: str, check: Check) -> None:
        """Adds a check that is shown; where it raises what is wrong, the service is degraded."""
        self.checks[name] = (False, check)

    def warn(self, sentence: str) -> None:
        """Keeps a warning visible on every readiness answer."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    async def shared(self) -> Readiness:
        """The readiness of at most a second ago; whoever asks meanwhile shares one computation.

        So a flood of questions costs the database one look a second.
        """
        loop = asyncio.get_running_loop()
        if self._latest is not None and loop.time() - self._looked < FRESH_SECONDS:
            return self._latest
        if self._looking is None:
            self._looking = loop.create_task(self._look(loop.time()))
        return await asyncio.shield(self._looking)

    async def _look(self, began: float) -> Readiness:
        try:
            self._latest = await self.readiness()
            self._looked = began
            return self._latest
        finally:
            self._looking = None

    async def readiness(self) -> Readiness:
        """Whether all required checks are well, the status in a word, and the state of each."""
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
