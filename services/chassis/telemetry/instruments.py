"""Logs as JSON lines, and traces and metrics by OpenTelemetry where an endpoint is set.

Without an endpoint the API of OpenTelemetry does nothing and costs next to nothing. Spans are
made per batch, never per event; no body, token or personal key is ever logged.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import metrics, trace
from opentelemetry.trace import Link, SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.chassis.settings import Settings
from services.chassis.telemetry.log_lines import JsonLines as JsonLines
from services.chassis.telemetry.log_lines import write_lines

TRACE_HEADERS = ("traceparent", "tracestate")
JOINED_MAX = 32
_propagator = TraceContextTextMapPropagator()


def setup(settings: Settings, service: str) -> None:
    """Sets up logging of the process, and exporters when an endpoint is configured."""
    write_lines(settings.log_level)
    if settings.otlp_endpoint:
        # The SDK is loaded here alone: without an endpoint a process does not carry it.
        from services.chassis.telemetry import otlp

        otlp.export(settings.otlp_endpoint.rstrip("/"), service)


def tracer(name: str) -> trace.Tracer:
    """A tracer; it does nothing until `setup` found an endpoint."""
    return trace.get_tracer(name)


def meter(name: str) -> metrics.Meter:
    """A meter; it does nothing until `setup` found an endpoint."""
    return metrics.get_meter(name)


def trace_headers() -> dict[str, str]:
    """What a message carries so that its receiver joins the trace of now; empty without one."""
    carried: dict[str, str] = {}
    _propagator.inject(carried)
    return carried


@contextmanager
def joined(
    by: trace.Tracer, name: str, carried: Iterable[Mapping[str, str] | None]
) -> Iterator[trace.Span]:
    """A span around work on what messages with such headers brought.

    It belongs to their trace where they have one in common. Where they have several it begins
    one of its own, linked with the first 32 of them, each of which gets a span that names it.
    """
    came = _contexts(carried)
    parent = trace.set_span_in_context(trace.NonRecordingSpan(came[0])) if len(came) == 1 else None
    links = [Link(one) for one in came] if len(came) > 1 else []
    with by.start_as_current_span(name, context=parent, links=links) as span:
        yield span
        for link in links:
            within = trace.set_span_in_context(trace.NonRecordingSpan(link.context))
            by.start_span(name, context=within, links=[Link(span.get_span_context())]).end()


def _contexts(carried: Iterable[Mapping[str, str] | None]) -> list[SpanContext]:
    """The first context of each trace; one that cannot be read is none."""
    found: dict[int, SpanContext] = {}
    seen: set[str] = set()
    for headers in carried:
        told = headers.get("traceparent") if headers else None
        if not headers or not told or told in seen or len(found) >= JOINED_MAX:
            continue
        seen.add(told)
        kept = {name: headers[name] for name in TRACE_HEADERS if name in headers}
        context = trace.get_current_span(_propagator.extract(kept)).get_span_context()
        if context.is_valid:
            found.setdefault(context.trace_id, context)
    return list(found.values())
