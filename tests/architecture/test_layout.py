"""The house rules that can be checked: sizes, docstrings, and names that nobody else claims."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "contracts").rglob("*.py")) + sorted((ROOT / "services").rglob("*.py"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_and_functions_stay_small() -> None:
    """A file has at most 300 lines, a function at most 40."""
    assert SOURCES
    long = [p.name for p in SOURCES if len(p.read_text(encoding="utf-8").splitlines()) > 300]
    tall = [
        f"{path.name}:{node.name}"
        for path in SOURCES
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno >= 40
    ]
    assert (long, tall) == ([], [])


def test_public_functions_and_modules_say_what_they_are() -> None:
    """Every module and public function has a docstring."""
    silent = [p.name for p in SOURCES if p.name != "__init__.py" and not _said(p)]
    silent += [
        f"{path.name}:{node.name}"
        for path in SOURCES
        for node in functions(path)
        if not node.name.startswith("_") and not ast.get_docstring(node) and _outer(path, node)
    ]
    assert silent == []


def _said(path: Path) -> bool:
    return bool(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))


def _outer(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(getattr(one, "name", None) == node.name for one in tree.body)


def test_no_other_package_claims_our_names() -> None:
    """`contracts` and `services` are generic names: nobody else may install them."""
    owners = packages_distributions()
    for name in ("contracts", "services"):
        assert set(owners.get(name, ["danchu"])) == {"danchu"}
