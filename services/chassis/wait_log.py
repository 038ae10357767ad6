"""Logs a wait when it begins and once a minute, however often it is tried again."""

import logging
import time
from dataclasses import dataclass

AGAIN_SECONDS = 60.0


@dataclass
class WaitLog:
    """The log of what one task waits for; `task` is how its line begins."""

    log: logging.Logger
    task: str
    _cause: str | None = None
    _due: float = 0.0

    def note(self, reason: BaseException) -> None:
        """The task still waits, for this reason; another type of reason is logged at once."""
        cause, now = type(reason).__name__, time.monotonic()
        if cause == self._cause and now < self._due:
            return
        self._cause, self._due = cause, now + AGAIN_SECONDS
        self.log.warning("%s waits", self.task, extra={"error": str(reason)})

    def end(self) -> None:
        """The wait is over."""
        if self._cause is not None:
            self.log.info("%s goes on", self.task)
        self._cause = None
