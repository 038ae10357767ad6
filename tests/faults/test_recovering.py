"""A part that is started again while the database is away does not take the stack down with it."""

from __future__ import annotations

import signal
import urllib.request
from pathlib import Path

import pytest

from tests.faults.victims import CHILDREN, Victims, victims
from tests.support.stacks import eventually

WAITS = "the start waits for the database"
PATIENCE_SECONDS = 130


@pytest.mark.parametrize("part", [name for name in CHILDREN if name.startswith("--part")])
def test_a_part_that_starts_again_waits_for_its_database(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database and then a part are killed; both come back, and the stack was never gone."""
    with victims(tmp_path / "home", "postgres", monkeypatch) as found:
        assert found.postgres is not None and found.stack.process is not None
        log = found.stack.home / "logs" / f"{part.split()[-1]}.log"
        found.postgres.stop(signal.SIGKILL)
        found.kill(part)
        eventually(lambda: WAITS in log.read_text(), PATIENCE_SECONDS)
        found.come_back()
        eventually(lambda: _ready(found), PATIENCE_SECONDS)
        assert found.stack.process.poll() is None


def _ready(found: Victims) -> bool:
    try:
        with urllib.request.urlopen(f"{found.stack.url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200) and len(found.stack.children()) == len(CHILDREN)
    except OSError:
        return False
