"""The last resort against a test that never ends: a process beside pytest that names and ends it.

pytest-timeout raises an exception in the test; a test, a library or an event loop may swallow it.
Nothing swallows this: told by a pipe which test runs and how long it may, it writes the test's
name, has faulthandler write the stacks of all threads, and kills pytest with its children.
"""

from __future__ import annotations

import faulthandler
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

GRACE_SECONDS = 60.0
DUMP_SECONDS = 2.0
IDLE_SECONDS = 600.0


class Watchdog:
    """The plugin: tells the watching process of each test before it begins."""

    def __init__(self, config: pytest.Config) -> None:
        self.usual = float(config.getini("timeout") or 0)
        self.grace = float(os.environ.get("DANCHU_TEST_GRACE", GRACE_SECONDS))
        self.log = os.fdopen(os.dup(2), "w")
        faulthandler.register(signal.SIGUSR1, file=self.log, all_threads=True)
        watch = [sys.executable, __file__, str(os.getpid())]
        self.process = subprocess.Popen(watch, stdin=subprocess.PIPE, stderr=self.log, text=True)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Set-up, test and tear-down of one test have this time."""
        marker = item.get_closest_marker("timeout")
        seconds = float(marker.args[0]) if marker and marker.args else self.usual
        self._tell(seconds + self.grace, item.nodeid)
        try:
            return (yield)
        finally:
            self._tell(IDLE_SECONDS, f"what follows {item.nodeid}")

    def pytest_unconfigure(self) -> None:
        """The watching process ends with its pipe."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _tell(self, seconds: float, name: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds} {name}\n")
        self.process.stdin.flush()


def pytest_configure(config: pytest.Config) -> None:
    """Starts watching a process that runs tests; one that only hands them out runs none."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(Watchdog(config), "danchu watchdog")


def watch(pid: int, told: int) -> None:
    """Waits for the news of pytest; ends it when none comes in time."""
    seconds, name, kept = IDLE_SECONDS, "the collection of tests", ""
    while select.select([told], [], [], seconds)[0]:
        read = os.read(told, 65536).decode()
        if not read:
            return
        *lines, kept = (kept + read).split("\n")
        if lines:
            allowed, _, name = lines[-1].partition(" ")
            seconds = float(allowed)
    print(f"\nWATCHDOG: {name} has not ended in {seconds:g} s; its stacks:", file=sys.stderr)
    sys.stderr.flush()
    os.kill(pid, signal.SIGUSR1)
    time.sleep(DUMP_SECONDS)
    for one in [*descendants(pid), pid]:
        if one != os.getpid():
            kill(one)


def kill(pid: int) -> None:
    """Ends a process that may be gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def descendants(pid: int) -> list[int]:
    """The children of a process and theirs."""
    found: list[int] = []
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if children.exists():
        for child in children.read_text().split():
            found += [*descendants(int(child)), int(child)]
    return found


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watch(int(sys.argv[1]), sys.stdin.fileno())
