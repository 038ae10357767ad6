"""Reconciliation: a plan leads from the announced facts to the desired ones, and no further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import moments
from services.records.state_machine import RETRACTION, Fact
from services.training.domain import course, roster
from services.training.domain.reconciliation import Announcement, Desired, reconcile
from tests.support.builders.acts import DAY, assigned, planned, released, scheduled
from tests.support.builders.desks import ON_SQLITE, Desk

START = moments.year_start(2025)
PERSONS, KINDS = ("p", "q", "r"), ("assigned", "released", "completed")
facts = st.builds(
    lambda role, unit, days: Fact(
        "roster.assigned", unit, START + days * 86_400_000_000, {"person": "p", "role": role}
    ),
    st.sampled_from(("official", "other")), st.sampled_from(("A", "B")), st.integers(0, 2),
)  # fmt: skip


@st.composite
def desires(draw: st.DrawFn) -> dict[str, Desired]:
    """Facts about all persons, each name about one person as the domain makes them."""
    return {
        person: draw(
            st.dictionaries(
                st.sampled_from(KINDS).map(lambda kind, of=person: f"{kind}:{of}-record:x"),  # type: ignore[misc]
                facts,
            )
        )
        for person in PERSONS
    }


class World:
    """What a listener knows by the events alone, beside the rows that the service saves."""

    def __init__(self) -> None:
        self.rows: list[Announcement] = []
        self.facts: dict[str, Fact] = {}
        self.events = 0

    def carry_out(self, desired: Mapping[str, Desired]) -> Sequence[Fact]:
        """Emits the events of the plan, and saves its rows by their ids."""
        plan = reconcile(self.rows, desired)
        emitted = plan.facts("urn:x", START, "reason")
        ids = []
        for fact in emitted:
            self.events += 1
            ids.append(f"event-{self.events}")
            if fact.short == RETRACTION:
                del self.facts[fact.data["id"]]
            else:
                self.facts[ids[-1]] = fact
        removed = plan.removed_names()
        self.rows = [row for row in self.rows if row.name not in removed] + plan.added_rows(ids)
        return emitted


def _flat(desired: Mapping[str, Desired]) -> dict[str, Fact]:
    return {name: fact for facts_ in desired.values() for name, fact in facts_.items()}


@given(st.lists(desires(), min_size=1, max_size=5))
def test_the_plan_leads_from_the_announced_to_the_desired(histories: Any) -> None:
    """By its events, each row of them has the desired fact under its name, and each name once."""
    world = World()
    for desired in histories:
        world.carry_out(desired)
        by_name = {row.name: world.facts[row.event] for row in world.rows}
        assert by_name == _flat(desired)
        assert len(by_name) == len(world.rows) == len(world.facts)


@given(desires(), desires())
def test_the_plan_is_empty_exactly_where_nothing_differs(before: Any, after: Any) -> None:
    """What is announced with the same content is neither retracted nor announced again."""
    world = World()
    world.carry_out(before)
    assert world.carry_out(before) == []
    emitted = world.carry_out(after)
    assert (emitted == []) == (_flat(before) == _flat(after))
    changed = {
        name
        for name in _flat(before) | _flat(after)
        if _flat(before).get(name) != _flat(after).get(name)
    }
    retracted = sum(fact.short == RETRACTION for fact in emitted)
    assert retracted == len(changed & set(_flat(before)))
    assert len(emitted) - retracted == len(changed & set(_flat(after)))


@given(desires(), desires())
def test_a_plan_retracts_first_and_announces_in_the_order_of_time(before: Any, after: Any) -> None:
    """Whatever the order in which the desired facts were derived."""
    world = World()
    world.carry_out(before)
    reversed_ = {
        about: dict(reversed(list(facts_.items()))) for about, facts_ in reversed(after.items())
    }
    assert reconcile(world.rows, after) == reconcile(reversed(world.rows), reversed_)
    plan = reconcile(world.rows, after)
    shorts = [fact.short for fact in plan.facts("urn:x", START, "reason")]
    assert shorts[: len(plan.retractions)] == [RETRACTION] * len(plan.retractions)
    times = [fact.time for _, fact in plan.additions]
    assert times == sorted(times)


@ON_SQLITE
@pytest.mark.anyio
async def test_a_command_evolves_the_state_once_beside_the_replay(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call for each step of the journal, and one for the new step; none for a retraction."""
    steps: list[str] = []

    def counted(evolve: Any) -> Any:
        def call(state: Any, step: Any) -> Any:
            steps.append(step.name)
            return evolve(state, step)

        return call

    monkeypatch.setattr(roster, "evolve", counted(roster.evolve))
    monkeypatch.setattr(course, "evolve_course", counted(course.evolve_course))
    membership = await assigned(desk, "CB-1")
    await released(desk, membership, "2025-04-01")
    assert steps == ["assign", "assign", "release"]
    steps.clear()
    id_ = await planned(desk)
    await scheduled(desk, id_)
    assert steps == ["plan", "plan", "schedule"]
    steps.clear()
    body = {"predecessor": "H44.2.1", "unit": "H44.9", "at": "2025-07-01" + DAY}
    await desk.succeed("successions", "council", body)
    assert steps == ["plan", "schedule", "transfer"]
    steps.clear()
    back = {"version": 2, "reason": "nhầm"}
    await desk.succeed(f"memberships/{membership['id']}/retract", "clerk", back)
    assert steps == ["assign", "release", "assign"]  # the replay, and the state without the step
