"""A load client of its own process: keep-alive connections, one request each at a time.

`python -m tests.bench.client` reads what to do as JSON from standard input and answers JSON. It
speaks just enough HTTP/1.1 to be no bottleneck: `busy` says what share of one core it took.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import uvloop

from contracts.door import BATCH

_LENGTH = re.compile(rb"content-length: *(\d+)", re.I)
ACCEPTED, DUPLICATE = b'"accepted"', b'"duplicate"'


def request(
    method: str, path: str, token: str, body: bytes = b"", kind: str = "", cookie: str = ""
) -> bytes:
    """The bytes of a request; with a cookie that of a browser, without a token."""
    head = f"{method} {path} HTTP/1.1\r\nhost: danchu\r\n"
    if cookie:
        head += f"cookie: {cookie}\r\naccept-encoding: gzip\r\n"
    else:
        head += f"authorization: Bearer {token}\r\n"
    if kind:
        head += f"content-type: {kind}\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


@dataclass
class Load:
    """What all connections do together, and what came of it."""

    waiting: Iterator[tuple[str, bytes]]
    keep_bodies: bool
    changing: bool = False
    pause: float = 0.0
    until: float = 0.0
    latencies: list[float] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: {"accepted": 0, "duplicate": 0})

    def next(self) -> tuple[str, bytes] | None:
        """The next request with its name; None when the time or the work is over."""
        if self.until and time.perf_counter() >= self.until:
            return None
        return next(self.waiting, None)

    def answered(self, name: str, status: bytes, body: bytes, seconds: float) -> None:
        """Judges an answer: the same question has the same answer, unless answers are `changing`;
        a batch has receipts."""
        self.latencies.append(seconds)
        if status[:1] != b"2":
            self.wrong.append(f"{name}: {status.decode()} {body[:200].decode(errors='replace')}")
        elif self.changing:
            return
        elif not self.keep_bodies:
            self.counts["accepted"] += body.count(ACCEPTED)
            self.counts["duplicate"] += body.count(DUPLICATE)
        elif self.answers.setdefault(name, body) != body:
            self.wrong.append(f"{name}: the answer changed")


class Connection(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends the next."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._parts = bytearray()
        self._needed = 0
        self._name, self._sent, self._asked = "", 0.0, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins; with pauses at any moment of the first one, so that not all come at once."""
        self._transport = cast(asyncio.Transport, transport)
        if self.load.pause:
            delay = random.uniform(0, self.load.pause)
            asyncio.get_running_loop().call_later(delay, self._send)
        else:
            self._send()

    def _send(self) -> None:
        following = self.load.next()
        if following is None:
            self._transport.close()
            return
        self._name, raw = following
        self._asked = True
        self._sent = time.perf_counter()
        self._transport.write(raw)

    def data_received(self, data: bytes) -> None:
        """Takes bytes until head and body are there."""
        self._parts += data
        if not self._needed:
            end = self._parts.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._parts, 0, end)
            self._needed = end + 4 + (int(length[1]) if length else 0)
        if len(self._parts) < self._needed:
            return
        took = time.perf_counter() - self._sent
        answer = bytes(self._parts[: self._needed])
        del self._parts[: self._needed]
        self._needed, self._asked = 0, False
        body = answer[answer.index(b"\r\n\r\n") + 4 :]
        self.load.answered(self._name, answer[9:12], body, took)
        if self.load.pause:
            asyncio.get_running_loop().call_later(self.load.pause, self._send)
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends; a connection that the server closed in the midst of work is wrong."""
        if self._asked:
            self.load.wrong.append(f"the connection was lost: {exc}")
        if not self.done.done():
            self.done.set_result(None)


async def run(asked: dict[str, Any]) -> dict[str, Any]:
    """Drives the server and answers rate, latencies and what was wrong."""
    load = Load(
        _requests(asked), "paths" in asked, asked.get("changing", False), asked.get("pause", 0.0)
    )
    loop = asyncio.get_running_loop()
    began, cpu = time.perf_counter(), time.process_time()
    load.until = began + asked["seconds"] if "seconds" in asked else 0.0
    made = [
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", asked["port"])
        for _ in range(asked["connections"])
    ]
    await asyncio.gather(*(connection.done for _, connection in made))
    took = time.perf_counter() - began
    spent = sorted(load.latencies)
    return {
        "requests": len(spent), "seconds": took, "busy": (time.process_time() - cpu) / took,
        "p50_ms": _share(spent, 0.5), "p99_ms": _share(spent, 0.99),
        "wrong": load.wrong[:5], **load.counts,
        "answers": {name: body.decode() for name, body in load.answers.items()},
    }  # fmt: skip


def _share(spent: list[float], share: float) -> float:
    """The latency that this share of the requests did not exceed, in milliseconds."""
    return 1000 * spent[int(len(spent) * share)] if spent else 0.0


def _requests(asked: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Paths for ever in a circle, or the batches of a file once."""
    token, cookie = asked["token"], asked.get("cookie", "")
    if "paths" in asked:
        paths = [(path, request("GET", path, token, cookie=cookie)) for path in asked["paths"]]
        return itertools.cycle(paths)
    batches = Path(asked["file"]).read_bytes().splitlines()
    return iter([("batch", request("POST", asked["path"], token, one, BATCH)) for one in batches])


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(json.load(sys.stdin)))))
