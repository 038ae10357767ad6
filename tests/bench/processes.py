"""Measured processes: started, waited for, watched in their memory, and ended."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.servers import free_port, until

ROOT = Path(__file__).parents[2]
STOP_SECONDS, ANSWER_SECONDS = 20, 1800
PROCESS_CLOCK = 2
"""The low bits of Linux's clock of a process, which counts all its threads, in nanoseconds."""
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


class ProcessFailed(Exception):
    """A measured process ended with an error; its own words are the text."""


@dataclass
class Running:
    """A process that runs; `port` is where it listens, if it does."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int

    def check(self) -> None:
        """ProcessFailed where it has ended."""
        if self.process.poll() is not None:
            raise ProcessFailed(self.log.read_text(errors="replace")[-2000:])

    def peak_mb(self) -> float:
        """The most memory that it ever held, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = _PEAK.search(status)
        return int(found[1]) * 1024 / 1e6 if found else 0.0

    def processor_seconds(self) -> float:
        """The processor time that all its threads have taken."""
        clock = (~self.process.pid << 3) | PROCESS_CLOCK
        return time.clock_gettime(clock)


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process without anybody's settings of danchu, and these.

    Nor without buffers: a long answer on a pipe is cut off where a signal comes in between.
    """
    others = ("DANCHU_", "BENCH_", "PYTHONUNBUFFERED")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(others)}
    return {**kept, **settings}


def _listens_still(one: Running, port: int) -> bool:
    one.check()
    return _listens(port)


@contextlib.contextmanager
def running(
    folder: Path, module: str, part: str, settings: Mapping[str, str], listens: bool = False,
    shares: bool = False,
) -> Iterator[Running]:  # fmt: skip
    """`python -m module part`, ended after the block; on one core with all others that share."""
    port = free_port() if listens else 0
    core = str(max(os.sched_getaffinity(0))) if shares else ""
    log = folder / f"{module.rpartition('.')[2]}-{part}.log"
    given = environment({**settings, "BENCH_PORT": str(port), "BENCH_CORE": core})
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", module, part], cwd=ROOT, env=given, stdout=out, stderr=out
        )
    one = Running(process, log, port)
    try:
        if listens:
            until(lambda: _listens_still(one, port), process)
        yield one
    finally:
        _end(process)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answer(
    module: str, arguments: list[str], settings: Mapping[str, str], asked: Any = None
) -> dict[str, Any]:
    """What `python -m module` prints as JSON, given `asked` as JSON; ProcessFailed otherwise."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment(settings),
        input=json.dumps(asked).encode(), capture_output=True, check=False,
        timeout=ANSWER_SECONDS,
    )  # fmt: skip
    if done.returncode:
        raise ProcessFailed(done.stderr.decode(errors="replace")[-2000:])
    found: dict[str, Any] = json.loads(done.stdout)
    return found
