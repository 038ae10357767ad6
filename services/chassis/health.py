"""Health of a process: alive when it answers, ready when what it cannot serve without answers.

A check that is not required stands in the body alone: a door goes on while the broker is away.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from services.chassis.errors import DanchuError

CHECK_SECONDS = 5.0
Check = Callable[[], Awaitable[str]]


@dataclass
class Health:
    """The checks of one service by name, each with whether readiness rests on it."""

    checks: dict[str, tuple[bool, Check]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def require(self, name: str, check: Check) -> None:
        """Adds a check without which the service is not ready; it raises what is wrong."""
        self.checks[name] = (True, check)

    def show(self, name: str, check: Check) -> None:
        """Adds a check whose answer is shown and decides nothing."""
        self.checks[name] = (False, check)

    def warn(self, sentence: str) -> None:
        """Keeps a warning visible on every readiness answer."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    async def readiness(self) -> tuple[bool, dict[str, object]]:
        """Whether all required checks are well, and the state of each."""
        names = list(self.checks)
        found = await asyncio.gather(*(self._one(name) for name in names))
        by_name = dict(zip(names, found, strict=True))
        ready = all(well or not self.checks[name][0] for name, (well, _) in by_name.items())
        states = {name: state for name, (_, state) in by_name.items()}
        return ready, {
            "status": "ready" if ready else "not ready", "checks": states,
            "warnings": self.warnings,
        }  # fmt: skip

    async def _one(self, name: str) -> tuple[bool, str]:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return True, await self.checks[name][1]()
        except DanchuError as wrong:
            return False, str(wrong)
        except TimeoutError:
            return False, f"no answer in {CHECK_SECONDS:g} seconds"
