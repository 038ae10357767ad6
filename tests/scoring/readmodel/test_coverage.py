"""How far a city is with the resolution, against numbers computed by hand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from services.chassis.auth.credentials import Issuer
from services.scoring.readmodel.coverage import Coverages, coverage
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory, resolution
from services.scoring.rubrics.resolution import ClausePlace, places
from tests.scoring.answering import Answering, answering
from tests.scoring.test_road import due, published, registered
from tests.scoring.web.visiting import Visiting

pytestmark = pytest.mark.anyio
OFFICIAL = "2d04ec3b7bd4433210c20f4534e5952f1a5240923da44aecd229f7012f469601"
"""The digest of the official text without white space and marks of its print."""
CITY = [
    registered("H44.1", "Phường Dữu Lâu"), due("H44.1", "a"), published("H44.1", "a"),
    registered("H44.2", "Xã <b>Sông Lô</b>"), due("H44.2", "a"), due("H44.2", "b"),
    published("H44.2", "a"),
]  # fmt: skip


@pytest.fixture
async def city(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Answering]:
    """Two communes: one made public what it had to, one the half of it."""
    async with answering(home, f"sqlite:///{tmp_path / 'scoring.db'}", issuer, CITY) as made:
        yield made


def test_the_text_is_the_official_one() -> None:
    """Every letter of the resolution, in its order, whatever the file makes of it."""
    text = resolution()
    parts = [*text.head]
    for article in text.articles:
        parts += [f"Điều {article.number}. {article.title}", article.text]
        for clause in article.clauses:
            parts.append(f"{clause.number}. {clause.text}")
            parts += [f"{point.number}) {point.text}" for point in clause.points]
    letters = re.sub(r"\s", "", "".join([*parts, *text.closing]))
    assert hashlib.sha256(letters.encode()).hexdigest() == OFFICIAL


def test_every_place_that_a_rubric_names_stands_in_the_text() -> None:
    """A clause that is not there would be measured by an indicator that nobody sees."""
    known = set()
    for article in resolution().articles:
        for clause in article.clauses:
            place = ClausePlace(article.number, clause.number)
            known |= {place, *(place._replace(point=point.number) for point in clause.points)}
    for rubric in load_directory(SHIPPED).items:
        for indicator in rubric.indicators:
            named = places(indicator.clause)
            assert named and set(named) <= known, indicator.id
            parts = indicator.clause.split("; ")
            assert len(named) == sum(part.count(",") + 1 for part in parts)


async def test_a_clause_has_the_units_duties_and_points_of_the_city(city: Answering) -> None:
    """Disclosure: one unit of two has all, two duties of three, 12 + 6 points of 24."""
    covered = coverage(await Snapshots(city.app.db, load_directory(SHIPPED)).of(2025))
    for place in (ClausePlace("3", "3"), ClausePlace("4", "3", "b")):
        measure = next(m for m in covered.measures[place] if m.indicator.id == "disclosure")
        assert (measure.units, measure.whole, measure.obliged, measure.fulfilled) == (2, 1, 3, 2)
        assert (measure.reached, measure.possible) == (1800, 2400)
        assert measure.share == Fraction(3, 4)
    assert ClausePlace("2", "1") not in covered.measures


async def test_a_target_names_who_is_below_it_the_farthest_first(city: Answering) -> None:
    """One of two communes fulfils the third target; the other is half way."""
    covered = coverage(await Snapshots(city.app.db, load_directory(SHIPPED)).of(2025))
    assert [target.clause.number for target in covered.targets] == list("123456")
    third, first = covered.targets[2], covered.targets[0]
    assert (third.units, third.fulfilled, third.share) == (2, 1, Fraction(1, 2))
    (below,) = third.below
    assert (below.unit, below.share) == ("H44.2", Fraction(1, 2))
    assert [indicator.id for indicator in below.missing] == ["disclosure"]
    assert (first.units, first.fulfilled) == (2, 0)
    assert [each.unit for each in first.below] == ["H44.1", "H44.2"]


async def test_the_page_shows_text_and_coverage_and_one_target_alone(city: Answering) -> None:
    """In both languages, with names as text, and plainly what nothing measures."""
    visiting = Visiting(city.app)
    page = await visiting.ask("GET", "/years/2025/resolution", "council")
    assert page.status_code == 200 and "Chưa có tiêu chí nào đo" in page.text
    assert "<b>Sông Lô" not in page.text and "&lt;b&gt;Sông Lô" in page.text
    assert "18,00 / 24,00" in page.text and "75,0 %" in page.text
    opened = await visiting.ask(
        "GET", "/years/2025/resolution?target=3", "hr", headers={"accept-language": "en"}
    )
    assert "1 of 2 units fulfil it wholly" in opened.text and "Target 2" not in opened.text
    assert 'href="/years/2025/units/H44.2"' in opened.text
    empty = await visiting.ask("GET", "/years/2024/resolution", "hr")
    assert empty.status_code == 404


async def test_a_coverage_is_computed_once_and_never_outlives_its_standings(
    city: Answering,
) -> None:
    """A second visit takes it from memory; other standings of the year are computed anew."""
    coverages, snapshots = Coverages(), Snapshots(city.app.db, load_directory(SHIPPED))
    snapshot = await snapshots.of(2025)
    first = coverages.of(snapshot)
    assert coverages.of(replace(snapshot, stamp=snapshot.stamp + 1)) is first
    fewer = replace(snapshot, standings=dict(list(snapshot.standings.items())[:1]))
    second = coverages.of(fewer)
    assert second == coverage(fewer) != first
