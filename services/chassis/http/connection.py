"""A connection of HTTP/1.1: its phases, each with a time limit, and its place in the server.

Places come from the gate (`admission`). A periodic sweep checks all connections, so no timer is
needed for each request. Requests that are refused before they are complete are answered here.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from services.chassis.http import language
from services.chassis.http.admission import Gate, Ticket, address_of
from services.chassis.http.browser_headers import ENCRYPTED_FIELDS, FIELDS
from services.chassis.http.metrics import refusals
from services.chassis.http.parsing import SLICE_BYTES, RequestParsing
from services.chassis.http.problem_answer import answer
from services.chassis.http.problems import PROBLEM_TYPE, Problem
from services.chassis.http.proxies import Proxies
from services.chassis.http.routes import asks_health
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


def raw_answer(problem: Problem, encrypted: bool) -> bytes:
    """The bytes of a problem as the last answer of a connection, in both languages."""
    body = problem.encode()
    own = FIELDS + ENCRYPTED_FIELDS if encrypted else FIELDS
    fields = {
        **problem.headers, "content-type": PROBLEM_TYPE, "content-length": str(len(body)),
        "connection": "close", **{name.decode(): value.decode() for name, value in own},
    }  # fmt: skip
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join((*lines, "", "")).encode() + body


def refusing(problem: Problem) -> ASGIApp:
    """An application that answers every request with a problem, in the language of the request."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        language.use_language_of(scope["headers"])
        refusals.add(1, {"status": problem.status})
        await answer(problem)(scope, receive, send)

    return refuse


class Connection(RequestParsing):
    """One connection; `protocol` makes the class whose instances share the gate of a server."""

    gate: Gate
    before: Callable[[], None] | None = None
    """Gives the place of its handshake back, if it had one."""
    address = ""
    _phase = NEW
    _since = 0.0
    _unsent = 0
    _unsent_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a place, or is refused one."""
        self._since = self.loop.time()
        if self.before is not None:
            self.before()
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        self.address = address_of(host)
        self.shared = self.proxies is not None and self.proxies.trusts(host)
        problem = self.gate.enter(self)
        if problem is not None:
            self.deaf = True
            self.gate.leave(self)
            refusals.add(1, {"status": problem.status})
            transport.write(self._raw_answer(problem))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives the place back."""
        self.gate.leave(self)
        if self.is_answering():
            self._disconnect_application()
        super().connection_lost(exc)

    def _enter(self, phase: int) -> None:
        self._phase, self._since = phase, self.loop.time()

    def quiet_since(self) -> float | None:
        """Since when it has been idle; None while a request is being answered.

        A client that still reads an answer counts as active for a grace period.
        """
        if self._phase in (REQUEST, DRAIN):
            return None
        unsent = self.transport.get_write_buffer_size()
        return self._since + UNSENT_GRACE_SECONDS if unsent else self._since

    def starved_since(self) -> float | None:
        """Since when its request has waited for more of its body; None if it does not wait."""
        waits = self._phase == REQUEST and self.message_open and not self.flow.read_paused
        if not waits or self.cycle.waiting_for_100_continue or self.cycle.response_started:
            return None
        return self.body_time

    def drop(self) -> None:
        """Closes it at once; an unsent answer is lost."""
        self.deaf = True
        self.gate.leave(self)
        self._disconnect_application()
        self.transport.abort()

    def cut(self, problem: Problem) -> None:
        """Answers with a problem, unless an answer has begun, and closes.

        It drains its input for a moment: a TCP reset would destroy the answer.
        """
        begun = self.running is not None and self.is_answering() and self.running.response_started
        if begun or self.transport.is_closing():
            self.drop()
            return
        self._disconnect_application()
        self.deaf, self.drained_bytes = True, 0
        self.flow.resume_reading()
        self.transport.write(self._raw_answer(problem))
        if self.transport.can_write_eof():  # not where it is encrypted
            self.transport.write_eof()
        self._enter(LINGER)

    def _raw_answer(self, problem: Problem) -> bytes:
        return raw_answer(problem, self.scheme == "https")

    def _disconnect_application(self) -> None:
        """Tells the application of a running request that its caller has disconnected."""
        if self.running is not None and not self.running.response_complete:
            self.running.disconnected = True
            self.running.message_event.set()
        self.flow.resume_writing()
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        """Feeds the parser in bounded slices."""
        self.now = self.loop.time()
        if self._phase == IDLE or self._phase == NEW:
            self._phase, self._since = HEAD, self.now
        if len(data) <= SLICE_BYTES:
            self.feed(data)
            return
        for start in range(0, len(data), SLICE_BYTES):
            self.feed(data[start : start + SLICE_BYTES])

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Runs the request in a place of its own, or refuses it. Health checks need no place."""
        self.running = cycle
        self._phase, self._since = REQUEST, self.now
        path, place = cycle.scope["path"], None
        if path[-1:] != "z" or not asks_health(path):
            client = cycle.scope["client"]
            address = address_of(client[0]) if self.shared and client else self.address
            place = self.gate.admit(self, self.credential, self._since, address)
            if isinstance(place, Problem):
                app = refusing(place)
        task = self.loop.create_task(cycle.run_asgi(app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        if isinstance(place, Ticket):
            task.add_done_callback(place.end)

    def on_message_complete(self) -> None:
        """A request is complete."""
        super().on_message_complete()
        if self.drains:
            self.drains = False
            self._enter(IDLE)

    def on_response_complete(self) -> None:
        """An answer is complete: starts the next request, drains this one, or becomes idle."""
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
        """Ends whatever has taken too long."""
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent or not unsent:
            self._unsent, self._unsent_since = unsent, now
        elapsed, most = now - self._since, PHASE_SECONDS[self._phase]
        if now - self._unsent_since > STALLED_SECONDS:
            self.drop()
        elif elapsed > (REQUEST_SECONDS if unsent else most):
            self._expire()
        elif elapsed > BODY_GRACE_SECONDS and self._is_too_slow(elapsed):
            self.cut(Problem(408, message("body-rate", rate=BODY_BYTES_A_SECOND)))

    def _expire(self) -> None:
        if self._phase == HEAD:
            self.cut(Problem(408, message("head-too-slow", seconds=int(HEAD_SECONDS))))
        elif self._phase == REQUEST:
            self.cut(Problem(503, message("request-too-long", seconds=int(REQUEST_SECONDS))))
        else:
            self.drop()

    def _is_too_slow(self, elapsed: float) -> bool:
        """Whether a body arrives more slowly than the minimum rate."""
        expected = elapsed * BODY_BYTES_A_SECOND
        return self.starved_since() is not None and self.body_bytes < expected


def protocol(gate: Gate, proxies: Proxies | None = None) -> type[Connection]:
    """The class of the connections of one server."""
    return type("GatedConnection", (Connection,), {"gate": gate, "proxies": proxies})
