"""Which view of a unit's year binds: its own facts, or pooled with its predecessors'. Pure."""

from __future__ import annotations

from typing import NamedTuple

from services.scoring.fold.cells import OWN, POOLED
from services.scoring.fold.registry import Registry
from services.scoring.rubrics.model import Rubric


class Views(NamedTuple):
    """The view that binds and ranks, and whether there is a pooled view at all."""

    binding: str
    pooled: bool

    def answering(self, view: str | None) -> str:
        """The view that answers a request for `view`: without a pool there is one only."""
        return view if view is not None and self.pooled else self.binding

    @property
    def pooled_binds(self) -> bool:
        """Whether the facts of the predecessors count for the unit."""
        return self.binding == POOLED


def views_of(rubric: Rubric, registry: Registry, unit: str, year: int) -> Views:
    """The one place that decides: pooled binds where the rubric says so and there is a pool."""
    pooled = bool(registry.pool(unit, year))
    return Views(POOLED if rubric.pooled and pooled else OWN, pooled)
