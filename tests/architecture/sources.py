"""The tree that the tests of the architecture stand in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.architecture.rules.source_tree import SourceTree, read_tree

ROOT = Path(__file__).parents[2]


@cache
def own_tree() -> SourceTree:
    """Our own source tree, read once."""
    return read_tree(ROOT)
