"""The verifier stands alone: the standard library, and one call that verifies a signature."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = "services.scoring.year.verify"
ROOT = Path(__file__).parents[3]
MODULES = sorted((ROOT / PACKAGE.replace(".", "/")).glob("*.py"))
ED25519 = "cryptography.hazmat.primitives.asymmetric.ed25519"
IO = {"asyncio", "io", "multiprocessing", "os", "pathlib", "shutil", "socket", "subprocess", "sys",
      "tempfile", "threading", "time", "urllib", "zipfile"}  # fmt: skip


def imports(path: Path) -> set[str]:
    """The modules that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def test_it_imports_the_standard_library_and_itself() -> None:
    """Nothing of what seals, nor of the rules; no file, no network, no clock."""
    every = {name for path in MODULES for name in imports(path)}
    outside = {name for name in every if not name.startswith(f"{PACKAGE}.")}
    assert outside - {"cryptography.exceptions", ED25519} <= sys.stdlib_module_names | {
        "collections.abc"
    }
    assert not {name.partition(".")[0] for name in outside} & IO


def test_one_call_verifies_a_signature() -> None:
    """In one module, and at one place of it."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in MODULES}
    users = [name for name, text in texts.items() if ED25519 in text]
    assert users == ["signatures.py"]
    assert texts["signatures.py"].count("Ed25519PublicKey.") == 1


def test_it_loads_nothing_else_of_danchu() -> None:
    """In a process of its own: not one module of the services or contracts beside it."""
    code = (
        f"import sys, {PACKAGE}.files\n"
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in ('services', 'contracts')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    parents = {"services", "services.scoring", "services.scoring.year", PACKAGE}
    assert {m for m in run.stdout.split() if not m.startswith(f"{PACKAGE}.")} == parents
