"""`danchu up` as a person starts it: real processes, a real broker, kills and second starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import free_port

SECONDS = 60
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
    """A `danchu up` on a home with its own ports."""

    def __init__(self, home: Path) -> None:
        self.home, self.port, self.nats_port = home, free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None

    def command(self, *arguments: str) -> list[str]:
        """The command line of danchu."""
        return [sys.executable, "-m", "services.cli", *arguments]

    def up(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts it and waits until it is ready."""
        self.process = self.begin(*arguments)
        self.wait("ready")
        return self.process

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts it without waiting."""
        ports = ["--port", str(self.port), "--nats-port", str(self.nats_port)]
        return subprocess.Popen(
            self.command("up", "--home", str(self.home), *ports, *(arguments or ("--empty",))),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def wait(self, words: str) -> str:
        """Reads its output until a line has these words."""
        assert self.process is not None and self.process.stdout is not None
        read = []
        for line in self.process.stdout:
            read.append(line)
            if words in line:
                return "".join(read)
        raise AssertionError("it ended: " + "".join(read))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs another command on its home."""
        env = {**os.environ, "DANCHU_HOME": str(self.home), "DANCHU_PORT": str(self.port)}
        return subprocess.run(
            self.command(*arguments), env=env, capture_output=True, text=True, timeout=SECONDS,
            check=False,
        )  # fmt: skip

    def get(self, path: str) -> Any:
        """Asks scoring as HR."""
        token = json.loads((self.home / "tokens.json").read_text())["hr"]
        asked = urllib.request.Request(
            f"{self.url}/scoring{path}", headers={"authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=SECONDS) as answer:
            return json.load(answer)

    def children(self) -> dict[str, int]:
        """Process ids by the name of their part."""
        assert self.process is not None
        found = {}
        for pid in _children_of(self.process.pid):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")
            for name in ("nats-server", "--part http", "--part fold"):
                if name in line:
                    found[name] = pid
        return found

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends it and answers its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(SECONDS)


def _children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in text.split()]


def eventually(holds: Any, seconds: float = SECONDS) -> Any:
    """The first true answer, asked again until the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack that is not started yet, in a folder with a space in its name."""
    made = Stack(tmp_path / "a home")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop(signal.SIGKILL)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """A file of three events of one unit."""
    file = tmp_path / "events.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in EVENTS))
    return file


def rated(stack: Stack) -> Any:
    """The rating of the unit, once all its events are folded."""

    def found() -> Any:
        items = stack.get("/ratings?year=2025")["items"]
        return items[0] if items and "12.00" in items[0]["scores"].values() else None

    return eventually(found)


def test_events_that_are_emitted_are_rated_and_kept_over_a_restart(
    stack: Stack, events: Path
) -> None:
    """Two commands give a rating; after a clean stop the second start answers the same."""
    stack.up()
    first, again = stack.run("emit", str(events)), stack.run("emit", str(events), "--json")
    assert (first.returncode, first.stdout) == (0, "3 accepted, 0 duplicates, 0 refused\n")
    assert json.loads(again.stdout) == {"accepted": 0, "duplicates": 3, "refused": []}
    rating = rated(stack)
    shown = stack.run("rate", "--year", "2025", "--unit", "H44.1", "--json")
    assert json.loads(shown.stdout) == rating
    assert stack.run("audit").stdout == "outboxes, ledger, facts and tallies agree\n"
    assert "2 events of 2025" in stack.run("rebuild", "--year", "2025").stdout
    assert stack.stop() == 0
    stack.up()
    assert rated(stack) == rating
    assert stack.stop(signal.SIGINT) == 0


def test_children_that_are_killed_come_back_and_nothing_is_lost(stack: Stack, events: Path) -> None:
    """kill -9 of broker, doors and fold, each with events on the road."""
    stack.up()
    lines = events.read_text().splitlines()
    for name, line in zip(("nats-server", "--part fold", "--part http"), lines, strict=True):
        pid = stack.children()[name]
        one = events.with_name("one.ndjson")
        one.write_text(line)
        assert stack.run("emit", str(one)).returncode == 0
        os.kill(pid, signal.SIGKILL)
        eventually(lambda name=name, pid=pid: stack.children().get(name, pid) != pid)
        stack.wait("starts again")
    eventually(lambda: _ready(stack))
    assert rated(stack)["unit"] == "H44.1"


def _ready(stack: Stack) -> bool:
    try:
        with urllib.request.urlopen(f"{stack.url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_children_never_outlive_a_stack_that_was_killed(stack: Stack) -> None:
    """After kill -9 of `up` its children are gone, and the next start finds the ports free."""
    stack.up()
    pids = list(stack.children().values())
    assert len(pids) == 3
    stack.stop(signal.SIGKILL)
    eventually(lambda: not any(alive(pid) for pid in pids))
    stack.up()
    assert stack.stop() == 0


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_what_stands_in_the_way_is_said_in_one_sentence(stack: Stack, tmp_path: Path) -> None:
    """A second stack on a home, a taken port, and wrong rubrics; exit code 2, no traceback."""
    stack.up()
    other = Stack(tmp_path / "other")
    other.port = stack.port
    for second, words in ((other, "--port"), (stack, "is up already")):
        process = second.begin()
        output, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 2
        assert words in output
        assert "Traceback" not in output
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "x.yaml").write_text("id: x\n")
    process = other.begin("--rubrics", str(tmp_path / "rubrics"))
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert "x.yaml" in output


def test_the_sample_city_is_rated_and_its_stray_event_waits_in_quarantine(stack: Stack) -> None:
    """A newcomer sees ratings, closing ratings among them, and one event that was not folded."""
    stack.process = stack.begin("--port", str(stack.port))
    assert "Phường Việt Trì" in stack.wait("ready")
    items = stack.get("/ratings?year=2025&limit=1000")["items"]
    assert {item["part_year"] for item in items} == {True, False}
    listed = json.loads(stack.run("quarantine", "list", "--json").stdout)
    assert [entry["reason"] for entry in listed] == ["contract"]
    assert stack.run("quarantine", "drop", listed[0]["id"]).returncode == 0
    assert stack.stop() == 0
