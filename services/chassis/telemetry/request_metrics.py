"""Adds the durations of requests to what the SDK of OpenTelemetry collected."""

import dataclasses
import time
from collections.abc import Iterator

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    ScopeMetrics,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from services.chassis.telemetry.request_durations import (
    BOUNDS,
    NAME,
    REQUESTS,
    Durations,
    RequestDurations,
    RequestKind,
)

DESCRIPTION = "how long requests took, by method, route and status"
SCOPE = InstrumentationScope("danchu.http")


def with_requests(collected: MetricsData, requests: RequestDurations = REQUESTS) -> MetricsData:
    """The metrics of the SDK, and the histogram of requests if there were any."""
    if not requests.of or not collected.resource_metrics:
        return collected
    first, *others = collected.resource_metrics
    points = list(_points(requests))
    histogram = Histogram(points, AggregationTemporality.CUMULATIVE)
    scope = ScopeMetrics(SCOPE, [Metric(NAME, DESCRIPTION, "s", histogram)], "")
    first = dataclasses.replace(first, scope_metrics=[*first.scope_metrics, scope])
    return MetricsData([first, *others])


def _points(requests: RequestDurations) -> Iterator[HistogramDataPoint]:
    now = time.time_ns()
    for kind, durations in list(requests.of.items()):
        yield _point(kind, durations, requests.since, now)


def _point(kind: RequestKind, durations: Durations, since: int, now: int) -> HistogramDataPoint:
    counts = list(durations.counts)
    return HistogramDataPoint(
        kind.attributes(), since, now, sum(counts), durations.sum, counts, BOUNDS,
        durations.shortest, durations.longest,
    )  # fmt: skip
