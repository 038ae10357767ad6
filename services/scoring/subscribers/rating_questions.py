"""Answers requests for one rating over NATS, with the same body as over HTTP.

Who asks is in the subject, by the accounts of the NATS server: `danchu.query.rating` asks for
every unit, `danchu.query.rating.<unit>[.<unit>…]` for these alone. Each asker has a bounded place
in the queue, and what has no room is refused at once.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind

from contracts.questions import RATING_QUESTION
from services.chassis.auth.credentials import Credential
from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import translate_client_errors
from services.chassis.errors import BrokerAway
from services.chassis.http.problems import RETRY_SECONDS, Problem
from services.chassis.settings import NatsAccess
from services.chassis.telemetry.instruments import TRACE_HEADERS, message_span, meter, tracer
from services.scoring.messages import message

log = logging.getLogger(__name__)

QUEUE = "scoring"
READER = "nats"
"""How the log of reads names who asks over NATS; with the units, where there are any."""
REOPEN_SECONDS = 1.0
AT_ONCE = 8
WAITING_MAX = 1000
WAITING_OF_ASKER_MAX = 200
_tracer = tracer("danchu.scoring")
_questions = meter("danchu.scoring").create_counter(
    "danchu.scoring.questions", "{question}", "questions over NATS that were answered or shed"
)


@dataclass
class RatingResponder:
    """Serves questions on a connection of its own, whenever NATS is reachable."""

    access: NatsAccess
    answer: Callable[[Credential, bytes], Awaitable[bytes]]
    broker: Broker = field(init=False)
    _waiting: asyncio.Queue[Msg] = field(default_factory=asyncio.Queue)
    _of_asker: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.broker = Broker(self.access, "danchu scoring ratings")

    async def run(self) -> None:
        """Answers until it is cancelled."""
        workers = [asyncio.ensure_future(self._work()) for _ in range(AT_ONCE)]
        try:
            while True:
                try:
                    await self._listen()
                except BrokerAway as away:
                    log.info("nobody can ask for ratings", extra={"error": str(away)})
                await asyncio.sleep(REOPEN_SECONDS)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)
            await self.broker.close()

    async def _listen(self) -> None:
        """Subscribes until the client is closed; the client itself reconnects after a loss."""
        client = await self.broker.ensure()
        with translate_client_errors():
            for subject in (RATING_QUESTION, f"{RATING_QUESTION}.>"):
                await client.subscribe(subject, queue=QUEUE, cb=self.on_question)
        while not client.is_closed:
            await asyncio.sleep(REOPEN_SECONDS)

    async def on_question(self, question: Msg) -> None:
        """Queues a question without waiting; one without room is answered with 503."""
        asker = question.subject
        full = self._waiting.qsize() >= WAITING_MAX
        if full or self._of_asker[asker] >= WAITING_OF_ASKER_MAX:
            _questions.add(1, {"outcome": "shed"})
            headers = {"Retry-After": RETRY_SECONDS}
            await self._reply(question, Problem(503, message("questions-wait"), headers=headers))
            return
        self._of_asker[asker] += 1
        self._waiting.put_nowait(question)

    async def _work(self) -> None:
        while True:
            question = await self._waiting.get()
            try:
                with _span(question):
                    await self._reply(question, await self._answer(question))
                _questions.add(1, {"outcome": "answered"})
            except Exception as bug:  # a worker that ended would leave questions unanswered
                log.error("an answer failed", exc_info=bug)
            finally:
                self._of_asker[question.subject] -= 1
                self._of_asker += Counter()  # forgets askers without questions

    async def _answer(self, question: Msg) -> bytes | Problem:
        try:
            return await self.answer(reader_of(question.subject), question.data)
        except Exception as bug:  # as over HTTP: 500 for who asks, details in the log
            log.error("a question failed", exc_info=bug)
            return Problem(500, message("question-failed"))

    async def _reply(self, question: Msg, answer: bytes | Problem) -> None:
        if not question.reply:
            return
        try:
            with translate_client_errors():
                await question.respond(answer if isinstance(answer, bytes) else answer.encode())
        except BrokerAway as error:
            log.warning("an answer was lost", extra={"error": str(error)})


def _span(question: Msg) -> AbstractContextManager[object]:
    """A span in the trace of who asks, as over HTTP: none without a trace."""
    headers = question.headers
    if not headers or TRACE_HEADERS[0] not in headers:
        return nullcontext()
    return message_span(_tracer, RATING_QUESTION, [headers], SpanKind.SERVER)


def reader_of(subject: str) -> Credential:
    """Who asks on a subject: whoever reads all units, or the readers of single ones."""
    named = subject.removeprefix(RATING_QUESTION).removeprefix(".")
    if not named:
        return Credential("hr", name=READER)
    units = frozenset(token.replace("-", ".") for token in named.split("."))
    return Credential("reader", units, name=f"{READER}:{','.join(sorted(units))}")
