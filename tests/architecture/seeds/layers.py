"""Imports that go the wrong way, held against the layers of our own pyproject.toml."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from tests.architecture.rules import layers
from tests.architecture.rules.source_tree import Rule
from tests.architecture.seeds.seed import Seed

PYPROJECT = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
APP = "services/scoring/app.py"


def upward(rule: Rule, importer: str, target: str, instead: str) -> Seed:
    """A module that imports a target, and its twin that imports another instead."""
    files = {
        "pyproject.toml": PYPROJECT,
        f"{importer}.py": f'"""A module."""\n\nimport {target.replace("/", ".")}\n',
        **{f"{name}.py": "" for name in (target, instead)},
        **{f"{package}/__init__.py": "" for package in packages(importer, target, instead)},
    }
    mended = {f"{importer}.py": f"import {instead.replace('/', '.')}\n"}
    return Seed(rule, f"{importer}.py:3", files, mended)


def packages(*paths: str) -> set[str]:
    """The folders that hold these modules."""
    return {path.rsplit("/", depth)[0] for path in paths for depth in range(1, path.count("/") + 1)}


def chain(*modules: str) -> dict[str, str]:
    """Modules each of which imports the next, and the packages that hold them."""
    files = {f"{module}.py": "" for module in modules}
    for importer, target in pairwise(modules):
        files[f"{importer}.py"] = f"import {target.replace('/', '.')}\n"
    return {
        "pyproject.toml": PYPROJECT,
        **{f"{package}/__init__.py": "" for package in packages(*modules)},
        **files,
    }


SCORING = "services/scoring"
DOWN = layers.imports_go_down
UPWARD = tuple(
    upward(DOWN, *paths)
    for paths in (
        ("contracts/units", "services/chassis/clock", "contracts/names"),
        ("services/chassis/clock", "services/records/journal", "contracts/names"),
        ("services/records/journal", "services/training/store", "services/chassis/outbox"),
        ("services/training/store", "services/commands/stack", "services/records/journal"),
        ("services/commands/stack", "services/cli", "services/training/store"),
        ("services/training/handlers", "services/awards/store", "services/training/store"),
        ("services/simulation/city", "services/scoring/app", "contracts/units"),
        ("services/training/handlers/courses", "services/training/api/build",
         "services/training/store"),
        ("services/training/domain/course", "services/training/queries",
         "services/records/state_machine"),
        (f"{SCORING}/fold/cells", f"{SCORING}/ratings/scores", f"{SCORING}/rubrics/model"),
        (f"{SCORING}/ratings/scores", f"{SCORING}/store/books", f"{SCORING}/fold/books"),
        (f"{SCORING}/store/books", f"{SCORING}/queries/books", f"{SCORING}/ratings/scores"),
        (f"{SCORING}/handlers/folder", f"{SCORING}/readmodel/reader", f"{SCORING}/rebuild/refold"),
        (f"{SCORING}/readmodel/reader", f"{SCORING}/operations/lag", f"{SCORING}/queries/books"),
        (f"{SCORING}/operations/lag", f"{SCORING}/api/build", f"{SCORING}/subscribers/fold_loop"),
        (f"{SCORING}/api/build", f"{SCORING}/app", f"{SCORING}/operations/lag"),
    )
)  # fmt: skip
BETWEEN = Seed(
    DOWN, "services/training/domain.py:1",
    chain("services/training/domain", "services/training/labels", "services/training/api"),
    {"services/training/labels.py": ""},
)  # fmt: skip
"""The module between has no place of its own: it hides the import, and does not make it good."""
BY_TEXT = Seed(
    DOWN, f"{SCORING}/fold/cells.py:2",
    {**chain(f"{SCORING}/fold/cells"), f"{SCORING}/api.py": "", f"{SCORING}/fold/cells.py":
     "from importlib import import_module\nimport_module('services.scoring.api')\n"},
    {f"{SCORING}/fold/cells.py": "from importlib import import_module\n"},
)  # fmt: skip
RELATIVE = Seed(
    DOWN, f"{SCORING}/fold/cells.py:1",
    {**chain(f"{SCORING}/fold/cells", f"{SCORING}/fold/books"), f"{SCORING}/api.py": "",
     f"{SCORING}/fold/cells.py": "from .. import api\n"},
    {f"{SCORING}/fold/cells.py": "from . import books\n"},
)  # fmt: skip
UNPLACED = Seed(
    layers.every_entry_has_its_layer, f"{SCORING}/gadgets/__init__.py:1",
    chain(f"{SCORING}/app", f"{SCORING}/gadgets/wheel"),
    {"pyproject.toml": PYPROJECT.replace('"(tables) : (errors)"', '"(tables) : (gadgets)"')},
)  # fmt: skip
RECORDS = tuple(
    upward(layers.records_are_of_the_systems_of_record, *paths)
    for paths in (
        ("services/intake/store", "services/records/journal", "services/chassis/outbox"),
        ("services/scoring/handlers/batch", "services/records/journal", "services/chassis/outbox"),
    )
)
CIRCLE = Seed(
    layers.imports_make_no_circle, f"{SCORING}/fold/books.py:1",
    chain(f"{SCORING}/fold/books", f"{SCORING}/fold/cells", f"{SCORING}/fold/registry",
          f"{SCORING}/fold/books"),
    {f"{SCORING}/fold/registry.py": ""},
)  # fmt: skip
CIRCLE_OF_PACKAGES = Seed(
    layers.imports_make_no_circle, "services/chassis/broker/streams.py:1",
    {**chain("services/chassis/broker/streams", "services/chassis/relay/turn"),
     **chain("services/chassis/relay/loop", "services/chassis/broker/connection")},
    {"services/chassis/relay/loop.py": ""},
)  # fmt: skip
STEPS = [f"{SCORING}/step_{number}" for number in range(layers.LEVELS + 1)]
LEVELS = Seed(
    layers.scoring_has_few_levels, f"{STEPS[0]}.py:1", chain(*STEPS), {f"{STEPS[1]}.py": ""}
)
SEEDS = (
    *UPWARD, BETWEEN, BY_TEXT, RELATIVE, UNPLACED, *RECORDS, CIRCLE, CIRCLE_OF_PACKAGES, LEVELS,
)  # fmt: skip
