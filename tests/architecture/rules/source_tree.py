"""A source tree as the rules read it: texts by path, and the syntax of the modules among them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDERS = ("contracts", "services", "tests", "docs", ".ci")
ROOT_FILES = ("README.md", "CHANGELOG.md", "Makefile", "pyproject.toml")
APPS = ("app.py", "app/__init__.py")
BINARY = (".pyc", ".gz", ".ttf", ".xlsx", ".xls", ".ods")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file: its path from the root, and its text."""

    path: str
    text: str

    @cached_property
    def syntax(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, self.path)

    @property
    def is_package(self) -> bool:
        """Whether it is the `__init__.py` of a package."""
        return self.path.endswith("__init__.py")

    @property
    def name(self) -> str:
        """The dotted name by which others import it."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Every function, also those within classes and functions."""
        nodes = ast.walk(self.syntax)
        return tuple(n for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))

    def at(self, line: int, sentence: str) -> str:
        """A violation as every rule words it."""
        return f"{self.path}:{line}: {sentence}"


class SourceTree:
    """All texts of a tree by their paths from the root."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = dict(sorted(files.items()))

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """Every Python file, in the order of the paths."""
        return tuple(Module(p, text) for p, text in self.files.items() if p.endswith(".py"))

    @cached_property
    def by_name(self) -> dict[str, Module]:
        """The modules by their dotted names."""
        return {module.name: module for module in self.modules}

    def below(self, *folders: str) -> list[Module]:
        """The modules within these folders, at any depth."""
        places = tuple(f"{folder}/" for folder in folders)
        return [module for module in self.modules if module.path.startswith(places)]

    @property
    def code(self) -> list[Module]:
        """The modules of the product: contracts and services."""
        return self.below("contracts", "services")

    @cached_property
    def services(self) -> list[str]:
        """The folders of services: those that have an `app.py`, or an `app/`."""
        folders = {"/".join(module.path.split("/")[:2]) for module in self.below("services")}
        return sorted(f for f in folders if any(f"{f}/{app}" in self.files for app in APPS))

    def entries(self, package: str) -> set[str]:
        """The dotted names of the modules and packages directly within a package."""
        inside = (name for name in self.by_name if name.startswith(f"{package}."))
        return {".".join(name.split(".")[: package.count(".") + 2]) for name in inside}


Rule = Callable[[SourceTree], list[str]]


def read_tree(root: Path) -> SourceTree:
    """The source tree of a checkout; reads every text of ours once."""
    return SourceTree(dict(_texts(root)))


def _texts(root: Path) -> Iterator[tuple[str, str]]:
    for pattern in (*ROOT_FILES, *(f"{folder}/**/*" for folder in FOLDERS)):
        for path in root.glob(pattern):
            if path.is_file() and path.suffix not in BINARY:
                yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def public(name: str) -> bool:
    """Whether others may use a name."""
    return not name.startswith("_")
