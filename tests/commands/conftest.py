"""Stacks and events of the tests of commands."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stacks import EVENTS, Stack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack that is not started yet, in a folder with a space in its name."""
    new_stack = Stack(tmp_path / "a home")
    yield new_stack
    if new_stack.process is not None and new_stack.process.poll() is None:
        new_stack.stop(signal.SIGKILL)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """A file of three events of one unit."""
    file = tmp_path / "events.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in EVENTS))
    return file
