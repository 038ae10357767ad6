"""Rubric files: the shipped ones load, and each kind of fault is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.scoring.rubric_check import remarks
from services.scoring.rubric_file import SHIPPED, load, load_directory
from services.scoring.rubric_yaml import RubricRefused

COMMUNE = (SHIPPED / "viet-tri-2025-commune.yaml").read_text(encoding="utf-8")


def test_the_shipped_rubrics_load_and_add_up_to_100_points() -> None:
    """Both are governed apart by kind, and nobody has to be told about their points."""
    rubrics = load_directory(SHIPPED)
    assert {rubric.id for rubric in rubrics.items} == {
        "viet-tri-2025-agency",
        "viet-tri-2025-commune",
    }
    for rubric in rubrics.items:
        assert not any("add up" in remark for remark in remarks(rubric))
    governing = rubrics.governing("commune", 2025)
    assert governing is not None and governing.pooled
    assert rubrics.governing("commune", 2024) is None


FAULTS = [
    ("maximum: 100", "maximum: 99.5", "must be an integer or a string"),
    ("maximum: 100", "maximun: 100", "is no field here"),
    ("maximum: 100", "", "maximum is missing"),
    ("succession: pooled", "succession: shared", "must be one of own, pooled"),
    ("kinds: [commune]", "kinds: [village]", "must be one of"),
    ('from: "90"', 'from: "60"', "must fall from the best"),
    ('from: "0"', 'from: "1"', "must end with a class from 0"),
    ("of: top_two", "of: best", "must be one of"),
    ("indicator: disclosure", "indicator: disclosures", "must be one of"),
    ("{class: A, indicator", "{class: D, indicator", "must be one of"),
    ("set: training.completed", "set: training.complete", "did you mean training.completed"),
    ("set: training.completed", "set: unit.renamed", "is no practice event"),
    ("key: activity", "key: activities", "has no field activities"),
    ("{topic: democracy}", "{topic: cooking}", "is never 'cooking'"),
    ("{topic: democracy}", "{subject: x}", "has no field subject"),
    ('nation: "4"}', "}", "can be 'nation', which has no points"),
    ('nation: "4"}', 'nation: "4", world: "9"}', "is never 'world'"),
    ("by: level", "by: title", "has no closed list"),
    ("value: score", "value: service", "is no number"),
    ("low: 1", "low: 5", "must lie above low"),
    ("minimum: 30", "minimum: 0", "at least 1"),
    ("target: 8", "target: 0", "above 0"),
    ('late_credit: "1/2"', 'late_credit: "3/2"', "between 0 and 1"),
    ('{at_least: "0.9", points: "5"}', '{at_least: "0.9", points: "6"}', "rise with at_least"),
    ('{at_least: "1", points: "7"}', '{at_least: "1", points: "8"}', "more than the indicator's"),
    ("class_at_most: C", "class_at_most: E", "must be one of"),
    ("group: technology", "group: machines", "must be one of"),
    ("id: boards-trained", "id: officers-trained", "officers-trained twice"),
    ('adjustment_limit: "5"', 'adjustment_limit: "5.005"', "two decimals"),
    ("years: {from: 2025, until: null}", "years: {from: 2025, until: 2024}", "lies before from"),
    ("kind: bonus", "kind: gift", "must be one of"),
    ("grace_days: 90", "grace_days: -1", "at least 0"),
    ("clear: roster.released", "clear: roster.assigned", "by the same event"),
    ("maximum: 100", "maximum: 100\nmaximum: 100", "duplicate key"),
    ("maximum: 100", "maximum: [", "expected"),
]


@pytest.mark.parametrize(("right", "wrong", "reason"), FAULTS)
def test_a_fault_is_named_with_its_line(
    right: str, wrong: str, reason: str, tmp_path: Path
) -> None:
    """Whoever wrote the file finds the place and the mend."""
    assert right in COMMUNE
    path = tmp_path / "wrong.yaml"
    path.write_text(COMMUNE.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(RubricRefused) as refused:
        load(path)
    said = [fault for fault in refused.value.faults if reason in fault]
    assert said, refused.value.faults
    assert said[0].startswith("wrong.yaml:") and int(said[0].split(":")[1]) > 0


def test_two_rubrics_for_one_kind_and_year_are_refused(tmp_path: Path) -> None:
    """A year of a unit has one rubric, or the city must decide."""
    (tmp_path / "a.yaml").write_text(COMMUNE, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(COMMUNE.replace("-commune", "-other", 1), encoding="utf-8")
    with pytest.raises(RubricRefused, match=r"b\.yaml:1: governs commune as a\.yaml does"):
        load_directory(tmp_path)


@pytest.mark.parametrize("text", ["", "- 1", "a", "{}", "years: 3", "groups: {a: 1}", "\t"])
def test_junk_is_refused(text: str, tmp_path: Path) -> None:
    """Whatever the file holds, the answer is a list of faults."""
    path = tmp_path / "junk.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RubricRefused) as refused:
        load(path)
    assert refused.value.faults
