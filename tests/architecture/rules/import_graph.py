"""Which module imports which, at what line; circles and longest chains of such graphs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tests.architecture.rules.source_tree import Module, SourceTree


class Import(NamedTuple):
    """What a module imports, by its whole name, and where."""

    target: str
    line: int


Graph = dict[str, dict[str, str]]
"""By importer: what it imports, and the first place that does, as `path:line`."""


@cache
def imports(module: Module) -> tuple[Import, ...]:
    """Every import of a module, wherever it stands, and `import_module` of a plain text."""
    return tuple(each for node in ast.walk(module.syntax) for each in _imports_at(module, node))


def _imports_at(module: Module, node: ast.AST) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _base(module, node)
        yield from (Import(f"{base}.{alias.name}", node.lineno) for alias in node.names)
    elif isinstance(node, ast.Call) and called(node) == "import_module":
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield Import(first.value, node.lineno)


def called(node: ast.Call) -> str:
    """The last name of what is called; nothing for what has none."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _base(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    parts = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*parts, node.module] if node.module else parts)


@cache
def module_graph(tree: SourceTree) -> Graph:
    """Who imports which module of contracts and services; foreign libraries are left out."""
    graph: Graph = {module.name: {} for module in tree.code}
    for module in tree.code:
        for target, line in imports(module):
            owner = module_of(tree, target)
            if owner and owner != module.name:
                graph[module.name].setdefault(owner, f"{module.path}:{line}")
    return graph


def module_of(tree: SourceTree, target: str) -> str:
    """The module of the tree that holds what is imported; nothing for a foreign library."""
    while target and target not in tree.by_name:
        target = target.rpartition(".")[0]
    return target


def entry_graph(graph: Graph, package: str) -> Graph:
    """The graph of the entries of a package: an entry is a module or a package within it."""
    depth = package.count(".") + 2
    entries: Graph = {}
    for importer, targets in graph.items():
        if importer.startswith(f"{package}."):
            own = ".".join(importer.split(".")[:depth])
            below = entries.setdefault(own, {})
            for target, place in targets.items():
                entry = ".".join(target.split(".")[:depth])
                if target.startswith(f"{package}.") and entry != own:
                    below.setdefault(entry, place)
    return entries


def reached(graph: Graph, start: str) -> dict[str, list[str]]:
    """Everything that a node leads to, each with a shortest way to it."""
    ways = {start: [start]}
    queue = [start]
    for node in queue:
        for target in graph.get(node, ()):
            if target not in ways:
                ways[target] = [*ways[node], target]
                queue.append(target)
    return ways


def circles(graph: Graph) -> list[list[str]]:
    """One circle of each knot of nodes that lead to one another, from its first name on."""
    knots: dict[frozenset[str], list[str]] = {}
    forward = {node: reached(graph, node) for node in graph}
    for node in sorted(graph):
        back = [other for other in graph[node] if node in forward.get(other, ())]
        if back:
            knot = frozenset(n for n in forward[node] if node in forward.get(n, ()))
            knots.setdefault(knot, [node, *min((forward[b][node] for b in back), key=len)])
    return list(knots.values())


def longest_chain(graph: Graph) -> list[str]:
    """The longest chain of imports; of a graph without circles."""

    @cache
    def chain(node: str) -> tuple[str, ...]:
        return (node, *_longest([chain(target) for target in graph.get(node, ())]))

    return list(_longest([chain(node) for node in graph]))


def _longest(chains: list[tuple[str, ...]]) -> tuple[str, ...]:
    return max(chains, key=len) if chains else ()
