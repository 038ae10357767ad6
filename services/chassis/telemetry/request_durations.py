"""The histogram of the durations of requests, kept without the SDK of OpenTelemetry.

That of the SDK takes a seventh of the time of one rating, the most frequent request, for each
exporter. This one takes a twentieth of that; `otlp` adds it to what the SDK collects.
"""

import math
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

NAME = "http.server.request.duration"
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds, as the semantic conventions advise."""
KINDS_MAX = 2000
"""As many as an instrument of OpenTelemetry has; requests of further kinds are not measured."""


class RequestKind(NamedTuple):
    """What tells requests apart; `route` is a template, empty where none fits."""

    method: str
    scheme: str
    route: str
    status: int

    def attributes(self) -> dict[str, str | int]:
        """The attributes of the semantic conventions; those without a value are left out."""
        values: dict[str, str | int] = {
            "http.request.method": self.method, "url.scheme": self.scheme,
            "http.route": self.route, "http.response.status_code": self.status,
        }  # fmt: skip
        return {name: value for name, value in values.items() if value}


@dataclass
class Durations:
    """The durations of the requests of one kind, in seconds: how many up to each bound."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    sum: float = 0.0
    shortest: float = math.inf
    longest: float = 0.0


@dataclass
class RequestDurations:
    """The durations of all requests of a process since an instant, in nanoseconds."""

    of: dict[RequestKind, Durations] = field(default_factory=dict)
    since: int = field(default_factory=time.time_ns)

    def record(self, kind: RequestKind, seconds: float) -> None:
        """Adds a request."""
        durations = self.of.get(kind)
        if durations is None:
            if len(self.of) >= KINDS_MAX:
                return
            durations = self.of[kind] = Durations()
        durations.counts[bisect_left(BOUNDS, seconds)] += 1
        durations.sum += seconds
        if seconds < durations.shortest:
            durations.shortest = seconds
        if seconds > durations.longest:
            durations.longest = seconds


REQUESTS = RequestDurations()
"""Those of this process."""
