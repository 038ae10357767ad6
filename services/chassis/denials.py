"""Counts denied requests, and logs one line for each: route, role and name of the token, reason.

No personal data is logged: the route template without its values, no query, no body, no token. The
lines are rate-limited; the next line says how many were omitted.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.messages import Message
from services.chassis.telemetry.instruments import meter

CREDENTIAL = "danchu.credential"
"""The key of the credential in the scope of a request."""
DENIED = frozenset((401, 403))
BROKER_REFUSALS = ("authorization violation", "permissions violation", "authentication")
"""Phrases of NATS for a user that may not connect, publish or subscribe."""
LINES_A_SECOND = 5.0
LINES_AT_ONCE = 50
log = logging.getLogger("danchu.denials")
_denials = meter("danchu.denials").create_counter(
    "danchu.denials", "{denial}", "requests and connections that were denied, by service and reason"
)


@dataclass
class LineBudget:
    """A token bucket of log lines: a burst, then a number of lines a second."""

    clock: Callable[[], float] = time.monotonic
    lines: float = LINES_AT_ONCE
    omitted: int = 0
    since: float = 0.0

    def take(self) -> int | None:
        """The number of lines omitted before this one; None if it is omitted too."""
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
    """Logs a request that was answered with 401 or 403, and no other."""
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
    """Logs an error of NATS if it denied a connection or a subject."""
    if any(word in str(error).lower() for word in BROKER_REFUSALS):
        write_denial("nats-refused", service=service, user=user, error=str(error))


def route_of(scope: Mapping[str, Any]) -> dict[str, Any]:
    """The service, the method and the route template of a request."""
    route = getattr(scope.get("route"), "path", None)
    service = str(scope.get("root_path", "")).strip("/")
    return {"service": service, "method": scope.get("method"), "route": route}


def write_denial(reason: str, **about: Any) -> None:
    """Counts a denial and logs it within the rate limit; `about` has no person and no content."""
    why = reason.code if isinstance(reason, Message) else reason
    _denials.add(1, {"service": about.get("service") or "", "reason": why})
    omitted = _budget.take()
    if omitted is not None:
        if isinstance(reason, Message):
            about = {"sentence": reason.en, **about}
        extra = {key: value for key, value in about.items() if value is not None}
        log.warning("denied", extra={"reason": why, "omitted": omitted, **extra})
