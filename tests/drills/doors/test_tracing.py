"""One trace from the caller's traceparent through door, outbox, stream and fold to the query."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services.commands.start_line import version
from tests.conftest import NatsServer, eventually
from tests.support.builders.events import event
from tests.support.processes import Served
from tests.support.servers import free_port

pytestmark = pytest.mark.anyio
QUERY = "GET /scoring/ratings"
ROAD = {"POST /intake/events", "accept", "relay", "take", "fold", QUERY}
READABLE = (
    "danchu_scoring_lag_age_seconds", "danchu_scoring_halted", "danchu_scoring_feed_waiting",
    'danchu_outbox_depth{service="intake"}', 'danchu_scoring_quarantine{reason="conflict"}',
    "danchu_scoring_unowned", "danchu_scoring_seals_pending", "process_memory_usage_bytes",
)  # fmt: skip
CALLER, FIRST, SECOND = "a" * 32, "b" * 32, "c" * 32


@dataclass
class Collector:
    """A receiver of OTLP over HTTP: spans by (trace, name), links by trace, names of metrics, and
    what the processes are called.
    """

    spans: set[tuple[str, str]] = field(default_factory=set)
    links: set[tuple[str, str]] = field(default_factory=set)
    metrics: set[str] = field(default_factory=set)
    processes: set[tuple[str, str]] = field(default_factory=set)
    raw: list[bytes] = field(default_factory=list)

    def take(self, path: str, body: bytes) -> None:
        """Reads one export."""
        self.raw.append(body)
        if path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        self.spans.add((span.trace_id.hex(), span.name))
                        self.links |= {(link.trace_id.hex(), span.name) for link in span.links}
        elif path == "/v1/metrics":
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                about = {each.key: each.value.string_value for each in resource.resource.attributes}
                self.processes.add((about["service.name"], about["service.version"]))
                for measured in resource.scope_metrics:
                    self.metrics |= {metric.name for metric in measured.metrics}

    def names(self, trace: str) -> set[str]:
        """The spans of a trace."""
        return {name for id_, name in self.spans if id_ == trace}


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    """A running receiver and its address."""
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.take(self.path, body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def traceparent(trace: str) -> str:
    """What a caller of that trace sends."""
    return f"00-{trace}-{'1' * 16}-01"


async def test_one_trace_goes_from_the_caller_to_the_query(
    collector: tuple[Collector, str], provisioned: NatsServer, home: Path
) -> None:
    """By the header of requests, by the attribute of events, and by links where they differ; what
    Prometheus reads beside it is there too.
    """
    received, address = collector
    quick = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "200"}
    port = free_port()
    exports = {"DANCHU_OTLP_ENDPOINT": address, "DANCHU_METRICS_PORT": str(port)}
    served = Served(home, "all", {**exports, **quick})
    await served.migrated()
    served.start()
    try:
        receipts = send(served, [event("a"), event("b")], {"traceparent": traceparent(CALLER)})
        ask(served, receipts, {"traceparent": traceparent(CALLER)})
        await eventually(lambda: _has(received, CALLER, ROAD), 60)
        traced = [
            event("c", traceparent=traceparent(FIRST)),
            event("d", traceparent=traceparent(SECOND)),
            event("e", traceparent="no trace at all"),
        ]
        assert served.post(traced).status == 202
        for trace in (FIRST, SECOND):
            await eventually(partial(_has, received, trace, {"accept"}), 60)
            assert (trace, "accept") in received.links
        await eventually(lambda: _measured(received), 60)
        assert received.processes == {("danchu", version())}
        await eventually(lambda: _readable(port), 60)
        assert not any(b"p1" in raw or b"Bearer" in raw for raw in received.raw)
    finally:
        served.stop()


def send(served: Served, events: list[dict[str, Any]], headers: dict[str, str]) -> list[str]:
    """Sends a batch with headers of its own; returns the receipts."""
    asked = urllib.request.Request(
        served.url("/intake/events"),
        json.dumps(events).encode(),
        {**served.headers("emitter"), "content-type": "application/json", **headers},
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert answer.status == 202
        return [each["receipt"] for each in json.load(answer)["receipts"]]


def ask(served: Served, receipts: list[str], headers: dict[str, str]) -> None:
    """Asks for the ratings that count these events."""
    path = f"/scoring/ratings?year=2025&wait_for={','.join(receipts)}"
    question = urllib.request.Request(served.url(path), headers={**served.headers("hr"), **headers})
    with urllib.request.urlopen(question, timeout=30) as answer:
        assert answer.status == 200


async def _has(received: Collector, trace: str, names: set[str]) -> bool:
    return received.names(trace) >= names


async def _measured(received: Collector) -> bool:
    names = {"danchu.intake.events", "danchu.scoring.events", "http.server.request.duration"}
    return names <= received.metrics


async def _readable(port: int) -> bool:
    """Whether Prometheus reads every gauge; they are measured a moment after the start."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    assert "p1" not in text and "H44" not in text
    return all(f"\n{name}" in text for name in READABLE)
