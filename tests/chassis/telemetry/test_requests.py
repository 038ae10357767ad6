"""Requests are measured by route, and continue the trace of a caller who sends one."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from fastapi import HTTPException
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import CollectorRegistry, generate_latest

from services.chassis.health import Health
from services.chassis.http import metrics
from services.chassis.http.service_api import compose, service_api
from services.chassis.telemetry.otlp import AllowedSpans, ReadMetrics, meter_provider
from services.chassis.telemetry.request_durations import (
    BOUNDS,
    KINDS_MAX,
    RequestDurations,
    RequestKind,
)
from services.chassis.telemetry.request_metrics import with_requests

pytestmark = pytest.mark.anyio
CANARY = "nguyen-thi-canary"
TRACE, PARENT = "a" * 32, "1" * 16


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> RequestDurations:
    """The durations of the requests of one test."""
    durations = RequestDurations()
    monkeypatch.setattr(metrics, "REQUESTS", durations)
    return durations


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans of requests, as they leave the process."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(AllowedSpans(exporter)))
    monkeypatch.setattr(metrics, "_tracer", provider.get_tracer("danchu.http"))
    return exporter


@pytest.fixture
def client() -> Iterator[httpx.AsyncClient]:
    """A client of a measured application with one route."""
    api = service_api("doors", "", Health())

    @api.get("/people/{person}")
    async def people(person: str) -> str:
        if person == "nobody":
            raise HTTPException(404)
        if person == "bug":
            raise RuntimeError("a bug")
        return person

    root = metrics.measure_requests(compose({"doors": (api, Health())}))
    yield httpx.AsyncClient(transport=httpx.ASGITransport(root), base_url="http://danchu")


async def test_a_request_is_measured_by_its_route_and_not_by_its_path(
    client: httpx.AsyncClient, requests: RequestDurations
) -> None:
    """Values of a path and of a query are in no metric; health and unknown paths are apart."""
    for path in (f"/doors/people/{CANARY}?q={CANARY}", "/doors/people/nobody", f"/{CANARY}",
                 "/doors/people/bug", "/doors/healthz"):  # fmt: skip
        await client.get(path)
    await client.request(CANARY, "/doors/people/x")
    route = "/doors/people/{person}"
    assert {kind[0::2] + kind[3:]: sum(d.counts) for kind, d in requests.of.items()} == {
        ("GET", route, 200): 1, ("GET", route, 404): 1, ("GET", "", 404): 1,
        ("GET", route, 500): 1, ("GET", "/doors/healthz", 200): 1, ("_OTHER", route, 405): 1,
    }  # fmt: skip


async def test_a_caller_with_a_trace_finds_the_request_in_it(
    client: httpx.AsyncClient, requests: RequestDurations, spans: InMemorySpanExporter
) -> None:
    """A span of the server below that of the caller, named by the route; an error is marked."""
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    for person in (CANARY, "bug"):
        await client.get(f"/doors/people/{person}?q={CANARY}", headers=headers)
    answer, bug = spans.get_finished_spans()
    assert (answer.name, answer.kind) == ("GET /doors/people/{person}", SpanKind.SERVER)
    assert answer.context is not None and f"{answer.context.trace_id:032x}" == TRACE
    assert answer.parent is not None and f"{answer.parent.span_id:016x}" == PARENT
    assert dict(answer.attributes or {}) == {
        "http.request.method": "GET", "url.scheme": "http", "http.response.status_code": 200,
        "http.route": "/doors/people/{person}",
    }  # fmt: skip
    assert (answer.status.status_code, bug.status.status_code) == (
        StatusCode.UNSET, StatusCode.ERROR,
    )  # fmt: skip
    assert CANARY not in answer.to_json() + bug.to_json()


async def test_a_request_without_a_trace_has_no_span(
    client: httpx.AsyncClient, requests: RequestDurations, spans: InMemorySpanExporter
) -> None:
    """Neither without the header nor where the caller says that it records nothing."""
    await client.get("/doors/people/a")
    unsampled = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
    assert (await client.get("/doors/people/a", headers=unsampled)).status_code == 200
    assert spans.get_finished_spans() == ()
    assert sum(sum(durations.counts) for durations in requests.of.values()) == 2


def collected(requests: RequestDurations) -> MetricsData:
    """What a reader collects, with the requests."""
    reader = InMemoryMetricReader()
    provider = meter_provider([reader], Resource.create({}))
    provider.get_meter("t").create_counter("other").add(1, {"path": CANARY, "step": "plan"})
    data = reader.get_metrics_data()
    assert data is not None
    return with_requests(data, requests)


def test_the_histogram_is_that_of_the_semantic_conventions() -> None:
    """Each duration is in the bucket up to whose bound it is; the sum and the extremes agree."""
    requests = RequestDurations()
    kind = RequestKind("GET", "https", "/scoring/ratings", 200)
    for seconds in (0.001, 0.005, 0.006, 99.0):
        requests.record(kind, seconds)
    _, scope = collected(requests).resource_metrics[0].scope_metrics
    (metric,) = scope.metrics
    (point,) = metric.data.data_points
    assert (metric.name, metric.unit) == ("http.server.request.duration", "s")
    assert list(point.bucket_counts) == [2, 1, *[0] * (len(BOUNDS) - 2), 1]  # type: ignore[union-attr]
    assert (point.count, point.min, point.max) == (4, 0.001, 99.0)  # type: ignore[union-attr]
    assert point.sum == pytest.approx(99.012)  # type: ignore[union-attr]
    assert CANARY not in collected(requests).to_json()


def test_more_kinds_than_the_bound_are_not_measured() -> None:
    """Whatever sends requests, the memory of their metrics has an end."""
    requests = RequestDurations()
    for number in range(KINDS_MAX + 10):
        requests.record(RequestKind("GET", "http", str(number), 200), 0.1)
    requests.record(RequestKind("GET", "http", "0", 200), 0.1)
    assert len(requests.of) == KINDS_MAX
    assert sum(requests.of[RequestKind("GET", "http", "0", 200)].counts) == 2


def test_prometheus_reads_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and labels are those that the rules in deploy/telemetry ask for."""
    requests = RequestDurations()
    requests.record(RequestKind("GET", "http", "/scoring/ratings", 200), 0.07)
    monkeypatch.setattr(
        "services.chassis.telemetry.otlp.with_requests",
        lambda data: with_requests(data, requests),
    )
    registry = CollectorRegistry()
    reader = ReadMetrics(scope_info_enabled=False, registry=registry)
    provider = meter_provider([reader], Resource.create({"service.name": "danchu-http"}))
    provider.get_meter("t").create_counter("danchu.denials", "{denial}").add(1, {"reason": "x"})
    text = generate_latest(registry).decode()
    labels = (
        'http_request_method="GET",http_response_status_code="200",http_route="/scoring/ratings"'
    )
    assert f'_bucket{{{labels},le="0.05",url_scheme="http"}} 0.0' in text
    assert f'_bucket{{{labels},le="0.075",url_scheme="http"}} 1.0' in text
    assert f'http_server_request_duration_seconds_count{{{labels},url_scheme="http"}} 1.0' in text
    assert 'danchu_denials_total{reason="x"} 1.0' in text and "danchu-http" in text
