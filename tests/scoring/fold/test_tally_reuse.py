"""The shortcut of what-if: tallies that another rubric reuses are those of a recomputation."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.catalog import CANONICAL
from contracts.envelope import Recorded
from services.scoring.fold.books import POSTING, Book
from services.scoring.fold.cells import Tally
from services.scoring.fold.postings import DECISIONS, post_decision
from services.scoring.fold.recompute import count_tally
from services.scoring.fold.tally_reuse import plan_reuse, reuse_tally
from services.scoring.ratings.recount import Accepted
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.model import Ceiling, Indicator, Rubric, Rubrics, Rule, ScaleStep
from tests.support.builders.cities import accepted, city, rubrics

SEEDS = (0, 1, 4)
"""Cities in which every rule matters: another rule of each kind gives other tallies."""
Change = Callable[[random.Random, Any, Rubric], Any]
Tallies = dict[str, dict[str, list[int]]]


@cache
def ground(seed: int) -> tuple[Accepted, int]:
    """A random city with mergers."""
    events, year = city(seed, 5, 250)
    return Accepted(accepted(events)), year


@cache
def random_rubric(seed: int, folder: Path) -> Rubric:
    """A random rubric of all kinds of units."""
    return rubrics(2 * seed, folder)[1].items[0]


def by_subjects(accepted: Accepted, book: Book) -> list[Recorded]:
    """The events of the year that may belong to a book."""
    units = {book.unit, *accepted.registry.pool(book.unit, book.year)}
    subjects = {subject for unit in units for subject in accepted.registry.subjects(unit)}
    return [
        event for event in accepted.counting()
        if event.year == book.year and event.event.subject in subjects
    ]  # fmt: skip


def whole(accepted: Accepted, year: int, rules: Iterable[Rubric]) -> Tallies:
    """The tallies of every unit from all its events."""
    governing = Rubrics(tuple(rules))
    tallies = {}
    for unit in accepted.registry.units:
        events = by_subjects(accepted, Book(unit, year))
        tallies[unit] = count_tally(Book(unit, year), events, accepted.registry, governing).sums
    return tallies


def shortcut(accepted: Accepted, year: int, present: Rubric | None, rubric: Rubric) -> Tallies:
    """The tallies of every unit from the present ones, and from events of the needed types."""
    tallies = whole(accepted, year, () if present is None else (present,))
    for unit in accepted.registry.units.values():
        if not rubric.governs(unit.kind, year):
            tallies[unit.key] = {}
            continue
        reuse = plan_reuse(unit.kind, present, rubric)
        book, counted = Book(unit.key, year), Tally()
        if not reuse.complete:
            events = by_subjects(accepted, book)
            some = [event for event in events if event.kind.short in reuse.types]
            counted = count_tally(book, some, accepted.registry, Rubrics((reuse.counted,)))
        tallies[unit.key] = reuse_tally(reuse, Tally(tallies[unit.key]), counted).sums
    return tallies


def another(rng: random.Random, fraction: Any, _: Rubric) -> Fraction:
    """Another exact number."""
    return Fraction(fraction) + Fraction(rng.randrange(1, 9), rng.choice([1, 2, 3]))


def dropped(rng: random.Random, rules: tuple[Rule, ...], rubric: Rubric) -> tuple[Rule, ...]:
    """Other rules: fewer, in another order, or with one of their own fields changed."""
    if len(rules) > 1 and rng.random() < 0.5:
        return rules[::-1] if rng.random() < 0.5 else rules[1:]
    return tuple(replace(rule, **_rule_field(rng, rule)) for rule in rules)


def _rule_field(rng: random.Random, rule: Rule) -> dict[str, Any]:
    choices: list[dict[str, Any]] = [{"key": "$quarter"}, {"where": ()}, {"clears": ()}]
    if rule.points is not None:
        choices.append({"points": replace(rule.points, fixed=Fraction(5, 3), by=None, of=())})
    if rule.numerator is not None:
        choices.append({"numerator": rule.denominator, "denominator": rule.numerator})
    return rng.choice(choices)


def steps(rng: random.Random, _: Any, rubric: Rubric) -> tuple[ScaleStep, ...]:
    """Another scale."""
    return (ScaleStep(Fraction(rng.randrange(9), 9), Fraction(1)),)


def other_ceilings(
    rng: random.Random, ceilings: tuple[Ceiling, ...], rubric: Rubric
) -> tuple[Ceiling, ...]:
    """Fewer ceilings, other conditions, or the same with another threshold and class."""
    if not ceilings or rng.random() < 0.3:
        return ceilings[1:]
    change: dict[str, Any] = rng.choice([{"at_least": 2}, {"where": ()}, {"class_at_most": "B"}])
    return tuple(replace(ceiling, **change) for ceiling in ceilings)


def constant(value: Any) -> Change:
    """Always the same other value."""
    return lambda rng, _, rubric: value


OF_INDICATOR: dict[str, Change] = {
    "id": lambda rng, id_, rubric: f"{id_}-renamed",
    "vi": constant("Tên khác"), "clause": constant("Điều 5"), "group": constant("training"),
    "kind": lambda rng, kind, rubric: Kind.BONUS if kind is Kind.MERIT else kind,
    "points": another, "when_empty": lambda rng, _, rubric: rng.choice(["full", "zero", "exclude"]),
    "scale": steps, "obliged": dropped, "fulfilled": dropped, "rules": dropped,
    "late_credit": lambda rng, _, rubric: Fraction(rng.randrange(5), 4),
    "grace_days": lambda rng, _, rubric: rng.choice([None, 0, 100, 400]),
    "target": another, "low": another, "high": another,
    "minimum": lambda rng, number, rubric: number + 1,
    "cap": another, "pick_highest": lambda rng, pick, rubric: not pick, "ceilings": other_ceilings,
}  # fmt: skip
OF_RUBRIC: dict[str, Change] = {
    "id": constant("other"), "vi": constant("Tên khác"), "reference": constant("khác"),
    "first_year": constant(2020), "last_year": constant(2025),
    "kinds": lambda rng, kinds, rubric: tuple(rng.sample(kinds, max(1, len(kinds) - 1))),
    "maximum": another, "adjustment_limit": another,
    "succession": lambda rng, how, rubric: "own" if how == "pooled" else "pooled",
    "reply_days": constant(1), "groups": lambda rng, groups, rubric: groups[:1],
    "bands": lambda rng, bands, rubric: (*bands[:-2], bands[-1]),
    "gates": constant(()), "top_class_share": constant(None),
    "indicators": lambda rng, indicators, rubric: indicators[: 1 : -1],
    "digest": constant("another"), "text": constant("id: other"),
}  # fmt: skip


@pytest.mark.parametrize(("type_", "changes"), [(Indicator, OF_INDICATOR), (Rubric, OF_RUBRIC)])
def test_every_field_of_a_rubric_is_changed_here(type_: Any, changes: dict[str, Change]) -> None:
    """A field that is added to the model must be added to the changes below."""
    assert changes.keys() == {field.name for field in fields(type_)}


def changed(rng: random.Random, rubric: Rubric) -> Rubric:
    """The rubric with one to three random changes."""
    for _ in range(rng.randrange(1, 4)):
        if rng.random() < 0.25:
            name = rng.choice(list(OF_RUBRIC))
            rubric = replace(rubric, **{name: OF_RUBRIC[name](rng, getattr(rubric, name), rubric)})
            continue
        index, name = rng.randrange(len(rubric.indicators)), rng.choice(list(OF_INDICATOR))
        indicator = rubric.indicators[index]
        value = OF_INDICATOR[name](rng, getattr(indicator, name), rubric)
        others = list(rubric.indicators)
        others[index] = replace(indicator, **{name: value})
        rubric = replace(rubric, indicators=tuple(others))
    return rubric


@pytest.mark.parametrize("name", OF_INDICATOR)
def test_a_changed_field_of_every_indicator_equals_a_full_recomputation(
    name: str, tmp_path: Path
) -> None:
    """Each field of an indicator by itself, whatever the kinds that have it."""
    rng = random.Random(name)
    for seed in SEEDS:
        accepted, year = ground(seed)
        present = random_rubric(seed, tmp_path)
        indicators = tuple(
            replace(each, **{name: OF_INDICATOR[name](rng, getattr(each, name), present)})
            for each in present.indicators
        )
        rubric = replace(present, indicators=indicators)
        assert shortcut(accepted, year, present, rubric) == whole(accepted, year, [rubric])


@given(st.sampled_from(SEEDS), st.integers(0, 10**6))
@settings(max_examples=25)
def test_a_changed_rubric_by_the_shortcut_equals_its_full_recomputation(
    tmp_path_factory: pytest.TempPathFactory, seed: int, change: int
) -> None:
    """Whatever field of the rubric or of an indicator changes, every tally is the same."""
    accepted, year = ground(seed)
    present = random_rubric(seed, tmp_path_factory.getbasetemp())
    rubric = changed(random.Random(change), present)
    assert shortcut(accepted, year, present, rubric) == whole(accepted, year, [rubric])


@pytest.mark.parametrize("seed", SEEDS)
def test_another_rubric_and_one_where_none_was_equal_a_full_recomputation(
    seed: int, tmp_path: Path
) -> None:
    """Nothing in common, and units that no rubric rates today: decisions are counted too."""
    accepted, year = ground(seed)
    present, rubric = (random_rubric(each, tmp_path) for each in (seed, seed + 1))
    full = whole(accepted, year, [rubric])
    assert shortcut(accepted, year, present, rubric) == full
    assert shortcut(accepted, year, None, rubric) == full


def test_what_only_turns_sums_into_points_reads_no_event(tmp_path: Path) -> None:
    """Points, caps, targets, bands, gates and shares; other rules read their own types alone."""
    present = random_rubric(1, tmp_path)
    plain = [name for name in OF_INDICATOR if not _weighs(name)]
    rng = random.Random(1)
    for name in plain:
        indicators = tuple(
            replace(each, **{name: OF_INDICATOR[name](rng, getattr(each, name), present)})
            for each in present.indicators
        )
        assert plan_reuse("agency", present, replace(present, indicators=indicators)).complete, name
    first, *others = present.indicators
    rules = replace(first, obliged=(Rule(("course.planned",), key="course"),), fulfilled=())
    reuse = plan_reuse("agency", present, replace(present, indicators=(rules, *others)))
    assert reuse.types == {"course.planned"}
    assert [each.id for each in reuse.counted.indicators] == [first.id]


def _weighs(name: str) -> bool:
    return name in {field for kind in Kind for field in kind.weight_fields} | {"kind", "ceilings"}


def test_the_decisions_that_post_by_themselves_are_named() -> None:
    """No other event type posts without a rule of the rubric."""
    accepted, _ = ground(4)
    posting = {event.kind.short for event in accepted.events.values() if post_decision(event)}
    assert posting <= DECISIONS <= POSTING
    assert not any(CANONICAL[short].practice for short in DECISIONS)
