"""What-ifs on a sealed year, and two years compared on a database, beside recounts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from services.chassis.clock import fixed
from services.scoring.errors import UnitNotRated
from services.scoring.ratings.json_what_if import comparison_members, what_if_members
from services.scoring.ratings.recount import Accepted
from services.scoring.readmodel.compare import compare_years
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.readmodel.versions import YearVersions
from services.scoring.readmodel.what_if import WhatIfs
from services.scoring.rubrics.loader import load
from services.scoring.rubrics.model import Rubric, Rubrics
from tests.oracle.generate_rubric import rubric
from tests.scoring.folding import folding
from tests.scoring.readmodel.test_versions import CUT, versions_of_a_year
from tests.scoring.readmodel.test_what_if import check
from tests.support.builders.cities import NOW, accepted, city, rating_answers

pytestmark = pytest.mark.anyio
YEAR, OTHER = 2025, 2024


def written(raw: dict[str, Any], path: Path) -> Rubric:
    """The rubric of a file with this content."""
    YAML(typ="safe", pure=True).dump(raw, path)
    return load(path)


async def test_a_what_if_on_a_sealed_year_is_about_its_set(tmp_path: Path) -> None:
    """What was recorded after the cut has no part in it, neither now nor then."""
    async with versions_of_a_year(8, tmp_path) as (_, reading, events, year, ours):
        at_cut = Accepted(events[: CUT + 1])
        raw = {**rubric(6), "years": {"from": year}}
        proposed = written(raw, tmp_path / "proposed.yaml")
        text = (tmp_path / "proposed.yaml").read_bytes()
        answer = what_if_members(await WhatIfs(reading.versions).answer(year, [text]))
        assert answer["events"] > 0
        now = rating_answers(at_cut, ours, year)
        check(answer, now, rating_answers(at_cut, Rubrics((proposed,)), year))
        for unit, rating in now.items():
            comparison = await compare_years(reading.versions, year, year, unit)
            members = comparison_members(comparison)
            assert members["total"] == members["reckoned_total"] == rating["total"]


async def test_two_years_are_compared_as_recounts_of_them_say(tmp_path: Path) -> None:
    """Each year by its own rubric, and the year by the other's, for every unit of both."""
    events, _ = city(5, 8, 500)
    deliveries = accepted(events)
    everything = Accepted(deliveries)
    own = written({**rubric(2), "years": {"from": YEAR}}, tmp_path / "own.yaml")
    other = written({**rubric(4), "years": {"from": 2020, "until": OTHER}}, tmp_path / "o.yaml")
    reckoning = Rubrics((replace(other, last_year=None),))
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", Rubrics((own, other))) as fold:
        await fold.fold(deliveries)
        versions = YearVersions(fold.db, Snapshots(fold.db, fold.folder.rubrics), fixed(NOW))
        totals = [
            rating_answers(everything, rules, year)
            for rules, year in ((fold.folder.rubrics, YEAR), (fold.folder.rubrics, OTHER),
                                (reckoning, YEAR))
        ]  # fmt: skip
        both = totals[0].keys() & totals[1].keys()
        assert both
        for unit in both:
            members = comparison_members(await compare_years(versions, YEAR, OTHER, unit))
            names = ("total", "with_total", "reckoned_total")
            assert [members[name] for name in names] == [each[unit]["total"] for each in totals]
        with pytest.raises(UnitNotRated):
            await compare_years(versions, YEAR, 2019, next(iter(both)))
