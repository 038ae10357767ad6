"""Clients that are slow, break off, or say things about their body that are not so."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from tests.support.builders.events import event
from tests.support.processes import Served

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("clients")]
"""Its tests share what takes long to start, so one process runs them."""
BODY = json.dumps(event("slow")).encode()
BROKEN = json.dumps(event("broken off")).encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A door in a process of its own, without NATS."""
    made = Served(tmp_path_factory.mktemp("clients") / "home")
    asyncio.run(made.migrated())
    made.start()
    yield made
    made.stop()


def head(served: Served, *lines: str) -> bytes:
    """The head of a request with these lines beside its token."""
    token = served.headers("emitter")["authorization"]
    said = (
        "POST /intake/events HTTP/1.1", "host: x", f"authorization: {token}",
        "content-type: application/json", *lines, "", "",
    )  # fmt: skip
    return "\r\n".join(said).encode()


async def connected(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection to the door."""
    return await asyncio.open_connection("127.0.0.1", served.port)


async def status(reader: asyncio.StreamReader) -> int:
    """The status of the answer."""
    return int((await asyncio.wait_for(reader.readline(), 30)).split()[1])


async def test_a_slow_client_is_waited_for_and_keeps_nobody_else_waiting(served: Served) -> None:
    """A byte at a time, with whole requests of another between them."""
    reader, writer = await connected(served)
    writer.write(head(served, f"content-length: {len(BODY)}"))
    for number in range(0, len(BODY), 40):
        writer.write(BODY[number : number + 40])
        await writer.drain()
        answer = await asyncio.to_thread(served.post, event(f"quick-{number}"))
        assert answer.status == 202
    assert await status(reader) == 202
    writer.close()


async def test_a_body_that_breaks_off_is_stored_nowhere(served: Served) -> None:
    """The door goes on, and the same event is accepted later."""
    _, writer = await connected(served)
    writer.write(head(served, f"content-length: {len(BROKEN)}") + BROKEN[:-1])
    await writer.drain()
    writer.transport.abort()
    answer = await asyncio.to_thread(served.post, BROKEN)
    assert answer.json()["receipts"][0]["status"] == "accepted"
    log = served.log.read_text()
    assert "a request failed" not in log and "Traceback" not in log


@pytest.mark.parametrize(
    ("lines", "body", "wanted"),
    [
        (("content-length: 2",), BODY, 400),
        (("transfer-encoding: chunked",), b"5\r\n[   ]\r\n0\r\n\r\n", 202),
        (("transfer-encoding: chunked",), b"zz\r\n", 400),
        (("content-length: -1",), b"", 400),
        (("content-length: 99999999999",), b"", 413),
        (("content-length: 17825793",), b" " * 17_825_793, 413),
    ],
)
async def test_what_is_said_about_a_body_and_is_not_so(
    served: Served, lines: tuple[str, ...], body: bytes, wanted: int
) -> None:
    """Each gets its status; whoever sends too much sees 413 and no broken connection."""
    reader, writer = await connected(served)
    writer.write(head(served, *lines) + body)
    assert await status(reader) == wanted
    writer.close()
    assert (await asyncio.to_thread(served.post, event("after"))).status == 202
