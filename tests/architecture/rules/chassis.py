"""The chassis is what several services share, and knows none of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.architecture.rules.import_graph import Graph, entry_graph, module_graph
from tests.architecture.rules.source_tree import Rule, SourceTree

CHASSIS = "services.chassis"
COMMAND_LINE = frozenset({"cli", "__main__"})
"""With the package of commands they are one user."""
USERS = 2
"""So many services at least use what stands in the chassis."""
DOMAIN = (
    "achievement", "appraisal", "attendance", "indicator", "roster", "rubric", "sealing", "tally",
    "tallies",
)  # fmt: skip
"""Words of the domain. Names of streams (RATINGS) and of roles are words of the whole system."""


def chassis_modules_have_two_users(tree: SourceTree) -> list[str]:
    """Each is used by two services or more, itself or by others of the chassis that use it."""
    return [
        tree.by_name[entry].at(1, f"used by {', '.join(sorted(users)) or 'nobody'} alone")
        for entry, users in _users(tree).items()
        if len(users) < USERS
    ]


def _users(tree: SourceTree) -> dict[str, set[str]]:
    graph = module_graph(tree)
    inside = entry_graph(graph, CHASSIS)
    return {
        entry: {user for upper in _above(inside, entry) for user in _direct_users(graph, upper)}
        for entry in sorted(tree.entries(CHASSIS))
    }


def _above(inside: Graph, entry: str) -> set[str]:
    """An entry of the chassis, and all that lead to it."""
    above = {entry}
    while more := {e for e, targets in inside.items() if above & set(targets)} - above:
        above |= more
    return above


def _direct_users(graph: Graph, entry: str) -> Iterator[str]:
    for importer, targets in graph.items():
        owner = ".".join(importer.split(".")[:2])
        uses = any(f"{target}.".startswith(f"{entry}.") for target in targets)
        if uses and owner.startswith("services.") and owner != CHASSIS:
            user = owner.partition(".")[2]
            yield "commands" if user in COMMAND_LINE else user


def chassis_knows_no_service(tree: SourceTree) -> list[str]:
    """Neither a service's name nor a word of the domain stands in it, in code or in text."""
    services = [path.rpartition("/")[2] for path in tree.services]
    words = "|".join([*services, "simulation", *(f"{word}s?" for word in DOMAIN)])
    foreign = re.compile(rf"(?<![A-Za-z])({words})(?![A-Za-z])", re.IGNORECASE)
    return [
        f"{path}:{number}: the chassis says “{match[0]}”"
        for path, text in tree.files.items()
        if path.startswith("services/chassis/") and path.endswith((".py", ".toml"))
        for number, line in enumerate(text.splitlines(), start=1)
        for match in foreign.finditer(line)
    ]


RULES: tuple[Rule, ...] = (chassis_modules_have_two_users, chassis_knows_no_service)
