"""Questions for ratings: who asks is in the subject, and nobody fills the queue for others."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from contracts.questions import RatingQuestion
from services.chassis.auth.credentials import Credential
from services.chassis.settings import NatsAccess
from services.chassis.telemetry.otlp import AllowedSpans
from services.scoring.api.rating_question import QuestionBody
from services.scoring.subscribers import rating_questions
from services.scoring.subscribers.rating_questions import RatingResponder, reader_of

pytestmark = pytest.mark.anyio


@dataclass
class Question:
    """A message that keeps its replies."""

    subject: str
    data: bytes = b"{}"
    reply: str = "inbox"
    headers: dict[str, str] | None = None
    replies: list[bytes] = field(default_factory=list)

    async def respond(self, answer: bytes) -> None:
        """As the client sends it."""
        self.replies.append(answer)


class Mute(Question):
    """A message that cannot be replied to, because of a fault of the program."""

    async def respond(self, answer: bytes) -> None:
        """Fails with what is no error of the client."""
        raise KeyError("inbox")


async def test_an_asker_that_floods_is_refused_and_others_are_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At once, with 503; what was queued is answered in the end."""
    monkeypatch.setattr(rating_questions, "WAITING_OF_ASKER_MAX", 3)
    released = asyncio.Event()

    async def answer(reader: Credential, body: bytes) -> bytes:
        await released.wait()
        return body

    responder = RatingResponder(NatsAccess("nats://127.0.0.1:1", None, None, "_INBOX"), answer)
    flood = [Question("danchu.query.rating.A") for _ in range(5)]
    other = Question("danchu.query.rating", b"other")
    for question in (*flood, other):
        await responder.on_question(question)  # type: ignore[arg-type]
    refused: list[Any] = [json.loads(reply) for q in flood for reply in q.replies]
    assert [problem["status"] for problem in refused] == [503, 503]
    running = asyncio.create_task(responder.run())
    released.set()
    while not other.replies or not all(question.replies for question in flood):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert other.replies == [b"other"]
    assert [question.replies for question in flood[:3]] == [[b"{}"]] * 3


async def test_a_fault_of_the_program_leaves_every_worker_at_work() -> None:
    """Where the answer fails 500 is replied, where the reply fails nothing; others are answered."""

    async def answer(reader: Credential, body: bytes) -> bytes:
        if body == b"fault":
            raise KeyError("unit")
        return body

    responder = RatingResponder(NatsAccess("nats://127.0.0.1:1", None, None, "_INBOX"), answer)
    faults = [Question("danchu.query.rating", b"fault") for _ in range(rating_questions.AT_ONCE)]
    mute = [Mute("danchu.query.rating") for _ in range(rating_questions.AT_ONCE)]
    last = Question("danchu.query.rating", b"last")
    for question in (*faults, *mute, last):
        await responder.on_question(question)  # type: ignore[arg-type]
    running = asyncio.create_task(responder.run())
    async with asyncio.timeout(10):
        while not last.replies:
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    replies: list[Any] = [json.loads(reply) for question in faults for reply in question.replies]
    assert [problem["status"] for problem in replies] == [500] * rating_questions.AT_ONCE
    assert last.replies == [b"last"]


async def test_a_question_with_a_trace_is_a_span_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by the subject without units, of the server's kind, below that of who asks."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(AllowedSpans(exporter)))
    monkeypatch.setattr(rating_questions, "_tracer", provider.get_tracer("danchu.scoring"))

    async def answer(reader: Credential, body: bytes) -> bytes:
        return body

    responder = RatingResponder(NatsAccess("nats://127.0.0.1:1", None, None, "_INBOX"), answer)
    parent = {"traceparent": f"00-{'a' * 32}-{'1' * 16}-01"}
    question = Question("danchu.query.rating.H44-1", headers=parent)
    await responder.on_question(question)  # type: ignore[arg-type]
    running = asyncio.create_task(responder.run())
    async with asyncio.timeout(10):
        while not exporter.get_finished_spans():
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    (span,) = exporter.get_finished_spans()
    assert (span.name, span.kind) == ("danchu.query.rating", SpanKind.SERVER)
    assert span.context is not None and f"{span.context.trace_id:032x}" == "a" * 32
    assert span.parent is not None and f"{span.parent.span_id:016x}" == "1" * 16
    assert question.replies == [b"{}"]


def test_the_subject_says_of_which_units_ratings_may_be_read() -> None:
    """The server maps the subject of an account; a client cannot choose another."""
    everybody = reader_of("danchu.query.rating")
    assert (everybody.role, set(everybody.units)) == ("hr", {"*"})
    narrow = reader_of("danchu.query.rating.H44-1-2.H44-3")
    assert (narrow.role, set(narrow.units)) == ("reader", {"H44.1.2", "H44.3"})


def test_the_contract_has_the_fields_of_a_question() -> None:
    """What AsyncAPI shows is what is read."""
    fields = msgspec.structs.fields(RatingQuestion)
    assert [each.name for each in fields] == list(QuestionBody.model_fields)
    required = [each.name for each in fields if each.default is msgspec.NODEFAULT]
    assert required == [name for name, f in QuestionBody.model_fields.items() if f.is_required()]
