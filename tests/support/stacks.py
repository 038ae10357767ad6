"""A `danchu up` of a test: real processes on ports and a home of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from services.cli import app
from tests.support.servers import free_port

SECONDS = 60
LOOK_SECONDS = 0.05
EVENTS = [
    {
        "specversion": "1.0", "id": "r1", "source": "urn:city:registry", "subject": "H44.1",
        "type": "vn.danchu.unit.registered.v1", "time": "2025-01-01T00:00:00+07:00",
        "data": {"name": "Phường mẫu", "kind": "commune"},
    },
    {
        "specversion": "1.0", "id": "d1", "source": "urn:city:portal", "subject": "H44.1",
        "type": "vn.danchu.disclosure.due.v1", "time": "2025-02-01T08:00:00+07:00",
        "data": {"item": "ngan-sach", "due": "2025-03-01"},
    },
    {
        "specversion": "1.0", "id": "p1", "source": "urn:city:portal", "subject": "H44.1",
        "type": "vn.danchu.disclosure.published.v1", "time": "2025-03-01T23:59:59+07:00",
        "data": {"item": "ngan-sach", "channel": "portal"},
    },
]  # fmt: skip


class Stack:
    """A `danchu up` on a home with its own ports, by the code of a folder."""

    def __init__(self, home: Path, project: Path | None = None) -> None:
        self.home, self.port, self.nats_port = home, free_port(), free_port()
        self.project = project
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None
        self.output = ""

    def command(self, *arguments: str) -> list[str]:
        """The command line of danchu."""
        return [sys.executable, "-m", "services.cli", *arguments]

    def up(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Starts it and waits until it is ready."""
        self.process = self.begin(*arguments, **env)
        self.wait("ready")
        return self.process

    def begin(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Starts it without waiting."""
        ports = ["--port", str(self.port), "--nats-port", str(self.nats_port)]
        return subprocess.Popen(
            self.command("up", "--home", str(self.home), *ports, *(arguments or ("--empty",))),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.project,
            env={**os.environ, **env},
        )  # fmt: skip

    def refused(self, *arguments: str, **env: str) -> str:
        """What it says when it cannot start: one sentence, exit code 2, no traceback.

        In this process, which has loaded the commands already; its children are real.
        """
        ports = ["--port", str(self.port), "--nats-port", str(self.nats_port)]
        command = ["up", "--home", str(self.home), *ports, *(arguments or ("--empty",))]
        run = CliRunner().invoke(app, command, env=env)
        assert run.exit_code == 2, (run.output, run.exception)
        assert isinstance(run.exception, SystemExit) and "Traceback" not in run.output
        return run.output

    def wait(self, words: str) -> str:
        """Reads its output until a line has these words."""
        assert self.process is not None and self.process.stdout is not None
        read = []
        for line in self.process.stdout:
            read.append(line)
            if words in line:
                return "".join(read)
        raise AssertionError("it ended: " + "".join(read))

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Runs another command on its home."""
        env = {**os.environ, "DANCHU_HOME": str(self.home), "DANCHU_PORT": str(self.port), **more}
        return subprocess.run(
            self.command(*arguments), env=env, capture_output=True, text=True, timeout=SECONDS,
            check=False, cwd=self.project,
        )  # fmt: skip

    def here(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """As `run`, in this process: it need not load every service once more."""
        env = {"DANCHU_HOME": str(self.home), "DANCHU_PORT": str(self.port), **more}
        ended = CliRunner().invoke(app, arguments, env=env)
        assert isinstance(ended.exception, SystemExit | None), ended.exception
        return subprocess.CompletedProcess(arguments, ended.exit_code, ended.stdout, ended.stderr)

    def get(self, path: str, role: str = "hr") -> Any:
        """Asks scoring, as HR unless told otherwise."""
        token = json.loads((self.home / "tokens.json").read_text())[role]
        asked = urllib.request.Request(
            f"{self.url}/scoring{path}", headers={"authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=SECONDS) as answer:
            return json.load(answer)

    def readiness(self) -> Any:
        """What /readyz says."""
        with urllib.request.urlopen(f"{self.url}/readyz", timeout=SECONDS) as answer:
            return json.load(answer)

    def children(self) -> dict[str, int]:
        """Process ids by the name of their part."""
        assert self.process is not None
        found = {}
        for pid in _children_of(self.process.pid):
            line = _command_line(pid)
            for name in ("nats-server", "--part http", "--part fold"):
                if name in line:
                    found[name] = pid
        return found

    def state(self) -> str:
        """For the message of a failing test: what runs, or how it ended and what it printed."""
        assert self.process is not None and self.process.stdout is not None
        code = self.process.poll()
        if code is None:
            return f"running: {self.children()}"
        return f"ended with {code}: {self.process.stdout.read()}"

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends it and answers its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(SECONDS)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")
    except OSError:
        return ""  # it ended meanwhile


def _children_of(pid: int) -> list[int]:
    """By the parent that each process names: the kernel's own list of children may skip some."""
    return [int(each.name) for each in Path("/proc").glob("[0-9]*") if _parent(each) == pid]


def _parent(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def alive(pid: int) -> bool:
    """Whether the process runs."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def eventually(holds: Any, seconds: float = SECONDS, state: Callable[[], str] = str) -> Any:
    """The first true answer, asked again until there were so many looks as fit into the time.

    Looks are counted, so that a machine that stands still does not end a test; `state` describes
    what a test that fails has seen.
    """
    for _ in range(int(seconds / LOOK_SECONDS)):
        if answer := holds():
            return answer
        time.sleep(LOOK_SECONDS)
    raise AssertionError(f"not within {seconds:g} s: {state()}")
