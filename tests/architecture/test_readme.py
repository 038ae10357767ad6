"""The README's commands do what the README says of them: its own blocks are run.

Those that need the running stack are run by tests/drills/stacks/test_readme_stack.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.stacks import SECONDS

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


def test_the_blocks_are_those_that_are_run_here() -> None:
    """A new block of commands needs a test; `pip install .` is tested by tests/commands."""
    words = ("make run", "curl", "printf", "rubric check", "simulate", "pip install")
    assert len(BLOCKS) == len(words) and all(block(word) for word in words)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)", block("make run")):
        assert re.search(rf"^{target}:", makefile, re.M), target


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
