"""Decisions are pure, SQL has its places, and the settings alone read the environment."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from tests.architecture.rules.import_graph import called, imports, module_graph, reached
from tests.architecture.rules.source_tree import Module, Rule, SourceTree

PURE = (
    "services.*.domain",
    "services.scoring.fold",
    "services.scoring.ratings",
    "services.scoring.year",
    "services.scoring.rubrics",
    "services.records.state_machine",
)
"""What decides; a name stands for a module, or for a package with all within."""
READERS = frozenset({"services.scoring.rubrics.loader"})
"""What reads the files of a package that is pure else."""
IO = frozenset({
    "aiosqlite", "alembic", "asyncio", "asyncpg", "fastapi", "faststream", "http", "httpx",
    "multiprocessing", "nats", "os", "random", "secrets", "signal", "socket", "sqlalchemy",
    "sqlite3", "starlette", "subprocess", "tempfile", "threading", "time", "urllib", "uvicorn",
})  # fmt: skip
TYPES_ALONE = frozenset({"services.chassis.error_causes"})
"""Imports `socket` for the types of its exceptions, and calls nothing of it."""
CLOCK = frozenset({"now", "utcnow", "today"})
CHANCE = frozenset({"urandom", "uuid1", "uuid4", "uuid7"})
FILES = frozenset({"open", "read_bytes", "read_text", "write_bytes", "write_text"})
INPUT = frozenset({"input", "open", "print"})
SQL_PLACES = frozenset({"store", "queries", "tables", "migrations"})
SHARED_SQL = frozenset({
    "services.chassis.database", "services.chassis.door", "services.chassis.initial_schema",
    "services.chassis.key_marks", "services.chassis.outbox", "services.chassis.read_log",
    "services.chassis.relay", "services.chassis.revocation_table",
    "services.chassis.service_schema", "services.commands.table_copy",
    "services.records.initial_tables", "services.records.journal",
})  # fmt: skip
"""The tables that the services share, each in one place, and what migrates or copies any."""
STATEMENT = re.compile(
    r"\s*(SELECT|WITH|INSERT INTO|UPDATE|DELETE FROM|MERGE INTO|TRUNCATE|COPY"
    r"|(CREATE|DROP|ALTER) (TABLE|INDEX|UNIQUE|TRIGGER|VIEW|FUNCTION|OR|TEMP))\s"
)
CONSTRUCTS = frozenset({"delete", "insert", "select", "text", "update"})
ENVIRONMENT = re.compile(r"environ\.get|environ\[|getenv")
READS_ENVIRONMENT = "services/chassis/setting_files.py"


def within(name: str, place: str) -> bool:
    """Whether a module is a place, or stands within the package of that name."""
    depth = place.count(".") + 1
    return fnmatchcase(".".join(name.split(".")[:depth]), place)


def pure_modules(tree: SourceTree) -> list[Module]:
    """The modules that decide."""
    inside = (m for m in tree.code if any(within(m.name, place) for place in PURE))
    return [module for module in inside if module.name not in READERS]


def decisions_are_pure(tree: SourceTree) -> list[str]:
    """What decides imports no clock, no I/O and no framework, nor by a module of ours."""
    graph = module_graph(tree)
    pure = pure_modules(tree)
    direct = [
        module.at(line, f"a pure module imports {target}")
        for module in pure
        for target, line in imports(module)
        if target.partition(".")[0] in IO
    ]
    return direct + [
        violation for module in pure for violation in _impure_ways(tree, graph, module)
    ]


def _impure_ways(
    tree: SourceTree, graph: dict[str, dict[str, str]], module: Module
) -> Iterator[str]:
    for name, way in reached(graph, module.name).items():
        if len(way) > 1 and name not in TYPES_ALONE:
            for target, _ in imports(tree.by_name[name]):
                if target.partition(".")[0] in IO:
                    yield f"{graph[way[0]][way[1]]}: {' > '.join(way)} imports {target}"
                    break


def time_is_an_argument(tree: SourceTree) -> list[str]:
    """What decides reads no clock and no file, and prints nothing."""
    return [
        module.at(node.lineno, f"a pure module calls {ast.unparse(node.func)}")
        for module in pure_modules(tree)
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Call) and _reads(node.func)
    ]


def _reads(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr in CLOCK | CHANCE | FILES
    return isinstance(function, ast.Name) and function.id in INPUT


def sql_lives_in_its_places(tree: SourceTree) -> list[str]:
    """Statements stand in store, queries and tables, and where the services share tables."""
    return [
        module.at(line, f"SQL outside store, queries and tables: {what}")
        for module in tree.code
        if not SQL_PLACES & set(module.name.split("."))
        and not any(within(module.name, place) for place in SHARED_SQL)
        for line, what in _statements(module)
    ]


def _statements(module: Module) -> Iterator[tuple[int, str]]:
    constructs = {t for t, _ in imports(module) if t.startswith("sqlalchemy.")}
    names = {t.rpartition(".")[2] for t in constructs} & CONSTRUCTS
    docstrings = {id(node.value) for node in ast.walk(module.syntax) if isinstance(node, ast.Expr)}
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            if isinstance(node.value, str) and STATEMENT.match(node.value):
                yield node.lineno, node.value.split()[0]
        elif isinstance(node, ast.Call) and _is_construct(node, names):
            yield node.lineno, ast.unparse(node.func)


def _is_construct(call: ast.Call, names: set[str]) -> bool:
    if called(call) not in CONSTRUCTS:
        return False
    function = ast.unparse(call.func)
    return function in names or function.rpartition(".")[0] in ("sa", "sqlalchemy")


def settings_alone_read_the_environment(tree: SourceTree) -> list[str]:
    """One module asks for variables: what is not documented is not read."""
    return [
        module.at(number, "reads the environment, which is the settings' alone")
        for module in tree.code
        if module.path != READS_ENVIRONMENT
        for number, line in enumerate(module.text.splitlines(), start=1)
        if ENVIRONMENT.search(line)
    ]


RULES: tuple[Rule, ...] = (
    decisions_are_pure,
    time_is_an_argument,
    sql_lives_in_its_places,
    settings_alone_read_the_environment,
)
