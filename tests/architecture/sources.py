"""What the tests of the house rules read: our files, and the services among them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("contracts", "services", "tests", "docs", ".ci")
CODE = sorted((ROOT / "contracts").rglob("*.py")) + sorted((ROOT / "services").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
ROOT_FILES = ("README.md", "CHANGELOG.md", "Makefile", "pyproject.toml")
TEXTS = [
    path
    for pattern in (*ROOT_FILES, *(f"{folder}/**/*" for folder in OURS))
    for path in ROOT.glob(pattern)
    if path.is_file() and path.suffix not in (".pyc", ".xlsx", ".xls")
]
SERVICES = sorted(path.parent for path in (ROOT / "services").glob("*/app.py"))


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def named(path: Path) -> str:
    """A file as people name it."""
    return str(path.relative_to(ROOT))
