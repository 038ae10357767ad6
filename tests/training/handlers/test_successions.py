"""Mergers: whoever moves meets one key in the pooled view, counted once and not lost.

The events that training announces are rated by the oracle, which follows the specification and
shares no code with training or the fold.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from services.training.handlers import successions
from tests.conftest import eventually
from tests.oracle import rate
from tests.support.builders.acts import (
    DAY,
    assigned,
    attended,
    planned,
    released,
    scheduled,
    told,
    trained,
)
from tests.support.builders.desks import Desk
from tests.training.conftest import Hand

pytestmark = pytest.mark.anyio

OLD, SECOND, NEW, MERGED = "H44.1", "H44.2", "H44.9", "2025-07-01"
START = MERGED + "T00:00:00+07:00"
RUBRIC: dict[str, Any] = {
    "id": "small", "vi": "x", "reference": "x", "years": {"from": 2024, "until": None},
    "kinds": ["commune"], "maximum": 100, "adjustment_limit": "5", "succession": "pooled",
    "reply_days": 14, "groups": [{"id": "g", "vi": "g", "clause": "g"}], "gates": [],
    "bands": [{"class": "A", "vi": "A", "from": "0"}], "top_class_share": None,
    "indicators": [
        {
            "id": "trained", "vi": "x", "clause": "x", "group": "g", "kind": "coverage",
            "points": "60", "obliged": [
                {"set": "roster.assigned", "clear": "roster.released", "key": "person"}
            ],
            "fulfilled": [{"set": "training.completed", "key": "person",
                           "where": {"topic": "democracy"}}],
        },
        {
            "id": "plan", "vi": "x", "clause": "x", "group": "g", "kind": "coverage",
            "points": "40",
            "obliged": [{"set": "course.planned", "clear": "course.cancelled", "key": "course"}],
            "fulfilled": [{"set": "course.held", "key": "course"}],
        },
    ],
}  # fmt: skip


async def scores(
    desk: Desk, *predecessors: str, successor: str = NEW, effective: str = MERGED, year: int = 2025,
    view: str = "pooled",
) -> dict[str, dict[str, str]]:  # fmt: skip
    """The scores of every unit, by the oracle."""
    events = [_sent(one) for one in await desk.events()]
    units = {one["subject"] for one in events} | {successor, *predecessors}
    registry = [
        _registry(unit, "registered", name=unit, kind="commune",
                  **({"valid_from": effective} if unit == successor else {}))
        for unit in sorted(units)
    ] + [
        _registry(unit, "succeeded", successor=successor, effective=effective)
        for unit in predecessors
    ]  # fmt: skip
    rated = rate([*registry, *events], [RUBRIC], year, view)
    return {unit: rating["scores"] for unit, rating in rated.items()}


def _sent(one: Any) -> dict[str, Any]:
    event = json.loads(one.raw)
    return {**event, "type": one.kind.type}


def _registry(unit: str, event: str, /, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": f"{unit}-{event}", "source": "urn:registry", "subject": unit,
        "type": f"vn.danchu.unit.{event}.v1", "time": "2024-01-01T00:00:00Z", "data": data,
    }  # fmt: skip


async def merged(desk: Desk, *predecessors: str, unit: str = NEW, at: str = START) -> list[Any]:
    """The council moves what each predecessor has to the successor."""
    return [
        await desk.succeed("successions", "council", {"predecessor": one, "unit": unit, "at": at})
        for one in predecessors
    ]


async def test_who_was_trained_before_the_merger_is_trained_after_it(desk: Desk) -> None:
    """Four persons of two units, two of them trained before, one after: three of four."""
    for number, unit in (("A1", OLD), ("A2", OLD), ("B1", SECOND), ("B2", SECOND)):
        await assigned(desk, number, unit, day="2025-01-10")
    await trained(desk, "A1", unit=OLD)
    await trained(desk, "B1", unit=SECOND)
    moved = await merged(desk, OLD, SECOND)
    assert [one["memberships"] for one in moved] == [2, 2]
    await trained(desk, "A2", unit=NEW, day="2025-09-09")
    for view in ("pooled", "own"):
        answers = await scores(desk, OLD, SECOND, view=view)
        assert answers[NEW]["trained"] == "45.00", view
    assert (answers[OLD]["trained"], answers[SECOND]["trained"]) == ("30.00", "30.00")


async def test_who_was_on_both_rosters_is_counted_once(desk: Desk) -> None:
    """One person, untrained, beside one that is trained: a half; with the same role or another."""
    for number in ("A1", "A2"):
        await assigned(desk, number, OLD, day="2025-01-10")
    await assigned(desk, "A1", SECOND, day="2025-02-10")
    await assigned(desk, "A2", SECOND, day="2025-02-10", role="board_member")
    await trained(desk, "A2", unit=OLD)
    await merged(desk, OLD, SECOND)
    answers = await scores(desk, OLD, SECOND)
    assert {unit: answers[unit]["trained"] for unit in (OLD, SECOND, NEW)} == {
        OLD: "30.00", SECOND: "30.00", NEW: "30.00",
    }  # fmt: skip


async def test_who_leaves_the_successor_leaves_its_pooled_view(desk: Desk) -> None:
    """The release clears the key that the predecessor had set; the closing rating stays."""
    first = await assigned(desk, "A1", OLD, day="2025-01-10")
    await assigned(desk, "A2", OLD, day="2025-01-10")
    await trained(desk, "A2", unit=OLD)
    await merged(desk, OLD)
    await released(desk, first, "2025-10-01")
    answers = await scores(desk, OLD)
    assert (answers[OLD]["trained"], answers[NEW]["trained"]) == ("30.00", "60.00")


async def test_a_plan_goes_on_in_the_successor(desk: Desk) -> None:
    """Held after the merger it fulfils what the predecessor planned; by due day and key."""
    await assigned(desk, "A1", OLD, day="2025-01-10")
    course = await planned(desk, OLD, due="2025-10-01")
    await planned(desk, OLD, title="Không tổ chức")
    await merged(desk, OLD)
    session = await scheduled(desk, course, "2025-09-09")
    await attended(desk, course, session, {"number": "A1"})
    await desk.succeed(f"courses/{course}/hold", "clerk", {"at": "2025-09-10" + DAY})
    answers = await scores(desk, OLD)
    assert (answers[NEW]["plan"], answers[NEW]["trained"]) == ("20.00", "60.00")


async def test_in_the_year_after_the_merger_everybody_has_one_plain_key(
    desk: Desk, clock: Hand
) -> None:
    """Nothing is pooled any more, and nothing hangs on the predecessor."""
    made = await assigned(desk, "A1", OLD, day="2025-01-10")
    await assigned(desk, "A2", OLD, day="2025-01-10")
    await merged(desk, OLD)
    clock.set("2026-06-01T08:00:00+07:00")
    await eventually(lambda: _begun(desk, 2))
    await trained(desk, "A1", unit=NEW, day="2026-03-03")
    answers = await scores(desk, OLD, year=2026)
    assert answers[NEW]["trained"] == "30.00"
    last = [e for e in await desk.events() if e.kind.short == "training.completed"][-1]
    assert (last.event.data.person, last.event.subject) == (made["person"], NEW)


async def _begun(desk: Desk, count: int) -> bool:
    return len([e for e in await desk.events() if e.year == 2026]) == count


async def test_a_split_leaves_each_person_with_one_of_the_successors(desk: Desk) -> None:
    """Both inherit all facts; each clears whoever went to the other."""
    made = [await assigned(desk, f"A{n}", OLD, day="2025-01-10") for n in range(3)]
    await trained(desk, "A0", unit=OLD)
    other = "H44.8"
    for n, unit in enumerate((NEW, NEW, other)):
        body = {"unit": unit, "at": START}
        await desk.succeed(f"memberships/{made[n]['id']}/transfer", "council", body)
    events = [_sent(one) for one in await desk.events()]
    registry = [
        _registry(unit, "registered", name=unit, kind="commune") for unit in (OLD, NEW, other)
    ]
    ends = [_registry(OLD, "succeeded", successor=unit, effective=MERGED) for unit in (NEW, other)]
    ends[1]["id"] += "-2"
    rated = rate([*registry, *ends, *events], [RUBRIC], 2025, "pooled")
    answers = {unit: rated[unit]["scores"]["trained"] for unit in (OLD, NEW, other)}
    assert answers == {OLD: "20.00", NEW: "30.00", other: "0.00"}


async def test_a_succession_of_many_says_what_is_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked again it moves the rest, courses as well as memberships."""
    monkeypatch.setattr(successions, "TRANSFERS_MAX", 2)
    await assigned(desk, "A1", OLD, day="2025-01-10")
    for _ in range(3):
        await planned(desk, OLD)
    body = {"predecessor": OLD, "unit": NEW, "at": START}
    answers = [await desk.succeed("successions", "council", body) for _ in range(2)]
    names = ("memberships", "courses", "left")
    moved = [tuple(one[name] for name in names) for one in answers]
    assert moved == [(1, 2, True), (0, 1, False)]


