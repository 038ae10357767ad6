"""Services look alike: the same files, a README that names each of them, a class name once."""

from __future__ import annotations

import ast
import re

from tests.architecture.rules.source_tree import Module, Rule, SourceTree, public

STANDARD = ("__init__", "app", "settings", "api", "handlers", "tables", "migrations.env")
"""Every service has these; a name stands for a module, or for a package."""
PARTS = ("Owns", "Takes in", "Emits")


def services_have_the_standard_files(tree: SourceTree) -> list[str]:
    """You know the file before you open the folder."""
    return [
        f"{folder}/__init__.py:1: has no {name.replace('.', '/')}"
        for folder in tree.services
        for name in STANDARD
        if name != "__init__" and f"{folder.replace('/', '.')}.{name}" not in tree.by_name
    ]


def services_state_what_they_own(tree: SourceTree) -> list[str]:
    """In three lines of its package, and in its README, which it has."""
    return [
        f"{path}:1: does not say what the service “{part}”"
        for folder in tree.services
        for path in (f"{folder}/__init__.py", f"{folder}/README.md")
        for part in PARTS
        if part not in tree.files.get(path, "")
    ]


def readme_names_every_module(tree: SourceTree) -> list[str]:
    """A reader finds each package and module of a service in its README, in backquotes."""
    return [
        f"{folder}/README.md:1: does not name `{name}`, which is {module.path}"
        for folder in _explained(tree)
        for names in [_names(tree.files.get(f"{folder}/README.md", ""))]
        for module in tree.below(folder)
        for name in [_short_name(folder, module)]
        if name and name not in names
    ]


def _explained(tree: SourceTree) -> list[str]:
    """The services, and what else within `services/` has a README."""
    readmes = {path for path in tree.files if re.fullmatch(r"services/\w+/README\.md", path)}
    return sorted({*tree.services, *(path.rpartition("/")[0] for path in readmes)})


def _names(text: str) -> set[str]:
    quoted = re.findall(r"`([^`\n]+)`", text)
    return {part for each in quoted for part in re.split(r"[/.\s]+", each)} | set(quoted)


def _short_name(folder: str, module: Module) -> str:
    """The name that a README uses; none for the service itself and for each single migration."""
    inside = module.path.removeprefix(f"{folder}/").removesuffix(".py").removesuffix("/__init__")
    if inside == "__init__" or inside.startswith("migrations/"):
        return ""
    return inside.rpartition("/")[2]


def class_names_are_unique(tree: SourceTree) -> list[str]:
    """No public class name stands twice in a service: a name means one thing."""
    places: dict[tuple[str, str], list[tuple[Module, int]]] = {}
    for module in tree.code:
        owner = ".".join(module.name.split(".")[: 2 if module.name.startswith("services") else 1])
        for node in ast.walk(module.syntax):
            if isinstance(node, ast.ClassDef) and public(node.name):
                places.setdefault((owner, node.name), []).append((module, node.lineno))
    return [
        module.at(line, f"class {name} is also in {first[0].path}")
        for (_, name), (first, *others) in places.items()
        for module, line in others
    ]


RULES: tuple[Rule, ...] = (
    services_have_the_standard_files,
    services_state_what_they_own,
    readme_names_every_module,
    class_names_are_unique,
)
