"""One line of log for each request that is denied: what was asked, by which token, and why not.

No personal data: the route and not what was filled into it, no query, no body, no token; of the
caller the role and the name that the token was given to. A flood of denials is bounded: what is
left out is counted, and the next line says how many.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.messages import Message

CREDENTIAL = "danchu.credential"
"""Where the scope of a request holds its credential."""
DENIED = frozenset((401, 403))
BROKER_REFUSALS = ("authorization violation", "permissions violation", "authentication")
"""How NATS says that a user may not join, publish or subscribe."""
LINES_A_SECOND = 5.0
LINES_AT_ONCE = 50
log = logging.getLogger("danchu.denials")


@dataclass
class LineBudget:
    """How many lines may be written: some at once, then so many a second."""

    clock: Callable[[], float] = time.monotonic
    lines: float = LINES_AT_ONCE
    omitted: int = 0
    since: float = 0.0

    def take(self) -> int | None:
        """How many lines were left out before this one; None where it is left out too."""
        now = self.clock()
        grown = self.lines + (now - self.since) * LINES_A_SECOND
        self.lines, self.since = min(float(LINES_AT_ONCE), grown), now
        if self.lines < 1:
            self.omitted += 1
            return None
        self.lines -= 1
        omitted, self.omitted = self.omitted, 0
        return omitted


_budget = LineBudget()


def note_denial(scope: Mapping[str, Any], status: int, reason: str) -> None:
    """Logs a request that was answered with 401 or 403; other statuses are no denials."""
    if status not in DENIED:
        return
    caller = scope.get(CREDENTIAL)
    write_denial(
        reason,
        **route_of(scope),
        status=status,
        role=getattr(caller, "role", None),
        token=getattr(caller, "name", None),
    )


def note_broker_denial(service: str, user: str | None, error: Exception) -> None:
    """Logs that NATS refused a user to join, or a subject, and no other error."""
    if any(word in str(error).lower() for word in BROKER_REFUSALS):
        write_denial("nats-refused", service=service, user=user, error=str(error))


def route_of(scope: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked, without what was filled in: the service, the method, the route."""
    route = getattr(scope.get("route"), "path", None)
    service = str(scope.get("root_path", "")).strip("/")
    return {"service": service, "method": scope.get("method"), "route": route}


def write_denial(reason: str, **about: Any) -> None:
    """Logs a denial of any door, within the budget; `about` names no person and no content."""
    omitted = _budget.take()
    if omitted is not None:
        why = reason.code if isinstance(reason, Message) else reason
        extra = {key: value for key, value in about.items() if value is not None}
        log.warning("denied", extra={"reason": why, "omitted": omitted, **extra})
