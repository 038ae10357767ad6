"""Who rose, who fell and why: against numbers computed by hand, and over random cities."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from services.scoring.ratings import recount
from services.scoring.ratings.contributions import contributions
from services.scoring.ratings.recount import Accepted
from services.scoring.ratings.report.movements import causes, class_counts, movements
from services.scoring.rubrics.loader import load
from services.scoring.rubrics.model import Rubrics
from tests.oracle.generate_rubric import rubric
from tests.scoring.ratings.report.town import CITY, NAMES, both
from tests.support.builders.cities import accepted, city


def test_who_did_less_fell_and_the_line_says_why() -> None:
    """One commune loses its 12 points of disclosure, another gets them; two stay as they were."""
    moved = movements(*both(CITY), NAMES)
    (fallen,), (risen,) = moved.fell, moved.rose
    assert (fallen.unit, fallen.name, risen.unit) == ("H44.1", "Đơn vị 1", "H44.2")
    assert fallen.change == -risen.change == fallen.total - fallen.before < 0
    (cause, *_), (gained, *_) = fallen.causes, risen.causes
    assert cause.indicator is not None and cause.indicator.id == "disclosure"
    assert (cause.before, cause.points, cause.change, gained.change) == (1200, 0, -1200, 1200)
    assert moved.stayed == 2 and not fallen.method_differs
    assert [each.unit for each in moved.entered] == ["H44.5"]
    assert [each.unit for each in moved.left] == ["H44.6"]


def test_another_rubric_is_said_beside_the_units_of_its_kind() -> None:
    """A part of a change may come from the method."""
    now, before = both(CITY)
    rules = now["H44.1"].assessment.rubric
    other = replace(rules, reply_days=rules.reply_days + 1)
    changed = {
        key: replace(each, assessment=replace(each.assessment, rubric=other))
        if each.kind == "commune" else each
        for key, each in now.items()
    }  # fmt: skip
    assert {m.method_differs for m in movements(changed, before, NAMES).fell} == {True}
    assert {m.method_differs for m in movements(now, before, NAMES).fell} == {False}


def test_classes_stand_beside_those_of_the_year_before() -> None:
    """Each class of the rubric; one that only last year's had comes last, without units now."""
    now, before = both(CITY)
    counts = class_counts(now, before, ("commune", "agency", "enterprise"))
    assert [each.kind for each in counts] == ["commune", "agency"]
    communes = counts[0]
    assert (communes.number, communes.before) == (4, 4)
    assert [each.name for each in communes.classes] == list(communes.rubric.classes)
    assert sum(each.number for each in communes.classes) == 4
    assert sum(each.before or 0 for each in communes.classes) == 4
    (agencies,) = (each for each in class_counts(now, {}, ("agency",)))
    assert agencies.before == 0 and {each.before for each in agencies.classes} == {None}


@pytest.mark.parametrize("seed", range(12))
def test_causes_are_the_greatest_parts_of_the_change(seed: int, tmp_path: Path) -> None:
    """In its direction, the greatest first; what is not named is not greater than what is."""
    events, _ = city(seed, 5, 110)
    rubrics = []
    for number in (seed, seed + 100):
        raw = {**rubric(number), "years": {"from": 2020}}
        YAML(typ="safe", pure=True).dump(raw, tmp_path / "rubric.yaml")
        rubrics.append(Rubrics((load(tmp_path / "rubric.yaml"),)))
    deliveries = Accepted(accepted(events))
    now, before = (recount.standings(deliveries, each, 2025) for each in rubrics)
    for unit in now.keys() & before.keys():
        later, earlier = now[unit].assessment, before[unit].assessment
        named = causes(later, earlier)
        sign = 1 if later.total > earlier.total else -1
        assert all(each.change * sign > 0 for each in named)
        mine, theirs = contributions(later), contributions(earlier)
        every = [
            (part.get(key, 0) - old.get(key, 0)) * sign
            for part, old in ((mine.indicators, theirs.indicators), (mine.parts, theirs.parts))
            for key in {*part, *old}
        ]
        assert sum(every) == (later.total - earlier.total) * sign
        if later.total == earlier.total:
            assert named == ()
        else:
            greatest = sorted((each for each in every if each > 0), reverse=True)[:3]
            assert [each.change * sign for each in named] == greatest
