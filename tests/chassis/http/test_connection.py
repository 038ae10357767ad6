"""Heads, bodies and silences without end: each is cut, and others are answered meanwhile."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from services.chassis.http import admission, connection
from services.chassis.http.parsing import FIELDS_MAX, HEAD_BYTES_MAX, TARGET_BYTES_MAX
from services.chassis.http.problems import PROBLEM_TYPE
from tests.support.sockets import Caller, Served, get, head, hurried, served

pytestmark = pytest.mark.anyio
__all__ = ["hurried"]
ENDLESS = 400
"""Parts of 4 KiB: far more than any bound of a head."""


@pytest.mark.usefixtures("hurried")
async def test_a_head_that_comes_line_by_line_is_cut_while_others_are_answered() -> None:
    """Time is of the whole head, however often something comes: 408, and who asks is served."""
    async with served() as server, contextlib.AsyncExitStack() as stack:
        slow = [
            await stack.enter_async_context(server.opened(b"GET / HTTP/1.1\r\n")) for _ in range(50)
        ]

        async def drip() -> None:
            while True:
                for caller in slow:
                    await caller.send(b"x: y\r\n")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        assert (await server.ask(get())).status == 200
        answers = [await caller.answer() for caller in slow]
        dripping.cancel()
        assert {answer.status for answer in answers} == {408}
        assert PROBLEM_TYPE in answers[0].head and "10 seconds" in answers[0].json()["detail_en"]


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("sent", [b"", get()])
async def test_a_connection_that_says_nothing_is_closed(sent: bytes) -> None:
    """Without any request, and after one."""
    async with served() as server, server.opened(sent) as caller:
        if sent:
            assert (await caller.answer()).status == 200
        assert await caller.ended() == b""


@pytest.mark.parametrize(
    ("first", "part", "status"),
    [
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: ", b"v" * 4096, 431),
        (b"GET / HTTP/1.1\r\nhost: a\r\n", b"x: y\r\n" * 680, 431),
        (b"GET /", b"p" * 4096, 414),
        (b"", b"\r\n" * 2048, 431),
        (b"POST /slow/read HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1;",
         b"e" * 4096, 400),
        (b"POST /slow/read HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ",
         b"t" * 4096, 400),
    ],
)  # fmt: skip
async def test_what_has_no_end_is_refused_after_a_bounded_size(
    first: bytes, part: bytes, status: int
) -> None:
    """A value, fields, a path, empty lines, a chunk's extension, a trailer: the answer comes
    although the caller goes on sending.
    """
    async with served() as server, server.opened(first) as caller:
        for _ in range(ENDLESS):
            await caller.send(part)
        answer = await caller.answer()
        assert (answer.status, answer.json()["status"]) == (status, status)
        assert answer.json()["detail_vi"] and answer.json()["detail_en"]
        assert (await server.ask(get())).status == 200


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (get("/slow/healthz", x="v" * (HEAD_BYTES_MAX + 1)), 431),
        (get("/slow/healthz", **{f"x{number}": "y" for number in range(FIELDS_MAX)}), 431),
        (get("/slow/healthz?" + "q" * TARGET_BYTES_MAX), 414),
        (get("/slow/healthz", x="v" * 60_000), 200),
        (head("GET", "/slow/healthz", host="evil"), 400),
        (b"GET /slow/healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /slow/healthz HTTP/1.0\r\n\r\n", 200),
        (b"GET /slow/healthz\r\n\r\n", 400),
        (b"GET /slow/healthz HTTP/2.0\r\nhost: a\r\n\r\n", 400),
        (b"GET http://evil.example/slow/healthz HTTP/1.1\r\nhost: a\r\n\r\n", 200),
        (b"CONNECT evil.example:80 HTTP/1.1\r\nhost: a\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n", 404),
        (get("/slow/healthz", upgrade="h2c", connection="upgrade"), 200),
        (b"GET /slow/\xff HTTP/1.1\r\nhost: a\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (head("POST", "/slow/read", content_length="3", transfer_encoding="chunked")
         + b"0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n", 400),
        (head("POST", "/slow/read", transfer_encoding="xchunked") + b"abc", 400),
        (head("POST", "/slow/read", content_length="1", Content_Length="2") + b"abc", 400),
        (head("POST", "/slow/read", content_length="-1"), 400),
        (head("POST", "/slow/read", transfer_encoding="chunked") + b"1\r\nx\r\n0\r\n\r\n", 200),
    ],
)  # fmt: skip
async def test_a_doubtful_request_is_refused_or_harmless(raw: bytes, status: int) -> None:
    """One answer, of this status; nothing of another host or of a hidden request comes back."""
    async with served() as server, server.opened(raw) as caller:
        answer = await caller.answer()
        assert answer.status == status
        assert b"evil" not in answer.body and "evil" not in answer.head
        if status not in (200, 404):
            assert await caller.ended() == b""


async def test_requests_that_come_at_once_are_answered_in_order_and_bounded() -> None:
    """A pipeline is served; of a thousand requests some are, and then the connection ends."""
    async with served() as server:
        async with server.opened(get("/slow/healthz") + get("/slow/none")) as caller:
            assert [(await caller.answer()).status for _ in range(2)] == [200, 404]
        async with server.opened(get() * 1000) as caller:
            whole = await caller.ended()
        answered = whole.count(b"HTTP/1.1 200")
        assert 1 <= answered < 100 and whole.count(b"HTTP/1.1") == answered
        assert b"connection: close" in whole


async def test_what_is_malformed_behind_a_request_does_not_disturb_its_answer() -> None:
    """The request is answered, nothing else is, and the connection ends."""
    async with served() as server, server.opened(get("/slow/work") + b"\x00\x00\r\n") as caller:
        await server.begun.acquire()
        server.go_on.set()
        assert (await caller.answer()).json() == "done"
        assert await caller.ended() == b""


@pytest.mark.usefixtures("hurried")
async def test_a_body_that_brings_too_little_is_cut_and_a_steady_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A few bytes a second are no way to hold a place: 408 with the least rate."""
    monkeypatch.setattr(connection, "BODY_GRACE_SECONDS", 0.2)
    monkeypatch.setattr(connection, "PHASE_SECONDS", (30.0,) * 6)
    long = head("POST", "/slow/read", content_length="100000")
    async with served() as server, server.opened(long, b"x") as slow:
        async with server.opened(long) as steady:
            for _ in range(50):
                await steady.send(b"x" * 2000)
                await asyncio.sleep(0.01)
            assert (await steady.answer()).body == b"100000"
        answer = await slow.answer()
        assert answer.status == 408 and "256 bytes a second" in answer.json()["detail_en"]


