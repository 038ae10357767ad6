"""A part that is started again while the database is away does not take the stack down with it."""

from __future__ import annotations

import signal
import urllib.request
from pathlib import Path

import pytest

from tests.drills.faults.victims import CHILDREN, Victims, victims
from tests.support.stacks import eventually

WAITS = "the start waits"
PATIENCE_SECONDS = 130


@pytest.mark.parametrize("part", [name for name in CHILDREN if name.startswith("--part")])
def test_a_part_that_starts_again_waits_for_its_database(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database and then a part are killed; both come back, and the stack was never gone."""
    with victims(tmp_path / "home", "postgres", monkeypatch) as parts:
        assert parts.postgres is not None and parts.stack.process is not None
        log = parts.stack.home / "logs" / f"{part.split()[-1]}.log"
        parts.postgres.stop(signal.SIGKILL)
        eventually(lambda: parts.kill(part))

        def state() -> str:
            return f"{parts.stack.state()}\n{log.read_text()[-4000:]}"

        eventually(lambda: WAITS in log.read_text(), PATIENCE_SECONDS, state)
        parts.come_back()
        eventually(lambda: _ready(parts), PATIENCE_SECONDS, state)
        assert parts.stack.process.poll() is None


def _ready(parts: Victims) -> bool:
    try:
        with urllib.request.urlopen(f"{parts.stack.url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200) and len(parts.stack.children()) == len(CHILDREN)
    except OSError:
        return False
