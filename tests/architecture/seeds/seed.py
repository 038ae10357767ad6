"""A seeded fault: a made-up tree, the place that the rule must find, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tests.architecture.rules.source_tree import Rule, SourceTree


class Seed(NamedTuple):
    """The rule finds exactly one violation in `faulty`, at `place`, and none once it is mended."""

    rule: Rule
    place: str
    faulty: Mapping[str, str]
    mended: Mapping[str, str]

    @property
    def faulty_tree(self) -> SourceTree:
        """The tree with the fault."""
        return SourceTree(self.faulty)

    @property
    def mended_tree(self) -> SourceTree:
        """Its twin, in which some texts are others."""
        return SourceTree({**self.faulty, **self.mended})


def one_file(rule: Rule, line: int, path: str, faulty: str, mended: str) -> Seed:
    """A fault in the only file of a tree."""
    return Seed(rule, f"{path}:{line}", {path: faulty}, {path: mended})
