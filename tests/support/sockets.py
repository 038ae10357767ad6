"""A server of HTTP in the loop of a test, and callers that speak to it by bare sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import Request, Response

from services.chassis.health import Health
from services.chassis.http import connection
from services.chassis.http import server as http_server
from services.chassis.http.service_api import bounded_body, compose, service_api
from services.chassis.settings import Settings
from services.commands.ports import listen
from tests.support.servers import free_port

Address = tuple[str, int]


@dataclass
class Answered:
    """A raw answer: its status, its head and what it holds."""

    status: int
    head: str
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Served:
    """A running server, and what its application is doing."""

    address: Address
    begun: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    looks: int = 0
    trust: ssl.SSLContext | None = None

    @contextlib.asynccontextmanager
    async def opened(self, *parts: bytes) -> AsyncIterator[Caller]:
        """A connection on which these bytes were sent."""
        reader, writer = await asyncio.open_connection(*self.address, limit=2**20, ssl=self.trust)
        caller = Caller(reader, writer)
        try:
            for part in parts:
                await caller.send(part)
            yield caller
        finally:
            writer.transport.abort()

    async def ask(self, raw: bytes) -> Answered:
        """The answer to a request of a connection of its own."""
        async with self.opened(raw) as caller:
            return await caller.answer()


@dataclass
class Caller:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, raw: bytes) -> None:
        """Sends bytes; what the server has closed meanwhile is seen by `answer`."""
        with contextlib.suppress(ConnectionError):
            self.writer.write(raw)
            await self.writer.drain()

    async def answer(self) -> Answered:
        """The next answer; IncompleteReadError where the connection ends without one."""
        async with asyncio.timeout(30):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next(
                (int(line.partition(":")[2]) for line in head.lower().splitlines()
                 if line.startswith("content-length:")),
                0,
            )  # fmt: skip
            body = await self.reader.readexactly(length)
        return Answered(int(head.split()[1]), head, body)

    async def ended(self) -> bytes:
        """What still comes until the server closes."""
        async with asyncio.timeout(30):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read()
        return b""


def get(path: str = "/slow/healthz", **fields: str) -> bytes:
    """A request without a body."""
    return head("GET", path, **fields)


def head(method: str, path: str, **fields: str) -> bytes:
    """The head of a request; `_` of a field's name is written `-`."""
    lines = [f"{method} {path} HTTP/1.1", "host: danchu"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join((*lines, "", "")).encode()


@contextlib.asynccontextmanager
async def served(**settings: Any) -> AsyncIterator[Served]:
    """A server with POST /slow/read, which answers its body's size, and GET /slow/work, which
    answers when the test says so, GET /slow/large, whose answer fills every buffer, and GET
    /slow/caller, which answers who asked and by which scheme.
    """
    health = Health()
    api = service_api("slow", "", health)
    server = Served(("127.0.0.1", free_port()))

    async def database() -> str:
        server.looks += 1
        await asyncio.sleep(0.01)
        return "answers"

    health.require("database", database)

    @api.post("/read")
    async def read(request: Request) -> int:
        server.begun.release()
        return len(await bounded_body(request, 2**20))

    @api.get("/work")
    async def work() -> str:
        server.begun.release()
        await server.go_on.wait()
        return "done"

    @api.get("/caller")
    async def caller(request: Request) -> list[str]:
        return [request.client.host if request.client else "", request.url.scheme]

    @api.get("/large")
    async def large() -> Response:
        return Response(bytes(64 * 2**20))

    made = Settings(port=server.address[1], **settings)
    listener = listen(*server.address, "DANCHU_PORT")
    async with http_server.http_server(compose({"slow": (api, health)}), made, listener):
        yield server


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every phase of a connection ends after a moment."""
    monkeypatch.setattr(http_server, "SWEEP_SECONDS", 0.05)
    monkeypatch.setattr(connection, "PHASE_SECONDS", (0.3,) * 6)
    yield