@pytest.mark.usefixtures("hurried")
async def test_who_does_not_read_an_answer_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that nobody takes do not fill the memory: the connection ends."""
    monkeypatch.setattr(connection, "STALLED_SECONDS", 0.2)
    drop, dropped = connection.Connection.drop, asyncio.Event()

    def noted(stalled: connection.Connection) -> None:
        drop(stalled)
        dropped.set()

    monkeypatch.setattr(connection.Connection, "drop", noted)
    monkeypatch.setattr(connection, "PHASE_SECONDS", (30.0,) * 6)
    async with served() as server, server.opened() as caller:
        caller.writer.transport.pause_reading()  # type: ignore[attr-defined]
        sending = asyncio.create_task(caller.send(get("/slow/large")))
        async with asyncio.timeout(20):
            await dropped.wait()
        sending.cancel()
        assert (await server.ask(get())).status == 200


@pytest.mark.usefixtures("hurried")
async def test_a_request_that_lasts_too_long_is_answered_and_its_place_stays_taken() -> None:
    """503 while the application goes on: what is busy is not given away twice."""
    async with served(http_requests_max=1) as server:
        async with server.opened(get("/slow/work")) as caller:
            answer = await caller.answer()
        assert answer.status == 503 and "120 seconds" in answer.json()["detail_en"]
        assert (await server.ask(get("/slow/work"))).status == 503
        server.go_on.set()


async def crowd(
    server: Served, stack: contextlib.AsyncExitStack, number: int, raw: bytes
) -> list[Caller]:
    """So many connections on which the same bytes were sent."""
    return [await stack.enter_async_context(server.opened(raw)) for _ in range(number)]


async def test_slow_bodies_of_one_token_leave_others_their_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One token holds half of the places at most, 429 beyond it; others are served, and itself
    again once its bodies have waited for a moment.
    """
    slow = head("POST", "/slow/read", content_length="100", authorization="Bearer a")
    whole = head("POST", "/slow/read", content_length="2", authorization="Bearer a") + b"ab"
    async with served(http_requests_max=32) as server, contextlib.AsyncExitStack() as stack:
        monkeypatch.setattr(admission, "BODY_QUIET_SECONDS", 600)
        occupied = await crowd(server, stack, 40, slow)
        refused = await server.ask(whole)
        assert (refused.status, "retry-after: 2" in refused.head) == (429, True)
        other = await server.ask(whole.replace(b"Bearer a", b"Bearer b"))
        assert other.body == b"2" and len(occupied) == 40
        monkeypatch.setattr(admission, "BODY_QUIET_SECONDS", 0)
        assert (await server.ask(whole)).body == b"2"


