"""Names are nouns of the field: where participles stand as names, and how often."""

from __future__ import annotations

import ast
from functools import cache
from typing import NamedTuple

from tests.architecture.rules.source_tree import Function, Module, Rule, SourceTree

WORDS = frozenset({
    "asked", "came", "done", "found", "given", "gone", "held", "kept", "known", "made", "moved",
    "named", "one", "said", "seen", "shown", "spoken", "stood", "taken", "told", "wanted", "wrong",
})  # fmt: skip
PER_THOUSAND = 5
"""So many of 1,000 names at most are one of the words, in each package."""
INTERFACE = frozenset({"parameter", "field", "function"})
"""What others read and call; `function` is one of a module, not of a class or a function."""


class Name(NamedTuple):
    """A name that a module binds: where, and what it is the name of."""

    path: str
    line: int
    name: str
    kind: str

    @property
    def is_word(self) -> bool:
        """Whether the whole name is one of the words, also with an underscore before it."""
        return self.name.lstrip("_") in WORDS

    @property
    def package(self) -> str:
        """The folder that it stands in."""
        return self.path.rpartition("/")[0]


def names(module: Module) -> list[Name]:
    """Every name that a module binds, once in each scope."""
    binder = _Binder(module.path)
    binder.visit(module.syntax)
    return binder.names


class _Binder(ast.NodeVisitor):
    """Collects names; a scope is the module, a class or a function."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.names: list[Name] = []
        self.scopes: list[tuple[str, set[str]]] = [("module", set())]

    def _bind(self, name: str, line: int, kind: str) -> None:
        if name not in self.scopes[-1][1]:
            self.scopes[-1][1].add(name)
            self.names.append(Name(self.path, line, name, kind))

    def _within(self, node: ast.AST, kind: str) -> None:
        self.scopes.append((kind, set()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            self._parameters(node.args)
        self.generic_visit(node)
        self.scopes.pop()

    def _parameters(self, args: ast.arguments) -> None:
        every = [*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg]
        for arg in every:
            if arg and arg.arg not in ("self", "cls"):
                self._bind(arg.arg, arg.lineno, "parameter")

    def _function(self, node: Function) -> None:
        at_top = self.scopes[-1][0] == "module"
        self._bind(node.name, node.lineno, "function" if at_top else "method")
        self._within(node, "function")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A function, and what it binds."""
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """A function, and what it binds."""
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A function without a name."""
        self._within(node, "function")

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """A class, and its fields."""
        self._bind(node.name, node.lineno, "class")
        self._within(node, "class")

    def visit_Name(self, node: ast.Name) -> None:
        """A variable, a loop variable or a field; what is only read binds nothing."""
        if isinstance(node.ctx, ast.Store):
            in_class = self.scopes[-1][0] == "class"
            self._bind(node.id, node.lineno, "field" if in_class else "variable")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """A field that a method sets."""
        if isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            self._bind(node.attr, node.lineno, "field")
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """The name of an exception."""
        if node.name:
            self._bind(node.name, node.lineno, "variable")
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """What a pattern binds."""
        if node.name:
            self._bind(node.name, node.lineno, "variable")
        self.generic_visit(node)


class Tally(NamedTuple):
    """The names of a package: how many there are, and those that are one of the words."""

    number: int
    words: list[Name]

    @property
    def rate(self) -> float:
        """How many of 1,000 names are one of the words."""
        return 1000 * len(self.words) / self.number if self.number else 0.0


@cache
def tallies(tree: SourceTree) -> dict[str, Tally]:
    """The names of contracts and services by package."""
    by_package: dict[str, list[Name]] = {}
    for module in tree.code:
        for name in names(module):
            by_package.setdefault(name.package, []).append(name)
    return {
        package: Tally(len(every), [name for name in every if name.is_word])
        for package, every in sorted(by_package.items())
    }


def interfaces_are_nouns(tree: SourceTree) -> list[str]:
    """No parameter, field or function of a module is one of the words."""
    return [
        f"{name.path}:{name.line}: {name.kind} `{name.name}` is no noun of the field"
        for tally in tallies(tree).values()
        for name in tally.words
        if name.kind in INTERFACE
    ]


def names_are_nouns(tree: SourceTree) -> list[str]:
    """Of 1,000 names that a package binds, locals too, fewer than 5 are one of the words."""
    return [
        f"{tally.words[0].path}:{tally.words[0].line}: {package} has {len(tally.words)} of the"
        f" words, {tally.rate:.1f} of 1,000 names, fewer than {PER_THOUSAND} are allowed"
        for package, tally in tallies(tree).items()
        if tally.rate >= PER_THOUSAND
    ]


RULES: tuple[Rule, ...] = (interfaces_are_nouns, names_are_nouns)
