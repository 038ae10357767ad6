"""The machines of rosters and courses, walked at random against a model that shares no code."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from contracts import moments
from services.records.state_machine import Fact, Step, StepImpossible, StepRefused, replay
from services.training.domain import announcements, roster
from services.training.domain import course as domain
from services.training.domain.announcements import CompletedCourse

HOUR = 3_600_000_000
FIRST = moments.instant("2024-10-01T00:00:00+07:00")
DAYS = 550
NOW = FIRST + DAYS * 24 * HOUR
UNITS, PERSONS, ROLES = ("A", "B"), ("p", "q"), ("official", "board_member")
YEARS = (2024, 2025, 2026)
times = st.integers(0, DAYS * 4).map(lambda quarter_day: FIRST + quarter_day * 6 * HOUR)
CONTROL = settings(
    max_examples=40, stateful_step_count=16, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
HUNT = settings(CONTROL, max_examples=1500, phases=(Phase.generate,))
"""To find a planted fault; what was found need not be made small."""


class Walk(RuleBasedStateMachine):
    """Memberships as the domain has them beside plain lists, and one course of three sessions."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[list[Step]] = []
        self.model: list[dict[str, Any]] = []
        self.course: list[Step] = [
            Step("plan", FIRST, {
                "unit": "A", "title": "t", "topic": "democracy", "hours": "12", "hours_min": "4",
                "test": True,
            })
        ]  # fmt: skip
        self.lists: list[dict[str, tuple[int, str | None]]] = [{}, {}, {}]
        self.starts = [FIRST + n * 150 * 24 * HOUR for n in range(3)]
        for n, starts in enumerate(self.starts):
            self._course("schedule", session=f"s{n}", starts=_text(starts), place="x", hours="4")

    def _course(self, name: str, **data: Any) -> None:
        step = Step(name, NOW, data)
        replay(domain.evolve_course, [*self.course, step])
        self.course.append(step)

    @rule(
        person=st.sampled_from(PERSONS), unit=st.sampled_from(UNITS), role=st.sampled_from(ROLES),
        at=times,
    )  # fmt: skip
    def assign(self, person: str, unit: str, role: str, at: int) -> None:
        """Refused exactly where the model has the role at that time, or later."""
        step = Step("assign", at, {"person": person, "unit": unit, "role": role})
        taken = any(
            (m["person"], m["unit"], m["role"]) == (person, unit, role)
            and (m["end"] is None or m["end"] > at) and (m["start"] <= at)
            for m in self.model
        ) or any(
            (m["person"], m["unit"], m["role"]) == (person, unit, role) and m["start"] >= at
            and m["end"] != m["start"]
            for m in self.model
        )  # fmt: skip
        self.steps.append([step])
        try:
            roster.check_apart(self.stints(), f"m{len(self.model)}", None, "assign")
        except StepImpossible as refused:
            assert taken
            assert refused.about["membership"] in {f"m{n}" for n in range(len(self.model))}
            self.steps.pop()
            return
        assert not taken
        self.model.append({"person": person, "unit": unit, "role": role, "start": at, "end": None})

    @rule(which=st.integers(0, 3), at=times)
    def release(self, which: int, at: int) -> None:
        """Possible once, and not before the start."""
        if which >= len(self.model):
            return
        member = self.model[which]
        step = Step("release", at, {})
        try:
            replay(roster.evolve, [*self.steps[which], step])
        except StepImpossible as refused:
            assert member["end"] is not None and refused.possible == []
        except StepRefused:
            assert member["end"] is None and at < member["start"]
        else:
            assert member["end"] is None and at >= member["start"]
            self.steps[which].append(step)
            member["end"] = at

    @rule(which=st.integers(0, 3))
    def take_back(self, which: int) -> None:
        """A release was a mistake, unless the role was given again since."""
        if which < len(self.model) and self.model[which]["end"] is not None:
            step = self.steps[which].pop()
            try:
                roster.check_apart(self.stints(), f"m{which}", "released", "retract")
            except StepImpossible as refused:
                assert (refused.state, refused.possible) == ("released", [])
                self.steps[which].append(step)
            else:
                self.model[which]["end"] = None

    @rule(
        person=st.sampled_from(PERSONS), n=st.sampled_from((1, 0, 2)),
        hours=st.sampled_from((4, 2)),
        test=st.sampled_from(("passed", "failed")),
    )  # fmt: skip
    def attend(self, person: str, n: int, hours: int, test: str | None) -> None:
        """A row, or another one in its place."""
        row = {"person": person, "hours": str(hours), **({"test": test} if test else {})}
        self._course("attend", session=f"s{n}", rows=[row])
        self.lists[n][person] = (hours, test)

    @rule(person=st.sampled_from(PERSONS), n=st.integers(0, 2))
    def strike(self, person: str, n: int) -> None:
        """Refused exactly where the person is not in the list."""
        try:
            self._course("strike", session=f"s{n}", persons=[person])
        except StepImpossible:
            assert person not in self.lists[n]
        else:
            del self.lists[n][person]

    def stints(self) -> list[roster.Stint]:
        """The stints of all memberships."""
        found = []
        for n, steps in enumerate(self.steps):
            state = replay(roster.evolve, steps)
            assert state is not None
            found += state.stints(f"m{n}")
        return found

    def told(self) -> dict[str, Fact]:
        """What the world has to be told."""
        course = replay(domain.evolve_course, self.course)
        assert course is not None
        found: dict[str, Fact] = {}
        for person in PERSONS:
            done = [
                CompletedCourse(person, "k", "A", one.at, "democracy", one.hours)
                for who, one in course.completed().items()
                if who == person
            ]
            mine = [one for one in self.stints() if one.person == person]
            found |= announcements.desired_of_person(person, mine, done, [], NOW)
        return found

    @invariant()
    def obligations_are_right(self) -> None:
        """Folding what is told gives who is on which roster by the end of each year."""
        folded = fold(self.told())
        for year in YEARS:
            ends = moments.year_start(year + 1)
            on = {
                (m["unit"], m["person"], m["role"])
                for m in self.model
                if m["start"] < ends and (m["end"] is None or m["end"] >= ends)
            }  # fmt: skip
            if year == YEARS[-1]:
                on = {(m["unit"], m["person"], m["role"]) for m in self.model if m["end"] is None}
            assert folded.get(year, set()) == on, year

    @invariant()
    def fulfilments_are_right(self) -> None:
        """A completion is told in each unit where the person is, or comes to in the same year."""
        expected = set()
        for person in PERSONS:
            at, hours = self._completed(person)
            for member in self.model if at is not None else ():
                ends = moments.year_start(moments.local_year(at or 0) + 1)
                spent = member["end"] is None or member["end"] > max(at or 0, member["start"])
                if member["person"] == person and spent and member["start"] < ends:
                    expected.add((member["unit"], person, max(at or 0, member["start"]), hours))
        earliest: dict[tuple[str, str], tuple[str, str, int, Any]] = {}
        for one in sorted(expected, key=lambda one: one[2]):
            earliest.setdefault(one[:2], one)
        found = [
            (fact.subject, fact.data["person"], fact.time, fact.data["hours"])
            for fact in self.told().values()
            if fact.short == "training.completed"
        ]
        assert sorted(found) == sorted(earliest.values())

    def _completed(self, person: str) -> tuple[int | None, str]:
        hours, passed = 0, False
        for starts, attended in zip(self.starts, self.lists, strict=True):
            more, test = attended.get(person, (0, None))
            hours, passed = hours + more, passed or test == "passed"
            if person in attended and hours >= 4 and passed:
                return starts + 4 * HOUR, str(Decimal(hours))
        return None, ""


