"""Exporters of traces and metrics, restricted to an allow-list of attributes.

Other attributes may contain what somebody sent: a path with its values, a query, the message of an
error. Traces and metrics are sent by OTLP, metrics are also read by Prometheus on a port of their
own. Imported only if the settings ask for one of these.
"""

import itertools
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricReader,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanContext, Status
from opentelemetry.util.types import Attributes
from prometheus_client import CollectorRegistry, start_http_server

from services.chassis.settings import Settings
from services.chassis.telemetry.process_metrics import observe_process
from services.chassis.telemetry.request_metrics import with_requests

ALLOWED = frozenset(
    ("service", "status", "door", "reason", "messages", "events", "outcome", "step", "source",
     "event", "check", "exception.type",
     "http.request.method", "http.route", "http.response.status_code", "url.scheme", "cpu.mode",
     "system.filesystem.state", "db.client.connection.pool.name", "db.client.connection.state")
)  # fmt: skip
"""`http.route` is a template, such as /ratings/{year}/{unit}; `source` is that of a system of
record, `reason` a code of a catalogue, `event` a short name of the contract."""
_ids = RandomIdGenerator()


def _allowed(attributes: Attributes) -> dict[str, str | bool | int | float]:
    values: Mapping[str, object] = attributes or {}
    return {
        name: value
        for name, value in values.items()
        if name in ALLOWED and isinstance(value, str | bool | int | float)
    }


def allowed_span(span: ReadableSpan) -> ReadableSpan:
    """The span with allowed attributes only; errors by type, without their messages."""
    return ReadableSpan(
        span.name, span.context, span.parent, span.resource, _allowed(span.attributes),
        [Event(event.name, _allowed(event.attributes), event.timestamp) for event in span.events],
        [trace.Link(link.context) for link in span.links], span.kind,
        status=Status(span.status.status_code), start_time=span.start_time,
        end_time=span.end_time, instrumentation_scope=span.instrumentation_scope,
    )  # fmt: skip


def linking_back(span: ReadableSpan) -> Iterator[ReadableSpan]:
    """A span in each recorded trace that a span is linked with, at its end, which links back.

    They are made when they are sent: begun and ended like others, those of a small batch would
    take as long as a fifth of its fold, and soon fill the queue of the exporter.
    """
    for link in span.links:
        linked = link.context
        if span.context is not None and linked.trace_flags.sampled:
            own = SpanContext(
                linked.trace_id, _ids.generate_span_id(), False, linked.trace_flags,
                linked.trace_state,
            )  # fmt: skip
            yield ReadableSpan(
                span.name, own, linked, span.resource, links=[trace.Link(span.context)],
                start_time=span.end_time, end_time=span.end_time,
                instrumentation_scope=span.instrumentation_scope,
            )  # fmt: skip


class AllowedSpans(SpanExporter):
    """Passes spans with allowed attributes to another exporter, and those that link back."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Exports the spans without other attributes, and what links back to them."""
        back = itertools.chain.from_iterable(map(linking_back, spans))
        return self._exporter.export([*map(allowed_span, spans), *back])

    def shutdown(self) -> None:
        """Shuts the other exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flushes the other exporter."""
        return self._exporter.force_flush(timeout_millis)


class SentMetrics(PeriodicExportingMetricReader):
    """Sends the metrics of the SDK and the durations of requests at intervals."""

    def _receive_metrics(self, metrics_data: MetricsData, *rest: Any, **more: Any) -> None:
        super()._receive_metrics(with_requests(metrics_data), *rest, **more)


class ReadMetrics(PrometheusMetricReader):
    """Has the metrics of the SDK and the durations of requests read by Prometheus."""

    def _receive_metrics(self, metrics_data: MetricsData, *rest: Any, **more: Any) -> None:
        super()._receive_metrics(with_requests(metrics_data), *rest, **more)


def meter_provider(readers: Sequence[MetricReader], resource: Resource) -> MeterProvider:
    """A provider of metrics whose instruments have allowed attributes only."""
    view = View(instrument_name="*", attribute_keys=set(ALLOWED))
    return MeterProvider(readers, resource, views=[view])


def process_resource(process: str, version: str) -> Resource:
    """What this process is, and which of its kind."""
    return Resource.create({
        "service.namespace": "danchu", "service.name": process, "service.version": version,
        "service.instance.id": str(uuid.uuid4()),
    })  # fmt: skip


def export(settings: Settings, process: str, version: str) -> None:
    """Exports what the settings ask for; OSError if the port of the metrics is taken."""
    resource = process_resource(process, version)
    readers: list[MetricReader] = []
    if settings.otlp_endpoint:
        endpoint = settings.otlp_endpoint.rstrip("/")
        spans = TracerProvider(resource=resource)
        exporter = AllowedSpans(OTLPSpanExporter(f"{endpoint}/v1/traces"))
        spans.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(spans)
        readers.append(SentMetrics(OTLPMetricExporter(f"{endpoint}/v1/metrics")))
    if settings.metrics_port:
        registry = CollectorRegistry()
        readers.append(ReadMetrics(scope_info_enabled=False, registry=registry))
        host = settings.metrics_host or settings.host
        start_http_server(settings.metrics_port, host, registry)
    provider = meter_provider(readers, resource)
    metrics.set_meter_provider(provider)
    observe_process(provider.get_meter("danchu.process"), settings.home)
