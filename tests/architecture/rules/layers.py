"""Imports go one way: the layers that pyproject.toml has for import-linter, line by line here."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import Any

from tests.architecture.rules.import_graph import (
    circles,
    entry_graph,
    longest_chain,
    module_graph,
    reached,
)
from tests.architecture.rules.source_tree import Rule, SourceTree

LEVELS = 9
"""So many entries of scoring may at most stand on one another."""


@dataclass(frozen=True)
class Place:
    """Where a name stands in the layers: how high, and whether its siblings are closed to it."""

    height: int
    name: str
    independent: bool

    def may_import(self, other: Place) -> bool:
        """Whether an import of the other goes down, or to a sibling that is open."""
        if self.height == other.height:
            return self.name == other.name or not self.independent
        return self.height > other.height


@dataclass(frozen=True)
class Layers:
    """One contract of import-linter: places by dotted name, within a container or over all."""

    container: str
    places: dict[str, Place]
    exhaustive: bool
    ignored: frozenset[str]

    def place(self, module: str) -> Place | None:
        """The place of a module, which is that of its entry."""
        parts = module.split(".")
        heads = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((self.places[head] for head in heads if head in self.places), None)


def contracts(tree: SourceTree) -> list[dict[str, Any]]:
    """The contracts of import-linter in pyproject.toml."""
    tool = tomllib.loads(tree.files.get("pyproject.toml", ""))["tool"]
    return list(tool["importlinter"]["contracts"])


@cache
def all_layers(tree: SourceTree) -> tuple[Layers, ...]:
    """Every contract of layers, one for each of its containers."""
    rows = [row for row in contracts(tree) if row["type"] == "layers"]
    return tuple(layers for row in rows for layers in _of_row(tree, row))


def _of_row(tree: SourceTree, row: dict[str, Any]) -> Iterator[Layers]:
    for pattern in row.get("containers", [""]):
        names = tree.by_name if pattern else [""]
        for container in names:
            if fnmatchcase(container, pattern) and container.count(".") == pattern.count("."):
                yield Layers(
                    container,
                    _places(container, row["layers"]),
                    row.get("exhaustive", False),
                    frozenset(row.get("exhaustive_ignores", ())),
                )


def _places(container: str, lines: list[str]) -> dict[str, Place]:
    places = {}
    for depth, line in enumerate(lines):
        for word in line.replace("|", " ").replace(":", " ").split():
            name = ".".join(part for part in (container, word.strip("()")) if part)
            places[name] = Place(-depth, name, ":" not in line)
    return places


def imports_go_down(tree: SourceTree) -> list[str]:
    """No module imports a higher layer, nor a sibling that is closed, nor by a module between."""
    violations = (each for layers in all_layers(tree) for each in _upward(tree, layers))
    return list(dict.fromkeys(violations))


def _upward(tree: SourceTree, layers: Layers) -> Iterator[str]:
    graph = module_graph(tree)
    places = {name: layers.place(name) for name in tree.by_name}
    inside = {
        name: targets
        for name, targets in graph.items()
        if not places[name] and name.startswith(f"{layers.container}.")
    }
    ways = cache(partial(reached, inside))
    for module in tree.code:
        place = places[module.name]
        if place:
            for target, where in graph[module.name].items():
                for end, way in ways(target).items():
                    other = places[end]
                    if other and not place.may_import(other):
                        yield f"{where}: imports {' > '.join(way)}, which is not below it"


def every_entry_has_its_layer(tree: SourceTree) -> list[str]:
    """Where layers are exhaustive, a new module or package is given its place before it lands."""
    return [
        tree.by_name[entry].at(1, f"{entry} has no place in the layers of pyproject.toml")
        for layers in all_layers(tree)
        if layers.exhaustive and layers.container
        for entry in sorted(tree.entries(layers.container))
        if entry not in layers.places and entry.rpartition(".")[2] not in layers.ignored
    ]


def records_are_of_the_systems_of_record(tree: SourceTree) -> list[str]:
    """The door and the ratings know the stream alone, nothing of those who record."""
    return [
        f"{where}: imports {target}, which is of the systems of record"
        for module in tree.below("services/intake", "services/scoring")
        for target, where in module_graph(tree)[module.name].items()
        if f"{target}.".startswith("services.records.")
    ]


def imports_make_no_circle(tree: SourceTree) -> list[str]:
    """Neither from module to module, nor from package to package within a service."""
    graph = module_graph(tree)
    packages = ["contracts", *sorted(tree.entries("services"))]
    graphs = [graph, *(entry_graph(graph, package) for package in packages)]
    return [
        f"{each[circle[0]][circle[1]]}: circle: {' > '.join(circle)}"
        for each in graphs
        for circle in circles(each)
    ]


def scoring_has_few_levels(tree: SourceTree) -> list[str]:
    """A reader of scoring goes down at most so many steps, from the app to what imports nothing."""
    graph = entry_graph(module_graph(tree), "services.scoring")
    if circles(graph):
        return []
    chain = longest_chain(graph)
    names = " > ".join(name.rpartition(".")[2] for name in chain)
    if len(chain) <= LEVELS:
        return []
    return [tree.by_name[chain[0]].at(1, f"{len(chain)} levels, at most {LEVELS}: {names}")]


RULES: tuple[Rule, ...] = (
    imports_go_down,
    every_entry_has_its_layer,
    records_are_of_the_systems_of_record,
    imports_make_no_circle,
    scoring_has_few_levels,
)