def _text(at: int) -> str:
    return moments.rfc3339(at)


def fold(told: dict[str, Fact]) -> dict[int, set[tuple[str, str, str]]]:
    """Who is obliged by year: a release clears every role, as scoring folds it."""
    found: dict[int, set[tuple[str, str, str]]] = {}
    for fact in sorted(told.values(), key=lambda fact: fact.time):
        year = found.setdefault(moments.local_year(fact.time), set())
        who = (fact.subject, fact.data.get("person", ""))
        if fact.short == "roster.assigned":
            year.add((*who, fact.data["role"]))
        elif fact.short == "roster.released":
            year -= {one for one in year if one[:2] == who}
    return found


def test_the_machines_agree_with_the_model() -> None:
    """Assigned, released, taken back, attended and struck in any order."""
    run_state_machine_as_test(Walk, settings=CONTROL)


def _never_stays(ended: roster.Stint, other: roster.Stint) -> bool:
    return False


def _one_year(person: str, stints: Any, names: Any, now: int) -> Any:
    return [one for one in _ROSTER(person, stints, names, now) if one[1].time != FIRST_OF_2025]


def _no_carrying(one: CompletedCourse, stints: Any) -> Any:
    return [place for place in _VENUES(one, stints) if place.at == one.at]


def _last_session(self: domain.CourseState) -> Any:
    last = max(one.ends for one in self.sessions.values())
    return {who: done._replace(at=last) for who, done in _COMPLETED(self).items()}


def _failed_counts(state: domain.CourseState, step: Step) -> domain.CourseState:
    rows = [{**row, "test": "passed" if row.get("test") else None} for row in step.data["rows"]]
    return _ATTEND(state, step._replace(data={**step.data, "rows": rows}))


FIRST_OF_2025 = moments.year_start(2025)
_ROSTER, _VENUES = announcements._roster, announcements._venues
_COMPLETED, _ATTEND = domain.CourseState.completed, domain._attend


@pytest.mark.parametrize(
    ("where", "name", "fault"),
    [
        (announcements, "_stays", _never_stays), (announcements, "_roster", _one_year),
        (announcements, "_venues", _no_carrying), (domain.CourseState, "completed", _last_session),
        (domain._STEPS, "attend", _failed_counts), (roster, "check_apart", lambda *_: None),
    ],
)  # fmt: skip
def test_a_planted_fault_is_caught(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, fault: Callable[..., Any]
) -> None:
    """A release that clears too much, a year that is not announced, training that stays behind."""
    if isinstance(where, dict):
        monkeypatch.setitem(where, name, fault)
    else:
        monkeypatch.setattr(where, name, fault)
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run_state_machine_as_test(Walk, settings=HUNT)
