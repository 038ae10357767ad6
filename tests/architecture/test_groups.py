"""Groups of tests: their tests run in one process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GROUPED = """
import os
import pathlib
import pytest

@pytest.mark.xdist_group("{name}")
@pytest.mark.parametrize("number", range(4))
def test_one_of(number, worker_id):
    with pathlib.Path("{name}.txt").open("a") as file:
        file.write(worker_id + "\\n")
"""


def test_the_tests_of_a_group_run_in_one_process(tmp_path: Path) -> None:
    """Two groups of four tests, by three processes: each group is of one of them."""
    for name in ("first", "second"):
        (tmp_path / f"test_{name}.py").write_text(GROUPED.format(name=name))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    plugins = ["-p", "xdist", "-p", "tests.support.groups"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "-n", "3", "--dist", "loadgroup", str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env={"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for name in ("first", "second"):
        workers = (tmp_path / f"{name}.txt").read_text().split()
        assert len(workers) == 4 and len(set(workers)) == 1
