"""The processes of danchu in a drill: three doors with queries, and two folds."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.servers import free_port

ANSWER_SECONDS = 2.0
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For requests without TLS: reading the authorities of the system takes longer than the request,
and holds up the traffic beside it."""
PROJECT = Path(__file__).parents[3]


@dataclass
class Process:
    """`danchu serve …` with its environment; `port` answers health, and requests where it is one
    of HTTP. It runs the code of `project`.
    """

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    project: Path = PROJECT

    def start(self) -> None:
        """Starts it without waiting."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.cli", *self.command], cwd=self.project, stdout=log,
                stderr=log, env={**os.environ, **self.env},
            )  # fmt: skip

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    async def end(self, number: signal.Signals) -> int:
        """Ends it by a signal; its exit code."""
        self.send(number)
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def readiness(self) -> tuple[int, dict[str, Any]]:
        """The status of its /readyz and the body; 0 where it does not answer in time."""
        try:
            async with httpx.AsyncClient(timeout=ANSWER_SECONDS, verify=NO_TLS) as client:
                answer = await client.get(f"{self.url}/readyz")
            return answer.status_code, answer.json()
        except (httpx.HTTPError, ValueError):
            return 0, {}

    async def ready(self) -> bool:
        """Whether it is ready."""
        return (await self.readiness())[0] == 200

    async def folds(self) -> bool:
        """Whether this fold holds the lease."""
        checks = (await self.readiness())[1].get("checks", {})
        return bool(checks.get("fold") == "runs here")


async def until(holds: Any, seconds: float, what: str) -> float:
    """Waits until a coroutine function answers true; the seconds that it took."""
    began = time.monotonic()
    while not await holds():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.1)
    return time.monotonic() - began
