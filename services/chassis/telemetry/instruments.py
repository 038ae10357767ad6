"""Logs as JSON lines, and traces and metrics by OpenTelemetry where the settings ask for them.

Otherwise the API of OpenTelemetry does nothing, at almost no cost. There is one span per batch,
never per event. No body, token or personal key is ever logged.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.chassis.settings import Settings
from services.chassis.telemetry.log_lines import JsonLines as JsonLines
from services.chassis.telemetry.log_lines import write_lines

TRACE_PARENT = "traceparent"
TRACE_HEADERS = (TRACE_PARENT, "tracestate")
TRACE_ID = slice(3, 35)
"""Where the id of its trace stands in a traceparent."""
LINKS_MAX = 32
_propagator = TraceContextTextMapPropagator()


def setup(settings: Settings, process: str, version: str) -> None:
    """Sets up logging, and the exporters that the settings ask for.

    `process` is what this process is, such as `danchu-http`.
    """
    write_lines(settings.log_level)
    if settings.exports_telemetry:
        # The SDK is imported only here, so that a process without exporters does not load it.
        from services.chassis.telemetry import otlp

        otlp.export(settings, process, version)


def tracer(name: str) -> trace.Tracer:
    """A tracer; it does nothing unless `setup` has set up an exporter."""
    return trace.get_tracer(name)


def meter(name: str) -> metrics.Meter:
    """A meter; it does nothing unless `setup` has set up an exporter."""
    return metrics.get_meter(name)


def trace_headers() -> dict[str, str]:
    """The headers by which the receiver of a message continues the current trace, if any."""
    headers: dict[str, str] = {}
    _propagator.inject(headers)
    return headers


@contextmanager
def message_span(
    by: trace.Tracer, name: str, headers: Iterable[Mapping[str, str] | None],
    kind: trace.SpanKind = trace.SpanKind.INTERNAL,
) -> Iterator[trace.Span]:  # fmt: skip
    """A span around the work on a batch of messages that have these headers.

    It belongs to their trace where they have one in common, below the current span of that trace.
    Where they have several it starts a trace of its own, linked with the first 32 of them, each of
    which gets a span that links back. Nothing is linked where no span is recorded.
    """
    contexts = _contexts(headers)
    first, second = next(contexts, None), next(contexts, None)
    parent = _parent_in(first) if first is not None and second is None else None
    with by.start_as_current_span(name, context=parent, kind=kind) as span:
        linked: list[SpanContext] = []
        if first is not None and second is not None and span.is_recording():
            linked = [first, second, *itertools.islice(contexts, LINKS_MAX - 2)]
        for context in linked:
            span.add_link(context)
        yield span
        back = [Link(span.get_span_context())]
        for context in linked:
            by.start_span(name, context=_parent(context), links=back).end()


def _parent_in(context: SpanContext) -> Context | None:
    """The parent in the trace of all messages; None for the current span, if it is in it."""
    current = trace.get_current_span().get_span_context()
    return None if current.trace_id == context.trace_id else _parent(context)


def _parent(context: SpanContext) -> Context:
    return trace.set_span_in_context(trace.NonRecordingSpan(context))


def _contexts(headers: Iterable[Mapping[str, str] | None]) -> Iterator[SpanContext]:
    """The first context of each trace, one after another; unreadable ones are left out.

    A backlog has thousands of messages, so those without a trace pass by a single look.
    """
    traces: set[str] = set()
    for each in headers:
        parent = each.get(TRACE_PARENT) if each else None
        if not each or not parent or parent[TRACE_ID] in traces:
            continue
        trace_only = {name: each[name] for name in TRACE_HEADERS if name in each}
        context = trace.get_current_span(_propagator.extract(trace_only)).get_span_context()
        if context.is_valid:
            traces.add(trace.format_trace_id(context.trace_id))
            yield context
