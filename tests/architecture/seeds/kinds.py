"""Kinds of indicators that are compared, left out of a table, or matched without an end."""

from __future__ import annotations

from tests.architecture.rules import kinds
from tests.architecture.seeds.seed import Seed

ENUM = "class Kind(StrEnum):\n    QUOTA = 'quota'\n    MEAN = 'mean'\n"
PATH = "services/scoring/ratings/scores.py"


def seed(faulty: str, mended: str) -> Seed:
    """A fault in the first line of a module of scoring, beside the enumeration."""
    files = {kinds.KINDS: ENUM, PATH: faulty}
    return Seed(kinds.kinds_are_decided_to_the_end, f"{PATH}:1", files, {PATH: mended})


MATCH = "match kind:\n    case Kind.QUOTA:\n        score = 1\n    case "
SEEDS = (
    seed("counts = kind is Kind.QUOTA\n", "counts = kind.counts_things\n"),
    seed("counts = kind in (Kind.QUOTA, Kind.MEAN)\n", "counts = kind.counts_things\n"),
    seed("SCORES = {Kind.QUOTA: quota}\n", "SCORES = {Kind.QUOTA: quota, Kind.MEAN: mean}\n"),
    seed(f"{MATCH}_:\n        score = 2\n", f"{MATCH}_:\n        assert_never(kind)\n"),
    seed(f"{MATCH}Kind.MEAN:\n        score = 2\n", f"{MATCH}rest:\n        assert_never(rest)\n"),
)
