"""A stack under a low limit of open files: a crowd of silent sockets does not end it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.support.stacks import Stack

FILES, SOCKETS, SECONDS = 1024, 1100, 20


class CrowdedStack(Stack):
    """A stack that may open few files, and may not raise that limit."""

    def begin(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Starts it without waiting."""
        ports = ["--port", str(self.port), "--nats-port", str(self.nats_port)]
        limited = ["bash", "-c", f'ulimit -n {FILES} && exec "$@"', "--"]
        return subprocess.Popen(
            [*limited, *self.command("up", "--home", str(self.home), *ports, "--empty")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, **env},
        )  # fmt: skip


def test_more_silent_sockets_than_files_do_not_end_the_stack(tmp_path: Path) -> None:
    """1,100 sockets without a token under a limit of 1,024 files: who asks is answered, what needs
    files goes on, no child ends.
    """
    stack = CrowdedStack(tmp_path / "home")
    stack.up()
    children = stack.children()
    with contextlib.ExitStack() as crowd:
        for number in range(SOCKETS):
            connection = crowd.enter_context(
                socket.create_connection(("127.0.0.1", stack.port), timeout=SECONDS)
            )
            if number % 2:
                connection.sendall(b"GET / HTTP/1.1\r\n")
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            assert stack.readiness()["scoring"]["status"] == "ready"
            assert stack.get("/ratings?year=2025") == {"items": [], "next": None}
        assert stack.children() == children
    assert stack.stop(signal.SIGTERM) == 0
