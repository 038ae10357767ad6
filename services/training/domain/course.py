"""Courses: what may happen to one next, and who completed it. Pure.

A course of a unit's yearly plan has sessions; who attended them, for how many hours and with
which test result, decides who completed it. Rosters are in `roster`, and the facts that are
announced of both in `announcements`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from contracts import moments
from contracts.messages import Message
from services.records.state_machine import OutOfOrder, Step, StepImpossible, StepRefused, next_state
from services.training.domain import roster
from services.training.domain.attendance import Attendance, Completed, Session, plain, too_long
from services.training.domain.labels import COURSE
from services.training.domain.roster import Placement
from services.training.messages import message

Topic = Literal["democracy", "it_skills", "other"]
PLANNED, SCHEDULED, HELD, CANCELLED = "planned", "scheduled", "held", "cancelled"
_OPEN = {"revise": SCHEDULED, "schedule": SCHEDULED, "transfer": SCHEDULED, "cancel": CANCELLED}
MOVES: dict[str, dict[str, str]] = {
    PLANNED: {**_OPEN, "revise": PLANNED, "transfer": PLANNED},
    SCHEDULED: {
        **_OPEN, "move": SCHEDULED, "drop": SCHEDULED, "attend": SCHEDULED, "strike": SCHEDULED,
        "hold": HELD,
    },
    HELD: {"attend": HELD, "strike": HELD},
    CANCELLED: {},
}  # fmt: skip


@dataclass(frozen=True)
class CourseState:
    """A course in the plan of `year`; the first of `places` planned it.

    `dropped` are the names of sessions that were dropped, which are not used again. The rule to
    complete it: at least `hours_min` attended, and a test passed where `test` asks for one.
    """

    places: tuple[Placement, ...]
    year: int
    title: str
    topic: Topic
    provider: str | None
    hours: str
    clause: str | None
    due: str | None
    hours_min: str
    test: bool
    stage: str = PLANNED
    ended: int | None = None
    sessions: Mapping[str, Session] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()

    @property
    def took_place(self) -> bool:
        """Whether anybody attended: for some hours, or for the test where the rule asks no more."""
        rows = [row for session in self.sessions.values() for row in session.attended.values()]
        by_test = self.test and not Decimal(self.hours_min)
        return any(row.present if by_test else Decimal(row.hours) for row in rows)

    @property
    def unit(self) -> str:
        """The unit that has it in its plan now."""
        return self.places[-1].unit

    def completed(self) -> dict[str, Completed]:
        """Who met the rule, in the first session at the end of which it was met."""
        completed: dict[str, Completed] = {}
        hours: dict[str, Decimal] = {}
        passed: set[str] = set()
        for session in sorted(self.sessions.values(), key=lambda session: session.ends):
            for person, attendance in session.attended.items():
                hours[person] = hours.get(person, Decimal(0)) + Decimal(attendance.hours)
                if attendance.test == "passed":
                    passed.add(person)
                present = hours[person] > 0 or person in passed
                met = present and hours[person] >= Decimal(self.hours_min)
                if met and (person in passed or not self.test) and person not in completed:
                    completed[person] = Completed(session.ends, plain(hours[person]))
        return completed


def evolve_course(state: CourseState | None, step: Step) -> CourseState:
    """The course after a step; StepImpossible or StepRefused say why not."""
    if state is None:
        return _plan(step)
    stage = _next_stage(state, step)
    after = _STEPS[step.name](state, step)
    if stage == SCHEDULED and not after.sessions:
        stage = PLANNED
    return replace(after, stage=stage)


def moves(state: CourseState) -> Mapping[str, str]:
    """The steps that are possible now, each with the stage that it leads to."""
    excluded = set() if state.took_place else {"hold"}
    rows = [row for session in state.sessions.values() for row in session.attended.values()]
    if state.stage == HELD and sum(row.present for row in rows) < 2:
        excluded.add("strike")  # a course that was held was attended by somebody
    return {
        step: stage
        for step, stage in MOVES[state.stage].items()
        if step not in excluded and _hindrance(state, step) is None
    }


def next_course(state: CourseState | None, step: Step) -> CourseState:
    """The course after a new step; a course that is held keeps somebody who attended it.

    Older journals, in which 0 hours counted as attendance, are replayed by `evolve_course`.
    """
    after = evolve_course(state, step)
    check_attended(state, after, step)
    return after


def check_attended(before: CourseState | None, after: CourseState, step: Step) -> None:
    """StepImpossible where a step holds a course that nobody attended, or leaves one so."""
    if after.stage == HELD and not after.took_place:
        is_held = before is not None and before.stage == HELD
        why = message("held-unattended") if is_held else message("hold-unattended")
        raise _impossible(before or after, step, why)


def _hindrance(state: CourseState, step: str) -> Message | None:
    """Why the attendance does not allow a step, whatever the step says; None where it does."""
    if step not in MOVES[state.stage]:
        return None
    sessions = state.sessions.values()
    if step == "cancel" and state.took_place:
        return message("cancel-attended")
    if step == "drop" and all(session.took_place for session in sessions):
        return message("drop-attended")
    if step == "hold" and not any(session.attended for session in sessions):
        return message("hold-unattended")
    if step == "strike" and not any(session.attended for session in sessions):
        return message("strike-nobody")
    return None


def _next_stage(state: CourseState, step: Step) -> str:
    why = _hindrance(state, step.name)
    if why is None and step.name in MOVES[state.stage]:
        return MOVES[state.stage][step.name]
    return next_state(COURSE, state.stage, moves(state), step.name, why or "")


def _impossible(state: CourseState, step: Step, why: Message) -> StepImpossible:
    return StepImpossible(COURSE, state.stage, step.name, moves(state), why)


def _plan(step: Step) -> CourseState:
    data = step.data
    year = data.get("year", moments.local_year(step.at))
    if abs(year - moments.local_year(step.at)) > 1:
        raise StepRefused(message("plan-year"), "year")
    course = CourseState(
        (Placement(data["unit"], step.at),), year, data["title"], data["topic"],
        data.get("provider"), data["hours"], data.get("clause"), data.get("due"),
        data.get("hours_min", data["hours"]), data.get("test", False),
    )  # fmt: skip
    return _with_rule(course)


def _with_rule(course: CourseState) -> CourseState:
    """The course; StepRefused where its rule asks for more hours than it has."""
    if Decimal(course.hours_min) > Decimal(course.hours):
        raise StepRefused(message("rule-hours"), "hours_min")
    return course


def _revise(state: CourseState, step: Step) -> CourseState:
    data = dict(step.data)
    all_hours = "hours" in data and state.hours_min == state.hours
    if data.get("hours_min", None if all_hours else "") is None:
        data["hours_min"] = data.get("hours", state.hours)
    return _with_rule(replace(state, **data))


def _session(state: CourseState, step: Step) -> Session:
    name = step.data["session"]
    if name in state.dropped:
        raise _impossible(state, step, message("session-dropped", session=name))
    session = state.sessions.get(name)
    if session is None:
        raise StepRefused(no_session(state, name), "session")
    return session


def _with_session(state: CourseState, name: str, session: Session) -> CourseState:
    return replace(state, sessions={**state.sessions, name: session})


def _timely(state: CourseState, session: Session) -> Session:
    """The session; StepRefused where it is not near the year of the plan, or lasts over a day."""
    begins, ends = moments.year_start(state.year - 1), moments.year_start(state.year + 2)
    if not begins <= session.starts < ends:
        raise StepRefused(message("session-year"), "starts")
    last = max(session.starts, session.ends)
    if moments.local_day(last) != moments.local_day(session.starts):
        raise StepRefused(message("session-one-day"), "hours")
    return session


def _schedule(state: CourseState, step: Step) -> CourseState:
    data = step.data
    session = Session(moments.instant(data["starts"]), data["place"], data["hours"])
    return _with_session(state, data["session"], _timely(state, session))


def _move(state: CourseState, step: Step) -> CourseState:
    data, session = step.data, _session(state, step)
    starts = moments.instant(data["starts"]) if "starts" in data else session.starts
    place, hours = data.get("place", session.place), data.get("hours", session.hours)
    after = _timely(state, replace(session, starts=starts, place=place, hours=hours))
    if after.took_place and step.at < after.ends:
        raise _impossible(state, step, message("session-attended-ahead"))
    longest = max((Decimal(row.hours) for row in after.attended.values()), default=Decimal(0))
    if longest > Decimal(after.hours):
        why = message("attended-longer", hours=longest)
        raise _impossible(state, step, why)
    return _with_session(state, data["session"], after)


def _drop(state: CourseState, step: Step) -> CourseState:
    if _session(state, step).took_place:
        raise _impossible(state, step, message("session-attended"))
    name = step.data["session"]
    rest = {other: session for other, session in state.sessions.items() if other != name}
    return replace(state, sessions=rest, dropped=state.dropped | {name})


def no_session(state: CourseState, name: str) -> Message:
    """That a course has no such session, and which ones it has."""
    names = ", ".join(sorted(state.sessions, key=lambda name: int(name[1:])))
    return message("session-unknown", session=name, sessions=names or "–")


def attendable_session(state: CourseState, step: Step) -> Session:
    """The session whose attendance a step records; refused before any row is read."""
    _next_stage(state, step)
    session = _session(state, step)
    if step.at < session.ends:
        raise StepRefused(message("session-not-over"), "session")
    return session


def _attend(state: CourseState, step: Step) -> CourseState:
    session = attendable_session(state, step)
    attended = dict(session.attended)
    for i, row in enumerate(step.data["rows"]):
        if fault := too_long(session, row["hours"]):
            raise StepRefused(fault, f"rows.{i}.hours")
        attended[row["person"]] = Attendance(row["hours"], row.get("test"))
    return _with_session(state, step.data["session"], replace(session, attended=attended))


def _strike(state: CourseState, step: Step) -> CourseState:
    session = _session(state, step)
    attended = dict(session.attended)
    for person in step.data["persons"]:
        if attended.pop(person, None) is None:
            why = message("person-not-listed", person=person)
            raise _impossible(state, step, why)
    return _with_session(state, step.data["session"], replace(session, attended=attended))


def _hold(state: CourseState, step: Step) -> CourseState:
    if any(step.at < session.ends for session in state.sessions.values()):
        raise OutOfOrder(step.name)
    if abs(moments.local_year(step.at) - state.year) > 1:
        raise StepRefused(message("hold-year"), "at")
    return _end(state, step)


def _end(state: CourseState, step: Step) -> CourseState:
    if step.at < state.places[-1].since:
        raise OutOfOrder(step.name)
    return replace(state, ended=step.at)


def _transfer(state: CourseState, step: Step) -> CourseState:
    if abs(moments.local_year(step.at) - state.year) > 1:
        raise StepRefused(message("plan-over"), "at")
    if step.data["unit"] == state.unit:
        raise _impossible(state, step, message("unit-has-it", unit=state.unit))
    return replace(state, places=roster.transfer_places(state.places, step))


_STEPS: dict[str, Callable[[CourseState, Step], CourseState]] = {
    "revise": _revise, "schedule": _schedule, "move": _move, "drop": _drop, "attend": _attend,
    "strike": _strike, "hold": _hold, "cancel": _end, "transfer": _transfer,
}  # fmt: skip
