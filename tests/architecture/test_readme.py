"""The README's example does what the README says of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_example_of_the_readme_gives_the_points_that_it_says(tmp_path: Path) -> None:
    """A newcomer who pastes the block sees the figure of the next sentence."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```(.*?)(?=```|\Z)", text, re.S)
    block, after = next(pair for pair in blocks if "recount" in pair[0])
    danchu = Path(sys.executable).parent / "danchu"
    script = block.replace(".venv/bin/danchu", str(danchu))
    run = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    said = re.search(r"has (\d+,\d+) points", after)
    assert run.returncode == 0, run.stderr
    assert said is not None and said[1].replace(",", ".") in run.stdout


def test_a_wrong_event_is_named_by_line_and_field(tmp_path: Path) -> None:
    """The exit code is 1, and the sentence says what to mend."""
    (tmp_path / "events.ndjson").write_text('{"type":"vn.danchu.unit.renamed.v1"}\n[]\n')
    danchu = Path(sys.executable).parent / "danchu"
    asked = [str(danchu), "recount", "events.ndjson", "--year", "2025", "--json"]
    run = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stdout.strip() == "{}"
    assert "events.ndjson:1: " in run.stderr and "data: is missing" in run.stderr
    assert "events.ndjson:2: " in run.stderr
