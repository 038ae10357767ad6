"""Exporters of traces and metrics, restricted to an allow-list of attributes.

Other attributes may contain what somebody sent: a path with its values, a query, the message of an
error. Imported only if an endpoint is set.
"""

from collections.abc import Mapping, Sequence

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import Attributes

ALLOWED = frozenset(
    ("service", "method", "route", "status", "messages", "events", "outcome", "step", "source",
     "exception.type")
)  # fmt: skip
"""`route` is a template, such as /ratings/{year}/{unit}; `source` is that of a system of record."""


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


class AllowedSpans(SpanExporter):
    """Passes spans with allowed attributes to another exporter."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Exports the spans without other attributes."""
        return self._exporter.export([allowed_span(span) for span in spans])

    def shutdown(self) -> None:
        """Shuts the other exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flushes the other exporter."""
        return self._exporter.force_flush(timeout_millis)


def meter_provider(reader: MetricReader, resource: Resource) -> MeterProvider:
    """A provider of metrics whose instruments have allowed attributes only."""
    view = View(instrument_name="*", attribute_keys=set(ALLOWED))
    return MeterProvider([reader], resource, views=[view])


def export(endpoint: str, service: str) -> None:
    """Exports traces and metrics of this process to an endpoint."""
    resource = Resource.create({"service.name": f"danchu-{service}"})
    spans = TracerProvider(resource=resource)
    exporter = AllowedSpans(OTLPSpanExporter(f"{endpoint}/v1/traces"))
    spans.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(spans)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{endpoint}/v1/metrics"))
    metrics.set_meter_provider(meter_provider(reader, resource))
