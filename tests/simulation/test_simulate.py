"""Simulated cities: deterministic, exact in number, and of events that the door accepts."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from contracts import moments
from contracts.catalog import CANONICAL
from contracts.door import Emitted, Refusal, read
from contracts.names import names_number
from services.simulation.city import simulate
from services.simulation.faults import FAULTS
from services.simulation.persons import person_key

pytestmark = pytest.mark.xdist_group("simulate")
"""Its tests share what takes long to start, so one process runs them."""

NOW = moments.instant("2026-06-01T00:00:00Z")
UNITS, EVENTS = 60, 9_000


def city(seed: int = 7, **more: Any) -> list[bytes]:
    """The lines of a city of a size that has everything."""
    return list(simulate(UNITS, EVENTS, 2025, seed, **more))


def at_the_door(lines: list[bytes]) -> list[Emitted | Refusal]:
    """Each line read by the door, the newline that ends it included."""
    return [read(one, "application/cloudevents+json", NOW)[1][0] for one in lines]


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """A city without faults."""
    return city()


@pytest.fixture(scope="module")
def accepted(lines: list[bytes]) -> list[Emitted]:
    """Its events as the door reads them."""
    items = at_the_door(lines)
    assert [one for one in items if isinstance(one, Refusal)] == []
    return [one for one in items if isinstance(one, Emitted)]


def test_the_same_seed_gives_the_same_bytes() -> None:
    """A benchmark or a test can be run again on the same city; another seed is another city."""
    assert city(seed=3, faults=0.05) == city(seed=3, faults=0.05)
    assert city(seed=3) != city(seed=4)


@pytest.mark.parametrize("units, events", [(1, 0), (1, 1), (5, 3), (3, 200), (40, 400)])
def test_exactly_as_many_lines_as_asked(units: int, events: int) -> None:
    """Also where there are fewer lines than units; each is one line and one event."""
    made = list(simulate(units, events, 2024, 1, faults=0.1))
    assert len(made) == events
    assert all(one.endswith(b"\n") and one.count(b"\n") == 1 for one in made)


@pytest.mark.parametrize("wrong", [{"faults": -0.1}, {"duplicates": 0.7, "faults": 0.7}])
def test_shares_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    """The shares of faults and duplicates are parts of one."""
    with pytest.raises(ValueError, match="shares"):
        simulate(3, 10, 2025, 1, **wrong)


def test_registrations_come_first(accepted: list[Emitted]) -> None:
    """Nothing speaks of a unit before it is registered, and all units are."""
    shorts = [one.kind.short for one in accepted]
    assert set(shorts[:UNITS]) == {"unit.registered"}
    assert len({one.event.subject for one in accepted[:UNITS]}) == UNITS


def test_every_type_that_may_come_through_the_door_is_in_the_mix() -> None:
    """In a large city nothing of the catalog is missing."""
    types = {json.loads(one)["type"] for one in simulate(100, 100_000, 2025, 1)}
    assert types == {kind.type for kind in CANONICAL.values() if kind.roles}


def test_feedback_and_petitions_are_many_and_violations_few(accepted: list[Emitted]) -> None:
    """The mix is that of a department."""
    count = Counter(one.kind.domain for one in accepted)
    assert count["feedback"] > EVENTS / 4
    assert count["petition"] > EVENTS / 8
    assert 0 < count["violation"] < EVENTS / 50


def test_duplicates_are_exact_or_respelled(lines: list[bytes], accepted: list[Emitted]) -> None:
    """About 2 % repeat an event that was sent, with the same receipt; half in other words."""
    seen: dict[bytes, bytes] = {}
    exact = respelled = 0
    for sent, one in zip(lines, accepted, strict=True):
        first = seen.setdefault(one.identity, sent)
        exact += first == sent
        respelled += first != sent
    exact -= len(seen)
    assert len({one.receipt for one in accepted}) == len(seen)
    assert 0.015 < (exact + respelled) / EVENTS < 0.025
    assert exact > EVENTS / 200 and respelled > EVENTS / 200


def test_retractions_name_events_of_their_source_and_some_come_first() -> None:
    """Corrections take an event back and tell it anew; a few arrive before their target."""
    sent = [one for one in at_the_door(city(seed=1)) if isinstance(one, Emitted)]
    place = {(one.event.source, one.event.id): n for n, one in enumerate(sent)}
    told = [(n, one) for n, one in enumerate(sent) if one.kind.short == "event.retracted"]
    early = known = 0
    for n, one in told:
        assert one.event.data.source == one.event.source
        target = place.get((one.event.data.source, one.event.data.id))
        known += target is not None
        early += target is not None and target > n
    assert known > EVENTS / 250 and known > 0.9 * len(told)
    assert early > 0


def test_units_merge_split_end_and_get_other_codes(accepted: list[Emitted]) -> None:
    """On 1 July several become one and one becomes several; codes are used once they hold."""
    into: dict[str, set[str]] = {}
    out_of: dict[str, set[str]] = {}
    codes, used = set(), set()
    for one in accepted:
        if one.kind.short == "unit.succeeded":
            assert one.event.data.effective == "2025-07-01"
            into.setdefault(one.event.data.successor, set()).add(one.event.subject)
            out_of.setdefault(one.event.subject, set()).add(one.event.data.successor)
        if one.kind.short == "unit.recoded":
            codes.add(one.event.data.code)
        used.add(one.event.subject)
    assert max(map(len, into.values())) > 1 and max(map(len, out_of.values())) > 1
    assert codes and codes <= used
    assert "unit.dissolved" in {one.kind.short for one in accepted}


def test_time_goes_on_and_a_few_events_arrive_late(accepted: list[Emitted]) -> None:
    """Most lines are younger than the one before; the last are of the days after the year."""
    times = [one.time for one in accepted[UNITS:]]
    later = sum(b >= a for a, b in pairwise(times))
    assert 0.8 < later / len(times) < 0.995
    assert {one.year for one in accepted} == {2025, 2026}
    belated = [one for one in accepted if one.year != moments.local_year(one.time)]
    assert belated and {one.year for one in belated} == {2025}


def test_diligent_and_careless_units_differ(accepted: list[Emitted]) -> None:
    """Some units resolve nearly every petition in time, others not even two of three."""
    due: dict[tuple[str, str], int] = {}
    done: dict[tuple[str, str], int] = {}
    for one in accepted:
        if one.kind.short in ("petition.received", "petition.resolved"):
            side = due if one.kind.short == "petition.received" else done
            side.setdefault((one.event.subject, one.event.data.petition), one.time)
    total, kept = Counter(unit for unit, _ in due), Counter(unit for unit, _ in due.keys() & done)
    shares = [kept[unit] / n for unit, n in total.items() if n >= 15]
    assert min(shares) < 0.67 and max(shares) > 0.85


def test_faults_are_refused_each_for_its_own_reason() -> None:
    """On request a share of the lines is bad, and no good line is harmed."""
    items = at_the_door(lines := city(faults=0.05))
    refused = [one for one in items if isinstance(one, Refusal)]
    receipts: dict[bytes, set[bytes]] = {}
    for one in items:
        if isinstance(one, Emitted):
            receipts.setdefault(one.identity, set()).add(one.receipt)
    conflicts = sum(len(several) > 1 for several in receipts.values())
    assert 0.04 < (len(refused) + conflicts) / len(lines) < 0.06
    assert conflicts > 0
    reasons = {(one.faults[0].field, one.faults[0].message[:20]) for one in refused}
    assert len(reasons) >= len(FAULTS)


def test_a_simulated_person_is_never_a_number_of_an_identity_card() -> None:
    """Hexadecimal digits would read as one now and then, and the door refuses those."""
    assert person_key(0xCBCAFBF505764792).startswith("pcbcafbf50576479")
    assert not any(names_number(person_key(0xABCDEFA123456780 + n)) for n in range(16))
