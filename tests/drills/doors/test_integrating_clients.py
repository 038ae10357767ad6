"""docs/integrating.md from nothing to a counted event: its blocks, pasted and run as they stand."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.stacks import SECONDS, Stack, eventually

pytestmark = pytest.mark.xdist_group("integrating")
"""Its tests share what takes long to start, so one process runs them."""
PAGE = (Path(__file__).parents[3] / "docs" / "integrating.md").read_text(encoding="utf-8")
DANCHU = Path(sys.executable).parent / "danchu"


def block(language: str, number: int = 0) -> str:
    """A block of the page in a language, the first unless told otherwise."""
    return list[str](re.findall(rf"```{language}\n(.*?)```", PAGE, re.S))[number]


class Pasted:
    """What the shell block printed, and the variables that the other blocks need."""

    def __init__(self, stack: Stack) -> None:
        script = block("sh").replace(".venv/bin/danchu", str(DANCHU))
        script = script.replace("http://127.0.0.1:8080", stack.url)
        self.env = {**os.environ, "DANCHU": stack.url, "DANCHU_HOME": str(stack.home)}
        ran = self.run("bash", "-ec", f"{script}\nprintf '\\n%s' \"$TOKEN\"")
        *self.printed, token = ran.stdout.splitlines()
        self.env["TOKEN"] = token

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command with the variables; it has to succeed."""
        ran = subprocess.run(
            command, env=self.env, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran


def documents(text: str) -> Iterator[Any]:
    """The JSON documents that stand one behind the other in a text."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        yield document


@pytest.fixture(scope="module")
def pasted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pasted]:
    """An empty stack into which the shell block was pasted."""
    stack = Stack(tmp_path_factory.mktemp("integrating") / "home")
    stack.up("--empty")
    yield Pasted(stack)
    assert stack.stop() == 0


def test_the_lines_of_the_shell_lead_to_a_counted_event(pasted: Pasted) -> None:
    """A unit, a duty, its fulfilment, the rating that has it, and what became of the event."""
    registered, due, rating, receipt = documents("".join(pasted.printed))
    assert [one["receipts"][0]["status"] for one in (registered, due)] == ["accepted"] * 2
    assert rating["scores"]["disclosure"] == "12.00"
    assert receipt["state"] == "counted"


def test_the_python_of_the_page_sends_an_event_once(pasted: Pasted, tmp_path: Path) -> None:
    """Run twice it is accepted and then a duplicate with the same receipt."""
    file = tmp_path / "send.py"
    file.write_text(block("python"), encoding="utf-8")
    first, second = (pasted.run(sys.executable, str(file)).stdout.split() for _ in range(2))
    assert [first[0], second[0]] == ["accepted", "duplicate"]
    assert first[1] == second[1]


def test_the_python_of_an_hr_system_gets_every_rating_once(pasted: Pasted, tmp_path: Path) -> None:
    """From the feed it learns which rating moved, and it asks for all of that rating.

    The feed tells a rating again for an event that is folded a little later; then nothing more.
    """
    file = tmp_path / "hr.py"
    file.write_text(block("python", 1).replace("timeout=5", "timeout=1"), encoding="utf-8")

    def told() -> list[str]:
        return pasted.run(sys.executable, str(file)).stdout.splitlines()

    lines = eventually(told)
    unit, total, _, stage = lines[-1].split()
    assert (unit, stage) == ("H44.9.1", "open") and float(total) >= 12
    eventually(lambda: not told())


def test_the_python_of_the_page_reads_the_files(pasted: Pasted, tmp_path: Path) -> None:
    """Every total of the CSV as a decimal, the sheet of each unit, and the year as a workbook."""
    file = tmp_path / "files.py"
    script = block("python", 2).replace('Path(f"', f'Path(f"{tmp_path}/')
    file.write_text(script, encoding="utf-8")
    (line,) = pasted.run(sys.executable, str(file)).stdout.splitlines()
    unit, total, _, stage, disclosure = line.split()
    assert (unit, stage, disclosure) == ("H44.9.1", "open", "12.00") and float(total) >= 12
    assert (tmp_path / "H44.9.1.pdf").read_bytes().startswith(b"%PDF-1.7")
    assert (tmp_path / "2025.xlsx").read_bytes().startswith(b"PK")


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed here")
def test_the_javascript_of_the_page_sends_an_event_once(pasted: Pasted, tmp_path: Path) -> None:
    """Run twice it is accepted and then a duplicate with the same receipt."""
    file = tmp_path / "send.mjs"
    file.write_text(block("js"), encoding="utf-8")
    first, second = (pasted.run("node", str(file)).stdout.split() for _ in range(2))
    assert [first[0], second[0]] == ["accepted", "duplicate"]
    assert first[1] == second[1]
