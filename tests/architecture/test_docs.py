"""The documents say what is: settings, exit codes, invariants with their tests, tables."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from typing import get_args

from contracts.data import UnitKind
from services.commands.service_registry import SERVICES
from services.commands.setting_names import KINDS
from services.commands.settings_table import descriptions, rows, settings_page
from services.scoring.rubrics.kinds import Kind
from tests.architecture.sources import ROOT, own_tree

DOCS = ROOT / "docs"


def test_every_setting_is_documented_and_none_that_is_not_there() -> None:
    """The table of docs/operations.md against the settings of the code."""
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    table = text[text.index("| setting |") : text.index("## What keeps it")]
    written = set(re.findall(r"`(DANCHU_[A-Z_<>]+)`", table))
    fields = {f"DANCHU_{name.upper()}" for kind in KINDS
              for name in kind.model_fields}  # fmt: skip
    by_service = {"DANCHU_<SERVICE>_DATABASE_URL", "DANCHU_NATS_<SERVICE>_USER",
                  "DANCHU_NATS_<SERVICE>_PASSWORD"}  # fmt: skip
    assert written == fields | by_service


def test_the_page_of_settings_is_that_of_the_code() -> None:
    """docs/settings.md is generated: add what a setting is to services/commands/settings.toml,
    in both languages, and run `make generate`."""
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == settings_page()
    assert len(descriptions()) == len(list(rows())), "settings.toml describes what is no setting"


def test_the_settings_of_every_service_are_among_those() -> None:
    """A service that has settings of its own is among those of the test above."""
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    for folder in own_tree().services:
        for node in ast.walk(ast.parse(own_tree().files[f"{folder}/settings.py"])):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                assert f"DANCHU_{node.target.id.upper()}" in text, f"{folder}: {node.target.id}"


def test_the_tests_of_the_invariants_exist() -> None:
    """Each named test is a function of its file; every invariant has one."""
    text = (DOCS / "invariants.md").read_text(encoding="utf-8")
    named_tests = re.findall(r"`([\w/]+\.py)::(\w+)`", text)
    assert len(named_tests) >= 20
    for file, name in named_tests:
        module = ast.parse(own_tree().files[f"tests/{file}"])
        functions = {getattr(node, "name", "") for node in module.body}
        assert name in functions, f"{file}::{name}"
    rows = set(re.findall(r"^\| (\d) \|", text, re.M))
    assert rows == {"1", "2", "3", "4", "5", "6", "7"}


def test_the_architecture_names_services_and_tables_that_are_there() -> None:
    """One page that can be trusted."""
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    written: dict[str, set[str]] = {name: set() for name in SERVICES}
    for names, tables in re.findall(r"^\| ([a-z, ]+) \| (`.+?) \| ", text, re.M):
        for name in names.split(", "):
            written[name] |= set(re.findall(r"`(\w+)`", tables))
    for name in SERVICES:
        made = import_module(f"services.{name}.tables").metadata.tables.keys()
        assert written[name] == made, name


def test_the_glossary_has_each_term_of_the_rules_once() -> None:
    """Kinds of indicators, kinds of units and roles have a line with Vietnamese and a meaning."""
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    terms = [cells[0] for cells in lines if cells[0] not in ("term", "---")]
    assert all(len(cells) == 3 and all(cells) for cells in lines)
    assert len(terms) == len(set(terms))
    kinds = {kind.value for kind in Kind} - {"share"} | {"share (indicator)"}
    units = {kind.replace("_", " ") for kind in get_args(UnitKind)}
    assert kinds | units | {"clerk", "council", "emitter", "operator"} <= set(terms)


def test_links_between_documents_lead_somewhere() -> None:
    """Relative links of README and docs, and the places of the README's table."""
    for page in (ROOT / "README.md", *DOCS.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"
    places = re.findall(r"^\| `([^`]+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert len(places) > 8 and all((ROOT / place).exists() for place in places)
