"""The client of the command line, beside a server that goes away."""

from __future__ import annotations

import asyncio

import pytest

from services.commands.client import Client, Unanswered

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("status", ["200 OK", "503 Service Unavailable"])
async def test_a_server_that_goes_away_within_an_answer_has_not_answered(status: str) -> None:
    """Whatever the status: `danchu up`, which asks its own processes, would end otherwise."""

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 100\r\n\r\nhalf".encode())
        writer.close()

    server = await asyncio.start_server(half, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Unanswered):
        await Client(f"http://127.0.0.1:{port}").get("/scoring/lag")
    server.close()
    await server.wait_closed()
