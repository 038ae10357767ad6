"""Our tree keeps every rule of the architecture, and every rule finds the fault it is for."""

from __future__ import annotations

from importlib.metadata import packages_distributions

import pytest

from tests.architecture.rules import (
    chassis,
    kinds,
    layers,
    migrations,
    purity,
    services,
    sizes,
    texts,
    words,
)
from tests.architecture.rules.source_tree import Rule
from tests.architecture.seeds import chassis as chassis_seeds
from tests.architecture.seeds import kinds as kind_seeds
from tests.architecture.seeds import layers as layer_seeds
from tests.architecture.seeds import migrations as migration_seeds
from tests.architecture.seeds import purity as purity_seeds
from tests.architecture.seeds import services as service_seeds
from tests.architecture.seeds import sizes as size_seeds
from tests.architecture.seeds import texts as text_seeds
from tests.architecture.seeds import words as word_seeds
from tests.architecture.seeds.seed import Seed
from tests.architecture.sources import own_tree

pytestmark = pytest.mark.xdist_group("rules")  # one process reads the tree
THEMES = (chassis, kinds, layers, migrations, purity, services, sizes, texts, words)
RULES = tuple(rule for theme in THEMES for rule in theme.RULES)
SEEDS = (
    *chassis_seeds.SEEDS, *kind_seeds.SEEDS, *layer_seeds.SEEDS, *migration_seeds.SEEDS,
    *purity_seeds.SEEDS, *service_seeds.SEEDS, *size_seeds.SEEDS, *text_seeds.SEEDS,
    *word_seeds.SEEDS,
)  # fmt: skip


def identity(seed: Seed) -> str:
    """A seed as pytest lists it."""
    return f"{seed.rule.__name__}-{seed.place}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_our_tree_keeps_the_rule(rule: Rule) -> None:
    """Without an exception: each violation is named by file and line."""
    assert rule(own_tree()) == []


@pytest.mark.parametrize("seed", SEEDS, ids=identity)
def test_a_rule_finds_its_seeded_fault_and_nothing_else(seed: Seed) -> None:
    """One violation, at the line of the fault; none in the mended twin."""
    violations = seed.rule(seed.faulty_tree)
    assert [each.partition(": ")[0] for each in violations] == [seed.place]
    assert seed.rule(seed.mended_tree) == []


def test_every_rule_has_a_seeded_fault() -> None:
    """A rule that cannot turn red is a wish."""
    assert {seed.rule for seed in SEEDS} == set(RULES)


def test_no_other_package_claims_our_names() -> None:
    """`contracts` and `services` are generic names: nobody else may install them."""
    owners = packages_distributions()
    for name in ("contracts", "services"):
        assert set(owners.get(name, ["danchu"])) == {"danchu"}
