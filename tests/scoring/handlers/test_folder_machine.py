"""A stateful machine: batches, repetitions, crashes between any two writes, restarts, refolds.

After every step the ratings are those of the naive oracle over what was folded so far.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from contracts.envelope import Recorded
from services.chassis.clock import fixed
from services.scoring.handlers.folder import Folder
from services.scoring.rebuild.refold import refold
from services.scoring.store import books, ledger, position, quarantine
from tests.oracle import rate
from tests.scoring.folding import Fold, folding
from tests.support.builders.cities import NOW, accepted, city, compared, rubrics

CRASHES = (
    (ledger, "write_ledger"), (ledger, "write_retractions"), (ledger, "mark_retracted"),
    (books, "ensure_books"), (books, "write_facts"), (books, "write_tallies"), (quarantine, "add"),
    (position, "save"),
)  # fmt: skip


class PowerCut(Exception):
    """The process dies here."""


class Machine(RuleBasedStateMachine):
    """One folder after another on one database."""

    @initialize(seed=st.integers(1, 10_000))
    def begin(self, seed: int) -> None:
        """A random city, and an empty database."""
        self.folder = Path(tempfile.mkdtemp(prefix="danchu-machine-"))
        self.runner = asyncio.Runner()
        self.events, self.year = city(seed, 6, 120)
        self.raw, self.ours = rubrics(seed, self.folder)
        self.said = accepted(self.events)
        self.by_name = {(e["source"], e["id"]): e for e in reversed(self.events)}
        self.manager = folding(f"sqlite:///{self.folder / 'scoring.db'}", self.ours)
        self.fold: Fold = self.runner.run(self.manager.__aenter__())
        self.folded: set[bytes] = set()

    def _batch(self, places: list[int]) -> list[Recorded]:
        return [self.said[place % len(self.said)] for place in places]

    @rule(places=st.lists(st.integers(0, 10_000), min_size=1, max_size=40))
    def batch(self, places: list[int]) -> None:
        """Any events in any order, some of them for the second time."""
        batch = self._batch(places)
        self.runner.run(self.fold.fold(batch))
        self.folded |= {said.identity for said in batch}

    @rule(places=st.lists(st.integers(0, 10_000), min_size=1, max_size=40),
          where=st.sampled_from(CRASHES))  # fmt: skip
    def crash(self, places: list[int], where: tuple[Any, str]) -> None:
        """Power is cut before one of the writes: nothing of the batch is there afterwards."""
        module, name = where
        before, real = self.runner.run(self.fold.held()), getattr(module, name)

        async def cut(*_: Any) -> None:
            raise PowerCut

        setattr(module, name, cut)
        try:
            with pytest.raises(PowerCut):
                self.runner.run(self.fold.fold(self._batch(places)))
        finally:
            setattr(module, name, real)
        assert self.runner.run(self.fold.held()) == before
        self.restart()

    @rule()
    def restart(self) -> None:
        """Another process goes on."""
        self.fold.folder = Folder(self.fold.db, self.ours, fixed(NOW))
        self.runner.run(self.fold.folder.prepare())

    @rule()
    def rebuild(self) -> None:
        """Everything folded anew from the ledger gives the same bytes."""
        before = self.runner.run(self.fold.held())
        self.runner.run(self._refolded())
        assert self.runner.run(self.fold.held()) == before

    async def _refolded(self) -> None:
        async with self.fold.db.write() as conn:
            place = await position.lock(conn)
            registry = self.fold.folder._registry
            await refold(conn, registry, self.ours, registry.units, place.stamp + 1)

    @invariant()
    def rated_as_by_the_oracle(self) -> None:
        """Every rating agrees with the naive recomputation of what was folded."""
        names = {(s.event.source, s.event.id) for s in self.said if s.identity in self.folded}
        stored = [event for name, event in self.by_name.items() if name in names]
        expected = compared(rate(stored, self.raw, self.year))
        assert compared(self.runner.run(self.fold.ratings(self.year))) == expected

    def teardown(self) -> None:
        """Closes the database and removes it."""
        if hasattr(self, "runner"):
            self.runner.run(self.manager.__aexit__(None, None, None))
            self.runner.close()
            shutil.rmtree(self.folder)


def test_the_ratings_are_right_after_every_step() -> None:
    """Batches, repetitions, crashes, restarts and refolds in any order."""
    bounded = settings(
        max_examples=12, stateful_step_count=10, deadline=None, derandomize=True,
        suppress_health_check=list(HealthCheck), print_blob=False, database=None,
    )  # fmt: skip
    run_state_machine_as_test(Machine, settings=bounded)
