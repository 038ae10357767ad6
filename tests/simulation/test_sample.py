"""The sample city shows a newcomer what it promises; a naive recomputation says so."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from contracts import moments
from contracts.catalog import BY_TYPE
from contracts.door import Refusal, read
from contracts.envelope import ContractBroken, decode
from services.simulation.sample import city_file, sample_city, sample_stray
from tests.oracle import counted, rate

pytestmark = pytest.mark.xdist_group("sample")
"""Its tests share what takes long to start, so one process runs them."""

ROOT = Path(__file__).parents[2]
RUBRICS = ROOT / "services" / "scoring" / "rubrics"
Raw = dict[str, Any]


@pytest.fixture(scope="module")
def events() -> list[Raw]:
    """The sample as it is sent."""
    return sample_city()


@pytest.fixture(scope="module")
def rubrics() -> list[Raw]:
    """The two rubrics that are shipped."""
    yaml = YAML(typ="safe", pure=True)
    return [yaml.load(path.read_text(encoding="utf-8")) for path in sorted(RUBRICS.glob("*.yaml"))]


@pytest.fixture(scope="module")
def ratings(events: list[Raw], rubrics: list[Raw]) -> dict[str, Raw]:
    """The ratings of 2025 by the oracle."""
    return rate(events, rubrics, 2025)


def reasons(rating: Raw) -> list[str]:
    """The kinds of its reasons."""
    return [reason["kind"] for reason in rating["reasons"]]


def test_a_few_thousand_events_that_the_door_accepts(events: list[Raw]) -> None:
    """All say by their source that they are simulated, and no two share an identity."""
    now = moments.instant("2026-01-01T00:00:00Z")
    _, found = read(json.dumps(events).encode(), "application/cloudevents-batch+json", now)
    assert [one for one in found if isinstance(one, Refusal)] == []
    assert 2_000 < len(events) < 8_000
    assert all(one["source"].startswith("urn:danchu:simulated:") for one in events)
    assert len({(one["source"], one["id"]) for one in events}) == len(events)


def test_it_is_the_same_every_time(events: list[Raw]) -> None:
    """A second start sends the same events, which are then duplicates."""
    assert sample_city() == events


def test_events_come_from_the_source_of_a_role_that_may_send_them(events: list[Raw]) -> None:
    """The registry speaks of units, the council decides, nobody else does."""
    for one in events:
        office = one["source"].rpartition(":")[2]
        role = {"registry": "registrar", "council": "council"}.get(office, "emitter")
        assert role in BY_TYPE[one["type"]].roles


def test_all_events_count_but_the_one_that_is_retracted(
    events: list[Raw], rubrics: list[Raw]
) -> None:
    """Nothing speaks of a unit outside its span by mistake."""
    verdicts = Counter(reason for _, reason in counted(events, rubrics, 2025).values())
    assert verdicts == {None: len(events) - 1, "retracted": 1}


def test_twenty_communes_become_five(ratings: dict[str, Raw]) -> None:
    """The old ones keep closing ratings of varied totals and classes, without a rank."""
    old = [ratings[unit["key"]] for unit in city_file()["communes_until_2025_07_01"]]
    new = [ratings[unit["key"]] for unit in city_file()["communes_from_2025_07_01"]]
    assert all(one["part_year"] and one["rank"] is None for one in old)
    assert not any(one["part_year"] for one in new)
    assert {one["class"] for one in old} == {"A", "B", "C", "D"}
    assert len({one["total"] for one in old}) > 12


def test_a_successor_finishes_what_its_predecessor_began(events: list[Raw]) -> None:
    """It names the petition as the predecessor's."""
    told = [one["data"]["petition"] for one in events if "petition.resolved" in one["type"]]
    assert "H44.1.14/cuoi-cung" in told


def test_the_share_of_the_top_class_is_at_work(ratings: dict[str, Raw]) -> None:
    """One commune and one agency keep class A, others with enough points lose it."""
    for kind in ("commune", "agency"):
        ranked = [one for one in ratings.values() if one["kind"] == kind and one["rank"]]
        assert sum(one["class"] == "A" for one in ranked) == 1
        assert any("share" in reasons(one) for one in ranked)


def test_a_late_publication_costs_class_a_by_the_gate(
    ratings: dict[str, Raw], events: list[Raw]
) -> None:
    """2.2 has the points of class A and published one item after its day."""
    rating = ratings["H44.2.2"]
    assert float(rating["total"]) >= 90 and rating["class"] == "B" and "gate" in reasons(rating)
    items = [one for one in events if one["subject"] == "H44.2.2" and "disclosure" in one["type"]]
    due = {one["data"]["item"]: one["data"]["due"] for one in items if "due" in one["data"]}
    done = {one["data"]["item"]: one["time"] for one in items if "channel" in one["data"]}
    assert due.keys() == done.keys()
    assert sum(done[item][:10] > due[item] for item in due) == 1


def test_an_overturned_violation_costs_nothing(ratings: dict[str, Raw], events: list[Raw]) -> None:
    """3.2 was reprimanded; after the overturning neither a deduction nor a ceiling is left."""
    told = {one["type"].split(".")[3] for one in events if one["data"].get("case") == "vv-1"
            and one["subject"] == "H44.3.2"}  # fmt: skip
    assert told == {"concluded", "handled", "overturned"}
    assert ratings["H44.3.2"]["deduction"] == "0.00"
    assert "ceiling" not in reasons(ratings["H44.3.2"])


def test_ceilings_lower_the_class_and_leave_the_points(ratings: dict[str, Raw]) -> None:
    """A reprimand keeps 4.1 out of class A; a warned head brings 5.2 to the lowest class."""
    for unit, given, points in (("H44.4.1", "B", 90), ("H44.5.2", "D", 70)):
        assert ratings[unit]["class"] == given and "ceiling" in reasons(ratings[unit])
        assert float(ratings[unit]["total"]) >= points


def test_an_exemption_a_nil_declaration_and_adjustments(ratings: dict[str, Raw]) -> None:
    """The sheet names which meaning of empty applied, and what was added by decision."""
    empty = {state for one in ratings.values() for state in one["empty"].values()}
    assert ratings["H44.4.3"]["empty"]["digital-channels"] == "exempt"
    assert empty >= {"exempt", "nil", "zero", "exclude"}
    assert ratings["H44.5.1"]["adjustment"] == "1.50"
    assert ratings["H44.3.3"]["adjustment"] == "-0.75"


def test_classes_from_a_to_d_with_heads_and_results(ratings: dict[str, Raw]) -> None:
    """The units of the whole year have all classes, a head each, and two results."""
    whole = [one for one in ratings.values() if not one["part_year"]]
    assert {one["class"] for one in whole} == {"A", "B", "C", "D"}
    assert all(one["heads"] and len(one["results"]) == 2 for one in whole)
    assert len(ratings["H44.3.5"]["heads"]) == 2


def test_a_stray_event_breaks_the_contract_on_the_stream() -> None:
    """It is an event that went around the door, for the quarantine."""
    with pytest.raises(ContractBroken) as broken:
        decode(sample_stray())
    assert broken.value.reason == "contract"
    assert json.loads(sample_stray())["type"] in BY_TYPE
