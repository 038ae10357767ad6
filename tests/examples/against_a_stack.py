"""The examples send from where danchu is away until it is back, and each event counts once.

`make examples` runs them, not `make test`: they install their own packages.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.stacks import Stack, eventually

EXAMPLES = Path(__file__).parents[2] / "examples"
UNIT, YEAR = "H44.7.1", 2026
REGISTERED = {
    "specversion": "1.0", "id": "u7", "source": "urn:city:registry", "subject": UNIT,
    "type": "vn.danchu.unit.registered.v1", "time": f"{YEAR}-01-01T00:00:00+07:00",
    "data": {"name": "Phường ví dụ", "kind": "commune"},
}  # fmt: skip
OUTCOMES = {"accepted", "duplicate"}


def installed(*command: str | Path, **options: Any) -> None:
    """An installation, which shows what it says only if it fails."""
    run = subprocess.run(
        command, capture_output=True, text=True, timeout=240, check=False, **options
    )
    assert run.returncode == 0, run.stdout + run.stderr


def python_example(folder: Path, stack: Stack) -> list[str]:
    """The command of the Python example, with its own packages."""
    installed(sys.executable, "-m", "venv", folder / "venv")
    lock = EXAMPLES / "python" / "requirements.lock"
    installed(folder / "venv/bin/pip", "install", "-q", "--require-hashes", "-r", lock)
    token = stack.here(
        "token", "--role", "emitter", "--unit", UNIT, "--source", "urn:h44-7-1:portal"
    )
    return [
        str(folder / "venv/bin/python"), "-u", str(EXAMPLES / "python" / "portal.py"),
        "--url", stack.url, "--token", token.stdout.strip(), "--file", str(folder / "portal.db"),
    ]  # fmt: skip


def node_example(folder: Path, stack: Stack) -> list[str]:
    """The command of the Node example, with its own packages."""
    place = shutil.copytree(EXAMPLES / "node", folder / "node")
    installed("npm", "ci", "--no-audit", "--no-fund", cwd=place)
    return [
        "node", str(place / "front-desk.mjs"), "--credentials", str(stack.home / "nats.json"),
        "--file", str(folder / "front-desk.ndjson"),
    ]  # fmt: skip


@contextmanager
def registered(stack: Stack, folder: Path) -> Iterator[None]:
    """A stack that knows the unit, and that is stopped."""
    file = folder / "unit.ndjson"
    file.write_text(json.dumps(REGISTERED))
    stack.up()
    try:
        assert stack.run("emit", str(file)).returncode == 0
        assert stack.stop() == 0
        yield
    finally:
        if stack.process is not None and stack.process.poll() is None:
            stack.stop()


@pytest.mark.parametrize("example", [python_example, node_example])
def test_an_example_delivers_everything_once(example: Any, tmp_path: Path) -> None:
    """It starts while danchu is down, and a second run sends nothing new."""
    stack = Stack(tmp_path / "home")
    with registered(stack, tmp_path):
        command = example(tmp_path, stack)
        log = tmp_path / "log"
        with log.open("w") as out:
            first = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
            try:
                if example is python_example:
                    eventually(lambda: "does not answer" in log.read_text())
                stack.up()
                assert first.wait(60) == 0, log.read_text()
            finally:
                first.kill()
        lines = [line for line in log.read_text().splitlines() if line[:1].isdigit()]
        ids, outcomes = zip(*(line.split()[:2] for line in lines), strict=True)
        assert len(set(ids)) == len(ids) >= 5 and set(outcomes) <= OUTCOMES
        again = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert again.stdout.splitlines() == lines
        receipts = ",".join(line.split()[2] for line in lines)
        answer = stack.get(f"/ratings/{YEAR}/{UNIT}/events?limit=100&wait_for={receipts}")
        counted = {event["id"]: event["counted"] for event in answer["items"]}
        assert counted.keys() >= set(ids)
        retracted = [
            event["data"]["id"] for event in answer["items"] if "retracted" in event["type"]
        ]
        assert len(retracted) == 1
        assert [each for each in ids if not counted[each]] == retracted
