"""A migration only adds, so that code of the version before works on the new schema."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.rules.import_graph import called, imports
from tests.architecture.rules.source_tree import Function, Module, Rule, SourceTree

VERSIONS = re.compile(r"services/\w+/migrations/versions/\d+_\w+\.py")
CHANGES = frozenset({
    "alter_column", "batch_alter_table", "create_check_constraint", "create_exclude_constraint",
    "create_foreign_key", "create_primary_key", "create_unique_constraint", "drop_column",
    "drop_constraint", "drop_index", "drop_table", "rename_table",
})  # fmt: skip
"""Operations of alembic on what earlier code uses."""
STATEMENT = re.compile(
    r"\s*(ALTER|CREATE TRIGGER|CREATE UNIQUE|DELETE|DROP|INSERT|REPLACE|TRUNCATE|UPDATE)\b"
)
OLDEST, REASON = "oldest_code", "reason"


def migrations_only_add(tree: SourceTree) -> list[str]:
    """A migration that changes or forbids something says since when no code needs it, and why.

    `oldest_code` in it, or in a later one, is a revision from which on code works on its schema.
    """
    migrations = [module for module in tree.code if VERSIONS.fullmatch(module.path)]
    return [
        f"{place}: {what} is more than an addition; {module.path} has no `{OLDEST}`"
        for module in migrations
        if not _is_covered(module, migrations)
        for place, what in _changes(tree, module)
    ]


def _is_covered(module: Module, migrations: list[Module]) -> bool:
    """Whether it names the oldest code itself, or nothing from before it is supported any more."""
    if OLDEST in _constants(module):
        return True
    folder = module.path.rpartition("/")[0]
    stated = [_constants(m).get(OLDEST, "") for m in migrations if m.path.startswith(f"{folder}/")]
    return max(stated) >= _constants(module).get("revision", "")


def who_breaks_earlier_code_says_why(tree: SourceTree) -> list[str]:
    """Beside `oldest_code` stands the `reason`, and it is a revision of the chain up to there."""
    violations = []
    for module in (m for m in tree.code if VERSIONS.fullmatch(m.path)):
        constants = _constants(module)
        oldest = constants.get(OLDEST)
        if oldest is not None and (
            not constants.get(REASON) or oldest > constants.get("revision", "")
        ):
            violations.append(module.at(_line_of(module), f"`{OLDEST}` without a `{REASON}`"))
    return violations


def _constants(module: Module) -> dict[str, str]:
    """The texts that a module assigns to names."""
    return {
        target.id: node.value.value
        for node in module.syntax.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


def _line_of(module: Module) -> int:
    lines = module.text.splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.startswith(f"{OLDEST} ="))


def _changes(tree: SourceTree, module: Module) -> Iterator[tuple[str, str]]:
    """Every change, by its place, in `upgrade` and in all functions of ours that it calls."""
    start = _function(module, "upgrade")
    waiting = [] if start is None else [(module, start)]
    met: list[Function] = []
    while waiting:
        home, function = waiting.pop(0)
        if function in met:
            continue
        met.append(function)
        for line, what in _changes_of(function):
            yield f"{home.path}:{line}", what
        for name in _names(function):
            waiting += _resolved(tree, home, name)


def _names(function: Function) -> list[str]:
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    return [called(call) for call in calls]


def _resolved(tree: SourceTree, home: Module, name: str) -> list[tuple[Module, Function]]:
    """The function of a name: of the module itself, or of one that it is imported from."""
    places = [(home, name)]
    for target, _ in imports(home):
        place, _, imported = target.rpartition(".")
        if imported == name and place in tree.by_name:
            places.append((tree.by_name[place], name))
    found = [(module, _function(module, name)) for module, name in places]
    return [(module, function) for module, function in found if function is not None]


def _function(module: Module, name: str) -> Function | None:
    return next((f for f in module.functions if f.name == name), None)


def _changes_of(function: Function) -> Iterator[tuple[int, str]]:
    docstring = ast.get_docstring(function, clean=False)
    inside_new_table = _inside_new_tables(function)
    for node in ast.walk(function):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            statement = STATEMENT.match(node.value)
            if statement and node.value != docstring:
                yield node.lineno, statement[1]
        elif isinstance(node, ast.Call):
            name, options = called(node), _options(node)
            if name in CHANGES or (name == "create_index" and options.get("unique") is True):
                yield node.lineno, name
            elif name == "Column" and id(node) not in inside_new_table and _needs_value(options):
                yield node.lineno, "a column that is not null and has no server_default"


def _needs_value(options: dict[str, object]) -> bool:
    """Whether earlier code, which does not name the column, could write no row any more."""
    return options.get("nullable") is False and "server_default" not in options


def _inside_new_tables(function: Function) -> set[int]:
    tables = (n for n in ast.walk(function) if isinstance(n, ast.Call))
    made = [node for node in tables if called(node) == "create_table"]
    return {id(node) for table in made for node in ast.walk(table)}


def _options(call: ast.Call) -> dict[str, object]:
    """The options of a call; None for one that is no constant."""
    return {
        option.arg: option.value.value if isinstance(option.value, ast.Constant) else None
        for option in call.keywords
        if option.arg is not None
    }


RULES: tuple[Rule, ...] = (migrations_only_add, who_breaks_earlier_code_says_why)
