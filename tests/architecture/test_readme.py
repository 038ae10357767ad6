"""The README's commands do what the README says of them: its own blocks are run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.stacks import SECONDS, Stack

pytestmark = pytest.mark.xdist_group("readme")
"""Its tests share what takes long to start, so one process runs them."""

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.S)
DANCHU = Path(sys.executable).parent / "danchu"


def block(word: str) -> str:
    """The one shell block that has a word."""
    (found,) = [one for one in BLOCKS if word in one]
    return str(found)


def pasted(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """What a person who pastes a block gets, with the program of this environment."""
    return subprocess.run(
        ["bash", "-ec", script.replace(".venv/bin/danchu", str(DANCHU))],
        cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False,
        env={**os.environ, **env},
    )  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`make run` on ports and a home of its own, as the README says they are chosen."""
    stack = Stack(tmp_path_factory.mktemp("readme") / "home")
    ports = {"DANCHU_PORT": str(stack.port), "DANCHU_NATS_PORT": str(stack.nats_port)}
    command = ["make", "--no-print-directory", "-C", str(ROOT), "run"]
    if not (ROOT / ".venv" / ".installed").exists():
        command = [str(DANCHU), "up"]
    stack.process = subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, **ports, "DANCHU_HOME": str(stack.home)}, start_new_session=True,
    )  # fmt: skip
    stack.output = stack.wait("ready.")
    yield stack
    os.killpg(stack.process.pid, 2)
    rest, _ = stack.process.communicate(timeout=SECONDS)
    assert "Traceback" not in rest and "stopping" in rest


def test_the_blocks_are_those_that_are_run_here() -> None:
    """A new block of commands needs a test; `pip install .` is tested by tests/commands."""
    words = ("make run", "curl", "printf", "rubric check", "simulate", "pip install")
    assert len(BLOCKS) == len(words) and all(block(word) for word in words)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)", block("make run")):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_make_run_shows_the_ratings(running: Stack) -> None:
    """The first command of the README, stopped by Ctrl-C as a terminal sends it."""
    assert "Xã Hy Cương" in running.output and running.url in running.output


def test_the_request_has_the_answer_that_is_printed_below_it(running: Stack) -> None:
    """Every value that the README shows is that of the running stack."""
    script = block("curl").replace("8080", str(running.port))
    run = pasted(script, ROOT, DANCHU_HOME=str(running.home))
    assert run.returncode == 0, run.stderr
    found, shown = json.loads(run.stdout), json.loads(TEXT.split("```json\n")[1].split("```")[0])
    assert within(shown, found)


def within(shown: Any, found: Any) -> bool:
    """Whether what is shown is a part of what was found; an ellipsis stands for the rest."""
    if isinstance(shown, dict):
        return all(name == "…" or within(value, found[name]) for name, value in shown.items())
    return bool(shown == found)


def test_the_example_gives_the_points_that_it_says(tmp_path: Path) -> None:
    """A newcomer who pastes the block sees the figure of the next sentence."""
    run = pasted(block("printf"), tmp_path)
    said = re.search(r"has (\d+\.\d+) points", TEXT)
    assert run.returncode == 0, run.stderr
    assert said is not None and said[1] in run.stdout


def test_rubrics_are_checked_and_cities_simulated(tmp_path: Path) -> None:
    """The other two blocks."""
    assert pasted(block("rubric check"), ROOT).returncode == 0
    run = pasted(block("simulate"), tmp_path)
    assert run.returncode == 0, run.stderr
    assert len((tmp_path / "city.ndjson").read_bytes().splitlines()) == 20_000


def test_a_wrong_event_is_named_by_line_and_field(tmp_path: Path) -> None:
    """The exit code is 1, and the sentence says what to mend."""
    (tmp_path / "events.ndjson").write_text('{"type":"vn.danchu.unit.renamed.v1"}\n[]\n')
    run = pasted(".venv/bin/danchu recount events.ndjson --year 2025 --json", tmp_path)
    assert run.returncode == 1
    assert run.stdout.strip() == "{}"
    assert "events.ndjson:1: " in run.stderr and "data: còn thiếu / is missing" in run.stderr
    assert "events.ndjson:2: " in run.stderr
