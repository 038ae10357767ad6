"""A stack of real processes whose parts are killed, and PostgreSQL that comes back after a kill."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.servers import Postgres, postgres_server
from tests.support.stacks import Stack

CHILDREN = ("nats-server", "--part http", "--part fold")


@dataclass
class Victims:
    """What a schedule of faults may kill; `killed` counts by name."""

    stack: Stack
    postgres: Postgres | None
    killed: dict[str, int]

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that can be killed."""
        return (*CHILDREN, "postgres") if self.postgres else CHILDREN

    def kill(self, name: str) -> bool:
        """Kills it with SIGKILL; the supervisor, or we for the database, start it again.

        False if it was down already.
        """
        if name == "postgres":
            assert self.postgres is not None
            self.postgres.stop(signal.SIGKILL)
            self.come_back()
        else:
            pid = self.stack.children().get(name)
            if pid is None:
                return False
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.killed[name] = self.killed.get(name, 0) + 1
        return True

    def come_back(self) -> None:
        """Starts a killed database again, when its children went by themselves; it recovers."""
        assert self.postgres is not None
        (self.postgres.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        for _ in range(100):
            try:
                self.postgres.start()
            except AssertionError:
                continue
            return
        raise AssertionError("PostgreSQL did not come back")


@contextlib.contextmanager
def victims(home: Path, database: str, env: pytest.MonkeyPatch) -> Iterator[Victims]:
    """A running stack without any unit, on SQLite or on a PostgreSQL of its own."""
    with contextlib.ExitStack() as held:
        server = held.enter_context(postgres_server()) if database == "postgres" else None
        if server is not None:
            env.setenv("DANCHU_DATABASE_URL", server.url)
        stack = Stack(home)
        stack.up()
        held.callback(_stopped, stack)
        yield Victims(stack, server, {})


def _stopped(stack: Stack) -> None:
    if stack.process is not None and stack.process.poll() is None:
        stack.stop(signal.SIGKILL)
