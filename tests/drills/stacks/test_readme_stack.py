"""`make run` and the request of the README show what the README says of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.architecture.test_readme import DANCHU, ROOT, TEXT, block, pasted
from tests.support.stacks import SECONDS, Stack

pytestmark = pytest.mark.xdist_group("readme")
"""Its tests share a stack, so one process runs them."""


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
