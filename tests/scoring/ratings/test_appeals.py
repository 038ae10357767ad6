"""Appeals and what follows from them, against a model that goes event by event."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import moments
from contracts.envelope import Recorded
from services.scoring.ratings.appeals import Appeal, UndecidedAppeal, appeals, undecided
from services.scoring.ratings.sheet.json_decisions import appeal_members, decision_members
from services.scoring.ratings.sheet.sheet import sheet_decisions
from services.scoring.year.stages import YearState
from tests.support.builders.cities import accepted
from tests.support.builders.events import event

START = moments.instant("2026-01-05T00:00:00Z")
HOUR = 3_600_000_000
UNITS = {"H44.1": "H44.1", "OLD": "H44.1", "H44.2": "H44.2"}
KINDS = ("appeal.filed", "appeal.decided", "adjustment.decided", "exemption.approved")
PLANS = st.lists(
    st.tuples(
        st.sampled_from(KINDS), st.sampled_from([*UNITS, "GONE"]), st.sampled_from("ab"),
        st.sampled_from("12"), st.sampled_from(["upheld", "rejected"]), st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=12,
)  # fmt: skip


def made(number: int, plan: tuple[Any, ...]) -> Recorded:
    """An event that happened at one hour and was recorded at another."""
    short, subject, appeal, decision, outcome, hour, recorded = plan
    data: dict[str, Any] = {
        "appeal.filed": {"appeal": appeal, "reason": f"r{number}"},
        "appeal.decided": {"appeal": appeal, "decision": decision, "outcome": outcome},
        "adjustment.decided": {"decision": decision, "points": "1", "reason": "x"},
        "exemption.approved": {"decision": decision, "indicator": "disclosure"},
    }[short]
    at = moments.rfc3339(START + hour * HOUR)
    item = event(f"{number}", short, subject=subject, time=at, data={**data, "year": 2025})
    (one,) = accepted([item])
    return Recorded(
        one.event, one.kind, one.time, one.year, START + recorded * HOUR, one.identity,
        one.receipt, one.raw,
    )  # fmt: skip


def model(events: list[Recorded], until: int | None) -> list[dict[str, Any]]:
    """The same from the words of YEAR.md: each appeal, then everything about it."""
    about = [(UNITS.get(each.event.subject), each) for each in events]
    keys = {(unit, e.event.data.appeal) for unit, e in about if e.kind.short == "appeal.filed"}
    items = []
    for unit, key in sorted((unit, key) for unit, key in keys if unit is not None):
        of_unit = [e for of, e in about if of == unit]
        filed = [e for e in of_unit if e.kind.short == KINDS[0] and e.event.data.appeal == key]
        closed = [e for e in of_unit if e.kind.short == KINDS[1] and e.event.data.appeal == key]
        earliest = min(filed, key=lambda e: (e.recorded, e.time, e.event.source, e.event.id))
        last = max(closed, key=lambda e: (e.time, e.event.source, e.event.id), default=None)
        number = None if last is None else last.event.data.decision
        items.append({
            "unit": unit, "appeal": key, "reason": earliest.event.data.reason,
            "filed": moments.rfc3339(earliest.time),
            "in_time": until is None or any(e.recorded <= until for e in filed),
            "state": "undecided" if last is None else last.event.data.outcome,
            "decision": number, "decided": None if last is None else moments.rfc3339(last.time),
            "outcome_events": sorted(
                e.event.id for e in of_unit
                if e.kind.short in KINDS[2:] and e.event.data.decision == number
            ),
        })  # fmt: skip
    return items


@settings(max_examples=50)
@given(PLANS, st.none() | st.integers(0, 9), st.randoms(use_true_random=False))
def test_each_appeal_stands_as_the_model_has_it_in_any_order_of_arrival(
    plans: list[tuple[Any, ...]], hour: int | None, shuffle: random.Random
) -> None:
    """By unit and key, whatever code the unit used, and never one of nobody."""
    events = [made(number, plan) for number, plan in enumerate(plans)]
    until = None if hour is None else START + hour * HOUR
    expected = model(events, until)
    shuffle.shuffle(events)
    listed = appeals(events, lambda e: UNITS.get(e.event.subject), until)
    members = [appeal_members(each) for each in listed]
    for item in members:
        item["outcome_events"] = sorted(one["id"] for one in item["outcome_events"])
    names = expected[0].keys() if expected else ()
    assert [{name: item[name] for name in names} for item in members] == expected
    waiting = undecided(
        YearState(year=2025, reply_until=until),
        [each for each in events if each.kind.short in KINDS[:2]],
        lambda e: UNITS.get(e.event.subject),
    )
    assert waiting == [
        UndecidedAppeal(item["unit"], item["appeal"]) for item in expected
        if item["in_time"] and item["state"] == "undecided"
    ]  # fmt: skip


def test_the_decisions_of_a_sheet_name_the_appeals_that_they_answer() -> None:
    """By the number of the decision, both ways; without an appeal they name none."""
    events = [
        made(0, ("appeal.filed", "H44.1", "a", "", "", 0, 3)),
        made(1, ("appeal.decided", "H44.1", "a", "1", "upheld", 2, 4)),
        made(2, ("adjustment.decided", "H44.1", "", "1", "", 3, 5)),
        made(3, ("exemption.approved", "H44.1", "", "2", "", 3, 5)),
    ]
    filed, decided, adjusted, exempted = map(
        decision_members, sheet_decisions(events, START + 2 * HOUR)
    )
    assert (filed["in_time"], filed["state"], filed["decision"]) == (False, "upheld", "1")
    assert filed["outcome_events"] == [{"source": "/portal/a", "id": "2"}]
    assert filed["state_label"]["vi"] == "chấp nhận kiến nghị"
    assert (decided["id"], decided["recordedtime"]) == ("1", "2026-01-05T04:00:00Z")
    assert adjusted["appeals"] == ["a"] and "appeals" not in exempted
    assert msgspec.json.encode([filed, decided, adjusted, exempted])


def test_an_appeal_is_a_plain_value() -> None:
    """Two lists of the same events are equal, so that a page can be compared with another."""
    events = [made(0, ("appeal.filed", "H44.1", "a", "", "", 0, 0))]
    first, second = (appeals(events, lambda _: "H44.1", None) for _ in range(2))
    assert first == second and isinstance(first[0], Appeal)