async def test_a_succession_is_decided_by_the_council_alone(desk: Desk) -> None:
    """A clerk is 403; a unit does not succeed itself; a transfer is taken back like any step."""
    made = await assigned(desk, "A1", OLD, day="2025-01-10")
    body = {"predecessor": OLD, "unit": NEW, "at": START}
    assert (await desk.post("successions", "clerk", body)).status_code == 403
    same = await desk.post("successions", "council", {**body, "unit": OLD})
    assert same.status_code == 422
    before = await told(desk)
    path = f"memberships/{made['id']}"
    await desk.succeed(f"{path}/transfer", "council", {"unit": NEW, "at": START})
    assert len(await told(desk)) == len(before) + 1
    back = {"version": 2, "reason": "nhầm"}
    assert (await desk.post(f"{path}/retract", "clerk", back)).status_code == 403
    await desk.succeed(f"{path}/retract", "council", back)
    assert await told(desk) == before


async def test_what_was_said_of_a_predecessor_is_taken_back_under_its_key(desk: Desk) -> None:
    """Also after the merger: else the retraction would have no effect (SCORING.md section 2)."""
    made = await assigned(desk, "A1", OLD, day="2025-01-10")
    await trained(desk, "A1", unit=OLD, day="2025-02-10")
    await merged(desk, OLD)
    back = {"version": 2, "reason": "nhầm"}
    await desk.succeed(f"memberships/{made['id']}/retract", "council", back)
    events = {one.event.id: one for one in await desk.events()}
    retractions = [one for one in events.values() if one.kind.short == "event.retracted"]
    assert retractions
    for one in retractions:
        target = events[one.event.data.id]
        assert (one.event.subject, one.event.source) == (target.event.subject, target.event.source)


