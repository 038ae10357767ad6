"""Logs as JSON lines, and traces and metrics by OpenTelemetry where the settings ask for them.

Otherwise the API of OpenTelemetry does nothing, at almost no cost. There is one span per batch,
never per event. No body, token or personal key is ever logged.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.chassis.settings import Settings
from services.chassis.telemetry.log_lines import JsonLines as JsonLines
from services.chassis.telemetry.log_lines import write_lines

TRACE_PARENT = "traceparent"
TRACE_HEADERS = (TRACE_PARENT, "tracestate")
TRACE_ID = slice(3, 35)
"""Where the id of its trace stands in a traceparent."""
RECORDED = frozenset("13579bdf")
"""How the traceparent of a trace that its caller records ends: the lowest of its flags is set."""
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
    Where they have several it starts a trace of its own, linked with the first 32 of those that are
    recorded; `otlp` puts a span that links back into each. Without a record of its own it has none.
    """
    contexts = _contexts(headers)
    first, second = next(contexts, None), next(contexts, None)
    parent = _parent_in(first) if first is not None and second is None else None
    with by.start_as_current_span(name, context=parent, kind=kind) as span:
        if first is not None and second is not None and span.is_recording():
            recorded = (each for each in (first, second) if each.trace_flags.sampled)
            for context in itertools.islice(itertools.chain(recorded, contexts), LINKS_MAX):
                span.add_link(context)
        yield span


def _parent_in(context: SpanContext) -> Context | None:
    """The parent in the trace of all messages; None for the current span, if it is in it."""
    current = trace.get_current_span().get_span_context()
    if current.trace_id == context.trace_id:
        return None
    return trace.set_span_in_context(trace.NonRecordingSpan(context))


def _contexts(headers: Iterable[Mapping[str, str] | None]) -> Iterator[SpanContext]:
    """The first context of each trace, one after another, from the third on of recorded ones.

    Unreadable ones are left out. A backlog has thousands of messages: those without a trace, or
    with one that nobody records, are passed over by a look at their text.
    """
    traces: set[str] = set()
    for each in headers:
        parent = each.get(TRACE_PARENT) if each else None
        if not each or not parent or parent[TRACE_ID] in traces:
            continue
        if len(traces) > 1 and parent[-1] not in RECORDED:
            continue
        trace_only = {name: each[name] for name in TRACE_HEADERS if name in each}
        context = trace.get_current_span(_propagator.extract(trace_only)).get_span_context()
        if context.is_valid:
            traces.add(trace.format_trace_id(context.trace_id))
            yield context
