"""The house rules of code and tests that can be checked by reading them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import CODE, ROOT, SERVICES, TESTS, TEXTS, named, tree

STANDARD = (
    "__init__.py",
    "README.md",
    "app.py",
    "settings.py",
    "api.py",
    "handlers.py",
    "tables.py",
)
OPTIONAL = ("subscribers.py", "domain.py", "store.py", "queries.py")
LAYERS = (
    {"app"},
    {"api", "subscribers"},
    {"handlers"},
    {"store", "queries"},
    {"tables"},
    {"domain"},
)
IO = {"sqlalchemy", "nats", "faststream", "fastapi", "asyncio", "socket", "urllib", "time", "os"}
PURE = ("domain.py", "rubric.py", "fold.py")


def test_services_have_the_same_files() -> None:
    """You know the file before you open the folder; a chain of migrations is always there."""
    assert {"intake", "scoring"} <= {service.name for service in SERVICES}
    for service in SERVICES:
        names = {path.name if path.is_file() else f"{path.name}.py" for path in service.iterdir()}
        assert set(STANDARD) <= names, service.name
        assert (service / "migrations" / "env.py").exists(), service.name


def test_a_service_says_what_it_owns_takes_in_and_emits() -> None:
    """In three lines of its package, and in its README."""
    for service in SERVICES:
        said = ast.get_docstring(tree(service / "__init__.py")) or ""
        for word in ("Owns", "Takes in", "Emits"):
            assert word in said, f"{service.name}: {word}"
            assert word in (service / "README.md").read_text(encoding="utf-8")


def test_the_readme_of_a_service_names_its_files_in_an_order_of_reading() -> None:
    """Of the files that every service has; what is more is explained there too."""
    for service in SERVICES:
        text = (service / "README.md").read_text(encoding="utf-8")
        for name in (*STANDARD[2:], *OPTIONAL):
            if (service / name).exists() or (service / name.removesuffix(".py")).exists():
                assert f"`{name.removesuffix('.py')}" in text, f"{service.name}: {name}"


def imports(path: Path) -> Iterator[str]:
    """The modules that a module imports, wherever the import stands."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def test_services_are_independent() -> None:
    """They meet in contracts alone; the chassis and the contracts know none of them."""
    names = {service.name for service in SERVICES}
    for path in CODE:
        place = path.relative_to(ROOT).parts
        if place[0] == "contracts" or place[1] == "chassis" or place[1] in names:
            others = names - {place[1]}
            known = {one.split(".")[1] for one in imports(path) if one.startswith("services.")}
            assert not known & others, named(path)


def test_within_a_service_imports_go_one_way() -> None:
    """App over doors, doors over handlers, handlers over SQL, SQL over tables, domain below."""
    for service in SERVICES:
        for above, layer in enumerate(LAYERS):
            for name in layer:
                path = service / f"{name}.py"
                if path.exists():
                    higher = {one for upper in LAYERS[:above] for one in upper}
                    forbidden = {f"services.{service.name}.{one}" for one in higher}
                    assert not forbidden & set(imports(path)), named(path)


def test_decisions_are_pure() -> None:
    """Domain, rubric and fold import no clock, no I/O and no framework."""
    for service in SERVICES:
        for name in PURE:
            path = service / name
            if path.exists():
                assert not IO & {one.partition(".")[0] for one in imports(path)}, named(path)


def test_sql_lives_in_stores_queries_and_tables() -> None:
    """Beside them what workers read by the driver."""
    for service in SERVICES:
        for path in service.rglob("*.py"):
            places = {*path.relative_to(service).parts[:-1], path.stem}
            if places & {"store", "queries", "tables", "migrations", "inputs"}:
                continue
            text = path.read_text(encoding="utf-8")
            assert not re.search(r'"(SELECT|INSERT|UPDATE|DELETE) ', text), named(path)


def test_nothing_is_swallowed() -> None:
    """A wide `except` ends by raising, or says beside it why it is wide."""
    for path in CODE:
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler) and _wide(node):
                raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                explained = "#" in lines[node.lineno - 1]
                assert raises or explained, f"{named(path)}:{node.lineno}"


def _wide(node: ast.ExceptHandler) -> bool:
    return node.type is None or (
        isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
    )


def test_a_test_is_a_sentence() -> None:
    """Its name has several words, and one sentence says it to a person."""
    for path in TESTS:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_test(path, node):
                place = f"{named(path)}::{node.name}"
                assert node.name.count("_") >= 2, place
                assert ast.get_docstring(node), place


def _is_test(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return path.name.startswith("test_") and node.name.startswith("test_")


def test_a_test_that_is_skipped_says_why() -> None:
    """A skip has a reason in words."""
    for path in TESTS:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ("pytest.skip", "mark.skip", "mark.skipif", "mark.xfail")
            ):
                said = [*node.args, *(one.value for one in node.keywords)]
                assert said, f"{named(path)}:{node.lineno}"


def test_nothing_is_left_to_do_and_no_machine_is_named() -> None:
    """Neither notes to oneself, nor paths of a machine, nor the host of a package registry."""
    notes = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
    machine = re.compile(
        r"(?<![\w.$}])/(home|work|opt|root|Users)/\w|py" r"pi\.org|python" r"hosted"
    )
    for path in TEXTS:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            assert not notes.search(line), f"{named(path)}:{number}"
            assert not machine.search(line), f"{named(path)}:{number}"
