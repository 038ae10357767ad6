"""Traces that are handed on: one where messages share it, links where they do not, and bounds."""

import json
import logging
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from services.chassis.telemetry.instruments import LINKS_MAX, message_span, trace_headers, tracer
from services.chassis.telemetry.log_lines import JsonLines
from services.chassis.telemetry.otlp import AllowedSpans


def carried(number: int) -> dict[str, str]:
    """Headers of a caller in a trace of its own."""
    return {"traceparent": f"00-{number + 1:032x}-{number + 1:016x}-01", "other": "x"}


def test_a_log_line_has_the_ids_of_its_trace() -> None:
    """Also in a process that exports nothing; without a span it has none."""
    record = logging.LogRecord("x", logging.INFO, "", 1, "a line", (), None)
    with message_span(tracer("test"), "work", [carried(7)]):
        line = json.loads(JsonLines().format(record))
    assert (line["trace_id"], line["span_id"]) == (f"{8:032x}", f"{8:016x}")
    assert "trace_id" not in json.loads(JsonLines().format(record))


def test_work_within_a_request_of_the_same_trace_is_below_it() -> None:
    """The span of a request is the parent of its work, not a sibling."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    by = provider.get_tracer("test")
    with message_span(by, "request", [carried(1)]), message_span(by, "work", [carried(1)]):
        pass
    work, request = exporter.get_finished_spans()
    assert work.parent is not None and work.parent.span_id == request.context.span_id
    assert request.parent is not None and request.parent.span_id == 2


@pytest.mark.parametrize("state", [{}, {"tracestate": "a=1"}])
def test_without_an_endpoint_a_trace_is_handed_on_as_it_came(state: dict[str, str]) -> None:
    """A service that exports nothing does not break the trace of those around it."""
    with message_span(tracer("test"), "work", [None, {}, {**carried(1), **state}, carried(1)]):
        assert trace_headers() == {"traceparent": carried(1)["traceparent"], **state}
    assert trace_headers() == {}


@pytest.mark.parametrize(
    "parent",
    ["", "x", "00-0-0-00", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "ff" * 500, "a\r\nb: c"],
)
def test_what_is_no_trace_is_none(parent: str) -> None:
    """Nothing that a sender writes there reaches a header of a message."""
    with message_span(tracer("test"), "work", [{"traceparent": parent}]):
        assert trace_headers() == {}


def test_a_batch_of_many_traces_links_a_bounded_number() -> None:
    """A thousand callers cost as much as 32; each of those finds the batch in its own trace."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(AllowedSpans(exporter)))
    with message_span(provider.get_tracer("test"), "fold", map(carried, range(1000))):
        own = trace_headers()["traceparent"]
    batch, *others = exporter.get_finished_spans()
    assert len(batch.links) == len(others) == LINKS_MAX
    assert f"{batch.context.trace_id:032x}" in own
    traces = {(span.context.trace_id, span.parent and span.parent.span_id) for span in others}
    assert traces == {(number, number) for number in range(1, LINKS_MAX + 1)}
    assert {link.context.span_id for span in others for link in span.links} == {
        batch.context.span_id
    }
    assert {(span.name, span.start_time, span.end_time) for span in others} == {
        ("fold", batch.end_time, batch.end_time)
    }
    assert len({span.context.span_id for span in others}) == LINKS_MAX


def test_callers_that_record_nothing_are_not_linked() -> None:
    """Wherever they stand in the batch: there is no span of theirs to link, and none is made."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(AllowedSpans(exporter)))
    silent = [{"traceparent": f"00-{n:032x}-{n:016x}-00"} for n in range(100, 200)]
    with message_span(provider.get_tracer("test"), "fold", [*silent, carried(1), carried(2)]):
        pass
    batch, *others = exporter.get_finished_spans()
    assert [link.context.trace_id for link in batch.links] == [2, 3]
    assert {span.context.trace_id for span in others} == {2, 3}


class Reads(dict[str, str]):
    """Headers that count how often they are read."""

    number = 0

    def get(self, name: str, default: Any = None) -> Any:
        """The value, counted."""
        Reads.number += 1
        return super().get(name, default)


def test_a_process_without_an_exporter_reads_no_more_than_it_hands_on() -> None:
    """Two traces say that there is nothing in common; links are for who records them."""
    Reads.number = 0
    with message_span(tracer("test"), "fold", (Reads(carried(n)) for n in range(1000))) as span:
        assert trace_headers() == {} and not span.is_recording()
    assert Reads.number == 2


def test_a_trace_of_many_requests_is_one() -> None:
    """Messages of one trace with a parent each continue it, and nothing is linked."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    headers = [{"traceparent": f"00-{1:032x}-{n:016x}-01"} for n in range(1, 1000)]
    with message_span(provider.get_tracer("test"), "fold", headers):
        pass
    (span,) = exporter.get_finished_spans()
    assert span.parent is not None and (span.parent.trace_id, span.parent.span_id) == (1, 1)
    assert not span.links


def test_many_traces_that_nobody_records_are_not_linked() -> None:
    """The callers decided that nothing of theirs is recorded, and neither is a span for them."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ALWAYS_OFF)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with message_span(provider.get_tracer("test"), "fold", map(carried, range(5))) as span:
        assert not span.is_recording()
    assert exporter.get_finished_spans() == ()
