"""A running stack is found by its home, and what the home keeps is its owner's alone."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from services.chassis.auth.credentials import write_tokens
from tests.commands.test_cli import danchu
from tests.support.stacks import Stack


def test_a_stack_on_another_port_and_host_is_found_by_its_home_alone(
    stack: Stack, events: Path
) -> None:
    """No option and no variable is needed, and everything in the home is its owner's alone."""
    before = os.umask(0)
    try:
        stack.home.mkdir(mode=0o777)
        write_tokens(stack.home)
        (stack.home / "tokens.json").chmod(0o644)
        stack.up("--empty", DANCHU_HOST="127.0.0.2")
    finally:
        os.umask(before)
    home = ("--home", str(stack.home))
    assert danchu("emit", str(events), *home).exit_code == 0
    assert json.loads(danchu("quarantine", "list", "--json", *home).output) == []
    wide = [path for path in (stack.home, *stack.home.rglob("*"))
            if stat.S_IMODE(path.lstat().st_mode) & 0o077]  # fmt: skip
    assert wide == []
    assert stack.stop() == 0
    run = danchu("rate", "--year", "2025", *home)
    assert run.exit_code == 2 and "Is danchu up?" in run.output
    assert not (stack.home / "address.json").exists()
