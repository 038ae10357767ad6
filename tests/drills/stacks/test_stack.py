"""`danchu up` as a person starts it: real processes, a real broker, kills and second starts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.stacks import Stack, alive, eventually


def rated(stack: Stack) -> Any:
    """The rating of the unit, once all its events are folded."""

    def read() -> Any:
        items = stack.get("/ratings?year=2025")["items"]
        return items[0] if items and "12.00" in items[0]["scores"].values() else None

    return eventually(read)


def test_events_that_are_emitted_are_rated_and_kept_over_a_restart(
    stack: Stack, events: Path
) -> None:
    """Two commands give a rating; after a clean stop the second start answers the same."""
    stack.up()
    first, again = stack.run("emit", str(events)), stack.run("emit", str(events), "--json")
    assert (first.returncode, first.stdout) == (
        0,
        "3 được nhận, 0 đã có từ trước, 0 bị từ chối / 3 accepted, 0 duplicates, 0 refused\n",
    )
    assert json.loads(again.stdout) == {"accepted": 0, "duplicates": 3, "refused": []}
    rating = rated(stack)
    result = stack.run("rate", "--year", "2025", "--unit", "H44.1", "--json")
    assert json.loads(result.stdout) == rating
    assert stack.here("audit").stdout.endswith("outboxes, ledger, facts and tallies agree\n")
    assert "2 events read" in stack.here("rebuild", "--year", "2025").stdout
    for _ in range(2):
        nothing = stack.here("rebuild", "--year", "1999").stdout
        vi, en = "Năm 1999 không có gì để tính lại", "there is no event and no rating of 1999"
        assert nothing == f"{vi} / {en}\n"
    assert stack.stop() == 0
    stack.up()
    assert rated(stack) == rating
    assert stack.stop(signal.SIGINT) == 0


def test_a_start_without_the_stream_that_was_folded_says_what_to_do(
    stack: Stack, events: Path
) -> None:
    """The halt and `danchu resend` stand beside the readiness, and afterwards no more."""
    stack.up()
    assert stack.here("emit", str(events)).returncode == 0
    rating = rated(stack)
    assert stack.stop() == 0
    shutil.rmtree(stack.home / "nats" / "jetstream")
    stack.process = stack.begin()
    output = stack.wait("ready")
    assert "The fold is halted" in output and "danchu resend --since" in output
    assert stack.here("resend", "--since", "2025-01-01").returncode == 0
    assert stack.stop() == 0
    stack.process = stack.begin()
    assert "halted" not in stack.wait("ready")
    assert rated(stack) == rating
    assert stack.stop() == 0


def test_children_that_are_killed_come_back_and_nothing_is_lost(stack: Stack, events: Path) -> None:
    """kill -9 of broker, doors and fold, each with events on the road."""
    stack.up()
    lines = events.read_text().splitlines()
    for name, line in zip(("nats-server", "--part fold", "--part http"), lines, strict=True):
        pid = stack.children()[name]
        single = events.with_name("one.ndjson")
        single.write_text(line)
        assert stack.here("emit", str(single)).returncode == 0
        os.kill(pid, signal.SIGKILL)
        eventually(lambda name=name, pid=pid: stack.children().get(name, pid) != pid)
        stack.wait("starts again")
    eventually(lambda: _ready(stack))
    assert rated(stack)["unit"] == "H44.1"


def test_children_that_hang_are_killed_and_come_back(stack: Stack, events: Path) -> None:
    """Broker, fold and doors are stopped at once: each is named, and another takes its place."""
    stack.up("--empty", DANCHU_HEARTBEAT_SECONDS="8")
    frozen = stack.children()
    for pid in frozen.values():
        os.kill(pid, signal.SIGSTOP)
    output = ""
    while not all(f"{name} hangs" in output for name in ("nats-server", "http", "fold")):
        output += stack.wait(" hangs: ")
    eventually(
        lambda: (
            len(stack.children()) == 3 and not set(stack.children().values()) & set(frozen.values())
        )
    )
    eventually(lambda: _ready(stack))
    assert stack.here("emit", str(events)).returncode == 0
    assert rated(stack)["unit"] == "H44.1"
    assert stack.stop() == 0


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