@pytest.mark.parametrize("seed", range(6))
async def test_random_mergers_agree_with_plain_counting(desk: Desk, seed: int) -> None:
    """Persons come, go, are trained and merged: the pooled view is the roster at the end."""
    rng = random.Random(seed)
    people = [f"P{n}" for n in range(6)]
    on: dict[str, set[str]] = {unit: set() for unit in (OLD, SECOND, NEW)}
    days = iter(f"2025-{1 + n // 28:02d}-{1 + n % 28:02d}" for n in range(6, 300, 3))
    made: dict[tuple[str, str], dict[str, Any]] = {}
    for unit in (OLD, SECOND):
        for number in rng.sample(people, 3):
            made[number, unit] = await assigned(desk, number, unit, day=next(days))
            on[unit].add(number)
    await _wander(desk, rng, on, dict(made), days, (OLD, SECOND))
    known = sorted({number for number, _ in made})
    done = set(rng.sample(known, 2))
    await trained(desk, *sorted(done), unit=OLD, day=next(days))
    await merged(desk, OLD, SECOND)
    before = {unit: set(on[unit]) for unit in (OLD, SECOND)}
    on[NEW] = on[OLD] | on[SECOND]
    days = iter(f"2025-{8 + n // 28:02d}-{1 + n % 28:02d}" for n in range(0, 100, 3))
    for number in rng.sample(people, 2):
        if number not in on[NEW]:
            await assigned(desk, number, NEW, day=next(days))
            on[NEW].add(number)
    later = set(rng.sample(known, 2))
    await trained(desk, *sorted(later), unit=NEW, day=next(days))
    answers = await scores(desk, OLD, SECOND)
    assert _score(on[NEW], done | later) == answers[NEW].get("trained")
    for unit in (OLD, SECOND):
        assert _score(before[unit], done) == answers[unit].get("trained")


async def _wander(
    desk: Desk, rng: random.Random, on: dict[str, set[str]], open_: dict[Any, Any], days: Any,
    units: tuple[str, ...],
) -> None:  # fmt: skip
    for _ in range(4):
        unit = rng.choice(units)
        if on[unit] and rng.random() < 0.6:
            number = rng.choice(sorted(on[unit]))
            await released(desk, open_.pop((number, unit)), next(days))
            on[unit].discard(number)


def _score(obliged: set[str], trained_: set[str]) -> str | None:
    if not obliged:
        return "0.00"
    hundredths = (6000 * len(obliged & trained_) * 2 + len(obliged)) // (2 * len(obliged))
    return f"{hundredths // 100}.{hundredths % 100:02d}"
