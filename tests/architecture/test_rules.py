"""Our tree keeps every rule of the architecture, and every rule finds the fault it is for."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.allowances import ALLOWED, WORD_CEILINGS
from tests.architecture.rules import chassis, kinds, layers, purity, services, sizes, texts, words
from tests.architecture.rules.source_tree import Rule, SourceTree
from tests.architecture.seeds import chassis as chassis_seeds
from tests.architecture.seeds import kinds as kind_seeds
from tests.architecture.seeds import layers as layer_seeds
from tests.architecture.seeds import purity as purity_seeds
from tests.architecture.seeds import services as service_seeds
from tests.architecture.seeds import sizes as size_seeds
from tests.architecture.seeds import texts as text_seeds
from tests.architecture.seeds import words as word_seeds
from tests.architecture.seeds.seed import Seed
from tests.architecture.sources import own_tree

pytestmark = pytest.mark.xdist_group("rules")  # one process reads the tree
THEMES = (chassis, kinds, layers, purity, services, sizes, texts, words)
RULES = tuple(rule for theme in THEMES for rule in theme.RULES)
SEEDS = (
    *chassis_seeds.SEEDS, *kind_seeds.SEEDS, *layer_seeds.SEEDS, *purity_seeds.SEEDS,
    *service_seeds.SEEDS, *size_seeds.SEEDS, *text_seeds.SEEDS, *word_seeds.SEEDS,
)  # fmt: skip


def identity(seed: Seed) -> str:
    """A seed as pytest lists it."""
    return f"{seed.rule.__name__}-{seed.place}"


@cache
def clean_part() -> SourceTree:
    """Our tree without the folders whose names are not all nouns yet."""
    files = own_tree().files.items()
    return SourceTree({p: text for p, text in files if p.rpartition("/")[0] not in WORD_CEILINGS})


@cache
def own_tallies() -> dict[str, words.Tally]:
    """The names of our tree, counted once."""
    return words.tallies(own_tree())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_our_tree_keeps_the_rule(rule: Rule) -> None:
    """What is still against it is listed, and the list has nothing that is mended."""
    violations = rule(clean_part() if rule in words.RULES else own_tree())
    places = {re.sub(r":\d+:", ":", each, count=1): each for each in violations}
    allowed = set(ALLOWED.get(rule.__name__, ()))
    assert sorted(each for place, each in places.items() if place not in allowed) == []
    assert sorted(allowed - set(places)) == [], "mended: delete it from the allowances"


@pytest.mark.parametrize("folder", WORD_CEILINGS)
def test_a_folder_has_no_more_of_the_words_than_it_had(folder: str) -> None:
    """Its number only falls; `python -m tests.architecture.words` lists the places."""
    tally = own_tallies()[folder]
    places = [f"{name.path}:{name.line}: {name.kind} `{name.name}`" for name in tally.words]
    assert len(places) <= WORD_CEILINGS[folder], places


@pytest.mark.parametrize("seed", SEEDS, ids=identity)
def test_a_rule_finds_its_seeded_fault_and_nothing_else(seed: Seed) -> None:
    """One violation, at the line of the fault; none in the mended twin."""
    violations = seed.rule(seed.faulty_tree)
    assert [each.partition(": ")[0] for each in violations] == [seed.place]
    assert seed.rule(seed.mended_tree) == []


def test_every_rule_has_a_seeded_fault() -> None:
    """A rule that cannot turn red is a wish."""
    assert {seed.rule for seed in SEEDS} == set(RULES)


def test_allowances_are_of_rules_and_folders_that_need_them() -> None:
    """A rule that is renamed takes its list along; a folder that is clean has no ceiling."""
    assert set(ALLOWED) <= {rule.__name__ for rule in RULES}
    assert [folder for folder in WORD_CEILINGS if not own_tallies()[folder].words] == []


def test_no_other_package_claims_our_names() -> None:
    """`contracts` and `services` are generic names: nobody else may install them."""
    owners = packages_distributions()
    for name in ("contracts", "services"):
        assert set(owners.get(name, ["danchu"])) == {"danchu"}
