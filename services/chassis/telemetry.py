"""Logs as JSON lines, and traces and metrics by OpenTelemetry where an endpoint is set.

Without an endpoint the API of OpenTelemetry does nothing and costs next to nothing. Spans are
made per batch, never per event; no body, token or personal key is ever logged.
"""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.chassis.settings import Settings

_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what `extra` gave."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(), "logger": record.name,
            "message": record.getMessage(),
        }  # fmt: skip
        line |= {key: value for key, value in record.__dict__.items() if key not in _OWN}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def setup(settings: Settings, service: str) -> None:
    """Sets up logging of the process, and exporters when an endpoint is configured."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    if settings.otlp_endpoint:
        _export(settings.otlp_endpoint.rstrip("/"), service)


def _export(endpoint: str, service: str) -> None:
    """The SDK is imported here alone: without an endpoint a process does not carry it."""
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": f"danchu-{service}"})
    spans = TracerProvider(resource=resource)
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    trace.set_tracer_provider(spans)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{endpoint}/v1/metrics"))
    metrics.set_meter_provider(MeterProvider([reader], resource))


def tracer(name: str) -> trace.Tracer:
    """A tracer; it does nothing until `setup` found an endpoint."""
    return trace.get_tracer(name)


def meter(name: str) -> metrics.Meter:
    """A meter; it does nothing until `setup` found an endpoint."""
    return metrics.get_meter(name)


_W3C = TraceContextTextMapPropagator()


def incoming(headers: Mapping[str, str]) -> Context:
    """The context of a caller's `traceparent` (W3C Trace Context), to start a span in."""
    return _W3C.extract(headers)


def outgoing() -> str | None:
    """The `traceparent` of the current span, or of the caller where nothing is recorded here."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")
