"""A connection of HTTP/1.1: its phases, each with a time, and its place in the server.

A place comes from the gate (`admission`). One sweep a moment looks after all connections, so that
no timer is set for each request. What is refused before a request is whole is answered here.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from services.chassis.http import language
from services.chassis.http.admission import Gate, Ticket, address_of
from services.chassis.http.parsing import SLICE_BYTES, RequestParsing
from services.chassis.http.problems import PROBLEM_TYPE, Problem
from services.chassis.http.service_api import answer, asks_health
from services.chassis.messages import message

HEAD_SECONDS = 10.0
IDLE_SECONDS = 15.0
REQUEST_SECONDS = 120.0
DRAIN_SECONDS = 10.0
LINGER_SECONDS = 2.0
STALLED_SECONDS = 30.0
UNSENT_GRACE_SECONDS = 10.0
BODY_GRACE_SECONDS = 10.0
BODY_BYTES_A_SECOND = 256
NEW, HEAD, REQUEST, DRAIN, IDLE, LINGER = range(6)
PHASE_SECONDS = (
    HEAD_SECONDS, HEAD_SECONDS, REQUEST_SECONDS, DRAIN_SECONDS, IDLE_SECONDS, LINGER_SECONDS,
)  # fmt: skip


def raw_answer(problem: Problem) -> bytes:
    """A problem as the last answer of a connection, in both languages."""
    body = problem.encode()
    fields = {
        **problem.headers, "content-type": PROBLEM_TYPE, "content-length": str(len(body)),
        "connection": "close",
    }  # fmt: skip
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join((*lines, "", "")).encode() + body


def refusing(problem: Problem) -> ASGIApp:
    """An application that answers with a problem, in the language of the request."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        language.prefer(scope["headers"])
        await answer(problem)(scope, receive, send)

    return refuse


class Connection(RequestParsing):
    """One connection; made by `protocol`, which gives all of a server the same gate."""

    gate: Gate
    address = ""
    _phase = NEW
    _since = 0.0
    _unsent = 0
    _unsent_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a place, or is refused one."""
        self._since = self.loop.time()
        super().connection_made(transport)
        self.address = address_of(self.client[0]) if self.client else ""
        problem = self.gate.enter(self)
        if problem is not None:
            self.deaf = True
            self.gate.leave(self)
            transport.write(raw_answer(problem))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives the place back."""
        self.gate.leave(self)
        if self.is_answering():
            self._forsake()
        super().connection_lost(exc)

    def _enter(self, phase: int) -> None:
        self._phase, self._since = phase, self.loop.time()

    def quiet_since(self) -> float | None:
        """Since when no request is being answered on it; None while one is.

        What somebody still reads of an answer counts as less quiet, for a while.
        """
        if self._phase in (REQUEST, DRAIN):
            return None
        unsent = self.transport.get_write_buffer_size()
        return self._since + UNSENT_GRACE_SECONDS if unsent else self._since

    def starved_since(self) -> float | None:
        """Since when its request waits for more of its body; None where it does not."""
        waits = self._phase == REQUEST and self.message_open and not self.flow.read_paused
        if not waits or self.cycle.waiting_for_100_continue or self.cycle.response_started:
            return None
        return self.body_moved

    def drop(self) -> None:
        """Closes it at once; an answer that is on its way may be lost."""
        self.deaf = True
        self.gate.leave(self)
        self._forsake()
        self.transport.abort()

    def cut(self, problem: Problem) -> None:
        """Ends what is under way with a problem, where no answer has begun, and closes.

        It goes on reading for a moment, without listening: a reset would take the answer away.
        """
        begun = self.running is not None and self.is_answering() and self.running.response_started
        if begun or self.transport.is_closing():
            self.drop()
            return
        self._forsake()
        self.deaf, self.drained_bytes = True, 0
        self.flow.resume_reading()
        self.transport.write(raw_answer(problem))
        self.transport.write_eof()
        self._enter(LINGER)

    def _forsake(self) -> None:
        """Tells the application of a request under way that its caller is gone."""
        if self.running is not None and not self.running.response_complete:
            self.running.disconnected = True
            self.running.message_event.set()
        self.flow.resume_writing()
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        """Feeds the parser, in slices of which each is bounded."""
        self.now = self.loop.time()
        if self._phase == IDLE or self._phase == NEW:
            self._phase, self._since = HEAD, self.now
        if len(data) <= SLICE_BYTES:
            self.feed(data)
            return
        for start in range(0, len(data), SLICE_BYTES):
            self.feed(data[start : start + SLICE_BYTES])

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Gives the request a place, or has it refused. Health is asked without a place."""
        self.running = cycle
        self._phase, self._since = REQUEST, self.now
        path, place = cycle.scope["path"], None
        if path[-1:] != "z" or not asks_health(path):
            place = self.gate.admit(self, self.credential, self._since)
            if isinstance(place, Problem):
                app = refusing(place)
        task = self.loop.create_task(cycle.run_asgi(app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        if isinstance(place, Ticket):
            task.add_done_callback(place.end)

    def on_message_complete(self) -> None:
        """A request is whole."""
        super().on_message_complete()
        if self.drains:
            self.drains = False
            self._enter(IDLE)

    def on_response_complete(self) -> None:
        """An answer is whole: the next request, the rest of this one, or a rest."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self.now = self.loop.time()
            self._start_asgi_task(*self.pipeline.pop())
        elif self.message_open:
            self.drains, self.drained_bytes = True, 0
            self._enter(DRAIN)
        else:
            self._enter(HEAD if self.head_bytes else IDLE)

    def sweep(self, now: float) -> None:
        """Ends what has lasted too long."""
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent or not unsent:
            self._unsent, self._unsent_since = unsent, now
        lasted, most = now - self._since, PHASE_SECONDS[self._phase]
        if now - self._unsent_since > STALLED_SECONDS:
            self.drop()
        elif lasted > (REQUEST_SECONDS if unsent else most):
            self._expire()
        elif lasted > BODY_GRACE_SECONDS and self._is_too_slow(lasted):
            self.cut(Problem(408, message("body-rate", rate=BODY_BYTES_A_SECOND)))

    def _expire(self) -> None:
        if self._phase == HEAD:
            self.cut(Problem(408, message("head-too-slow", seconds=int(HEAD_SECONDS))))
        elif self._phase == REQUEST:
            self.cut(Problem(503, message("request-too-long", seconds=int(REQUEST_SECONDS))))
        else:
            self.drop()

    def _is_too_slow(self, lasted: float) -> bool:
        """Whether a body that is waited for brings less than it must."""
        expected = lasted * BODY_BYTES_A_SECOND
        return self.starved_since() is not None and self.body_bytes < expected


def protocol(gate: Gate) -> type[Connection]:
    """The class of the connections of one server."""
    return type("GatedConnection", (Connection,), {"gate": gate})
