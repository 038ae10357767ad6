"""What depends on a kind of indicator is a table of all kinds, or a match to the end."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.architecture.rules.source_tree import Module, Rule, SourceTree

KINDS = "services/scoring/rubrics/kinds.py"


def kinds_are_decided_to_the_end(tree: SourceTree) -> list[str]:
    """A kind that is added and forgotten fails; a comparison would compute it as another kind."""
    kinds = frozenset(_kinds(tree))
    return [
        module.at(line, sentence)
        for module in tree.below("services/scoring")
        for line, sentence in _undecided(module, kinds)
    ]


def _kinds(tree: SourceTree) -> Iterator[str]:
    """The members of the enumeration."""
    module = Module(KINDS, tree.files.get(KINDS, ""))
    for node in module.syntax.body:
        if isinstance(node, ast.ClassDef) and node.name == "Kind":
            assignments = (member for member in node.body if isinstance(member, ast.Assign))
            for assignment in assignments:
                yield from (t.id for t in assignment.targets if isinstance(t, ast.Name))


def _undecided(module: Module, kinds: frozenset[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Compare) and _members([node.left, *node.comparators]):
            yield node.lineno, "compares kinds of indicators: use a table or a match"
        elif isinstance(node, ast.Dict):
            named = set(_members(key for key in node.keys if key is not None))
            if named and named != kinds:
                yield node.lineno, f"a table of kinds without {sorted(kinds - named)}"
        elif isinstance(node, ast.Match) and _is_open(node):
            yield node.lineno, "a match of kinds that does not end with assert_never"


def _members(nodes: Iterable[ast.AST]) -> list[str]:
    """The names of kinds among these nodes, `Kind.NAME`, also within a tuple, list or set."""
    names = []
    for node in nodes:
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            names += _members(node.elts)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names += [node.attr] if node.value.id == "Kind" else []
    return names


def _is_open(match: ast.Match) -> bool:
    """Whether it matches kinds, and does not end with `assert_never` for everything else."""
    patterns = (node for each in match.cases for node in ast.walk(each.pattern))
    if not _members(patterns):
        return False
    case = match.cases[-1]
    calls = (node.func for node in ast.walk(case) if isinstance(node, ast.Call))
    takes_all = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
    never = any(isinstance(f, ast.Name) and f.id == "assert_never" for f in calls)
    return not (takes_all and never)


RULES: tuple[Rule, ...] = (kinds_are_decided_to_the_end,)
