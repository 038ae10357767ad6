"""A test that hangs is named and ended, whatever it swallows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEAF = """
import subprocess

def test_well():
    assert True

def test_that_swallows_every_exception():
    subprocess.Popen(["sleep", "600"])
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
"""


def test_a_test_that_swallows_its_timeout_is_named_with_its_stack(tmp_path: Path) -> None:
    """pytest-timeout raises in vain; the watchdog names the test, shows where it is, and kills."""
    (tmp_path / "pytest.ini").write_text("[pytest]\ntimeout = 1\n")
    (tmp_path / "test_deaf.py").write_text(DEAF)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DANCHU_TEST_GRACE": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.support.watchdog",
        "-p",
        "no:cacheprovider",
    ]
    run = subprocess.run(
        [*command, "test_deaf.py"], cwd=tmp_path, env=env, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == -9
    named = "test_deaf.py::test_that_swallows_every_exception has not ended in 2 s"
    assert f"WATCHDOG: {named}" in run.stderr
    assert "in test_that_swallows_every_exception" in run.stderr
