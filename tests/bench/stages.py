"""Timers about the stages of the fold, put around its functions from outside.

A stage's seconds are those of its own: what a stage calls that is a stage too is not counted
twice. While a stage waits for the database, the process reads from the stream as well: so the time
of a stage that asks the database holds the database's work, the driver's, and some of the reader's.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from services.chassis.database.engine import Database
from services.scoring.fold import books as book_rules
from services.scoring.handlers import folder
from services.scoring.handlers.batch import Batch
from services.scoring.store import books, ledger, position, quarantine
from services.scoring.subscribers.pull_consumer import Reader

STAGES: tuple[tuple[str, Any, str], ...] = (
    ("wait for the stream", Reader, "batch"),
    ("acknowledge", Reader, "ack"),
    ("decode, identity, receipt", Batch, "add"),
    ("sort new from known", Batch, "classify"),
    ("look for known identities", ledger, "receipts"),
    ("write the ledger", ledger, "write_ledger"),
    ("retractions", folder.Folder, "_retract"),
    ("retractions", ledger, "retracted"),
    ("registry and its refolds", folder.Folder, "_register"),
    ("registry and its refolds", folder, "refold"),
    ("what each event posts", book_rules, "changes"),
    ("read the books", books, "ensure_books"),
    ("look for facts of the same keys", books, "facts_at"),
    ("weigh cells, move tallies", book_rules, "apply"),
    ("write facts", books, "delete_facts"),
    ("write facts", books, "write_facts"),
    ("write tallies", books, "write_tallies"),
    ("quarantine", quarantine, "add"),
    ("position", position, "lock"),
    ("position", position, "save"),
    ("gather cells and facts", folder, "apply"),
    ("all else", folder.Folder, "fold"),
)
COMMIT, TASK = "commit", "scoring fold"
POLL_SECONDS = 0.05


class Timers:
    """Seconds by stage; the innermost running stage gets the time."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = dict.fromkeys(
            [*(name for name, _, _ in STAGES), COMMIT], 0.0
        )
        self._running: list[str] = []
        self._since = 0.0

    def enter(self, stage: str) -> None:
        """A stage begins."""
        self._charge()
        self._running.append(stage)

    def leave(self) -> None:
        """The innermost stage ends."""
        self._charge()
        self._running.pop()

    def _charge(self) -> None:
        now = time.perf_counter()
        if self._running:
            self.spent[self._running[-1]] += now - self._since
        self._since = now


def install() -> dict[str, float]:
    """Puts timers around the stages of this process; answers the seconds, which go on."""
    timers = Timers()
    for stage, owner, name in STAGES:
        setattr(owner, name, _timed(timers, stage, getattr(owner, name)))
    setattr(Database, "write", _committing(timers, Database.write))  # noqa: B010
    return timers.spent


def _committing(timers: Timers, write: Callable[..., Any]) -> Callable[..., Any]:
    """The end of a transaction's block as a stage; the relay's transactions are not the fold's."""

    @contextlib.asynccontextmanager
    async def timed(self: Database) -> AsyncIterator[Any]:
        task = asyncio.current_task()
        mine = task is not None and task.get_name() == TASK
        async with write(self) as conn:
            yield conn
            if mine:
                timers.enter(COMMIT)
        if mine:
            timers.leave()

    return timed


def _timed(timers: Timers, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def plain(*given: Any, **named: Any) -> Any:
        timers.enter(stage)
        try:
            return call(*given, **named)
        finally:
            timers.leave()

    @functools.wraps(call)
    async def awaited(*given: Any, **named: Any) -> Any:
        timers.enter(stage)
        try:
            return await call(*given, **named)
        finally:
            timers.leave()

    return awaited if inspect.iscoroutinefunction(call) else plain


async def folded(db: Database, last: int) -> None:
    """Returns when the stream is folded, and committed, up to its sequence `last`."""
    while True:
        async with db.read() as conn:
            if (await position.load(conn)).stream_seq >= last:
                return
        await asyncio.sleep(POLL_SECONDS)