async def test_slow_bodies_of_many_tokens_make_room_for_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who has waited longest for his body gives his place; the answer says 408 and why."""
    monkeypatch.setattr(admission, "BODY_QUIET_SECONDS", 0)
    async with served(http_requests_max=32) as server, contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(
            server.opened(head("POST", "/slow/read", content_length="9", authorization="Bearer 0"))
        )
        for number in range(60):
            raw = head("POST", "/slow/read", content_length="9", authorization=f"Bearer {number}")
            await crowd(server, stack, 1, raw)
        whole = head("POST", "/slow/read", content_length="2") + b"ab"
        assert [(await server.ask(whole)).body for _ in range(20)] == [b"2"] * 20
        assert (await first.answer()).status == 408


async def test_idle_connections_make_room_for_who_asks() -> None:
    """More sockets than there are places: the quietest are closed, who asks is answered."""
    limits = {"http_connections_max": 40, "http_address_connections_max": 30}
    async with served(**limits) as server, contextlib.AsyncExitStack() as stack:
        await crowd(server, stack, 200, b"")
        await crowd(server, stack, 50, b"GET / HTTP/1.1\r\n")
        for _ in range(20):
            assert (await server.ask(get())).status == 200


async def test_an_address_whose_connections_are_all_busy_is_refused_another() -> None:
    """429 with when to come again; busy ones are never closed for it."""
    limits = {"http_connections_max": 40, "http_address_connections_max": 4}
    async with served(**limits) as server, contextlib.AsyncExitStack() as stack:
        busy = await crowd(server, stack, 4, get("/slow/work"))
        for _ in busy:
            await server.begun.acquire()
        async with server.opened() as caller:
            refused = await caller.answer()
        assert (refused.status, "Retry-After: 2" in refused.head) == (429, True)
        server.go_on.set()
        for caller in busy:
            assert (await caller.answer()).json() == "done"


async def test_a_flood_of_questions_for_health_costs_one_look_a_second() -> None:
    """Each is answered 200, and others are answered meanwhile."""
    async with served(http_requests_max=4) as server, contextlib.AsyncExitStack() as stack:
        paths = ("/readyz", "/slow/readyz")
        crowd_ = [
            await stack.enter_async_context(server.opened(get(paths[number % 2]) * 20))
            for number in range(100)
        ]
        assert (await server.ask(get("/slow/none"))).status == 404
        for caller in crowd_:
            answers = [await caller.answer() for _ in range(20)]
            assert {(each.status, each.json()["status"]) for each in answers} == {(200, "ready")}
        assert 1 <= server.looks < 30
