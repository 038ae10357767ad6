"""Has each process of a run rewrite the assertions of other test files.

pytest rewrites them when it first imports a file, and keeps the result. In a new copy of the
project all processes would begin at once, and each rewrite all files.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from pathlib import Path

import pytest

KEPT = f".{sys.implementation.cache_tag}-pytest-{pytest.__version__}.pyc"
"""The end of the name under which pytest keeps a rewritten file."""


def rewrite_own_share(config: pytest.Config) -> None:
    """Imports the files of this process that are not rewritten yet, if all tests are to run.

    One that cannot be imported is reported when it is collected.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None or config.args != config.getini("testpaths"):
        return
    number, count = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    for file in new_files(config.rootpath)[number::count]:
        with contextlib.suppress(Exception, pytest.skip.Exception):
            importlib.import_module(
                ".".join(file.relative_to(config.rootpath).with_suffix("").parts)
            )


def new_files(root: Path) -> list[Path]:
    """The test files that pytest has kept no rewritten form of, in order."""
    files = sorted((root / "tests").rglob("test_*.py"))
    return [
        file for file in files if not (file.parent / "__pycache__" / (file.stem + KEPT)).exists()
    ]
