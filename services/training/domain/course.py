"""Courses: what may happen to one next, and who completed it. Pure.

A course of a unit's yearly plan has sessions; who attended them, for how many hours and with
which test result, decides who completed it. Rosters stand in `roster`, and what the world is
told of both in `wanted`.
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
from services.training.domain.roster import Place
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
class Course:
    """A course in the plan of `year`; the first of `places` planned it.

    Of sessions that were dropped the names are kept.

    Its rule: `hours_min` attended at least, and a test passed where `test` asks for one.
    """

    places: tuple[Place, ...]
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
        rows = [row for one in self.sessions.values() for row in one.attended.values()]
        by_test = self.test and not Decimal(self.hours_min)
        return any(row.present if by_test else Decimal(row.hours) for row in rows)

    @property
    def unit(self) -> str:
        """The unit that has it in its plan now."""
        return self.places[-1].unit

    def completed(self) -> dict[str, Completed]:
        """Who met the rule, in the first session at the end of which it was met."""
        found: dict[str, Completed] = {}
        hours: dict[str, Decimal] = {}
        passed: set[str] = set()
        for session in sorted(self.sessions.values(), key=lambda one: one.ends):
            for person, attendance in session.attended.items():
                hours[person] = hours.get(person, Decimal(0)) + Decimal(attendance.hours)
                if attendance.test == "passed":
                    passed.add(person)
                there = hours[person] > 0 or person in passed
                met = there and hours[person] >= Decimal(self.hours_min)
                if met and (person in passed or not self.test) and person not in found:
                    found[person] = Completed(session.ends, plain(hours[person]))
        return found


def evolve_course(state: Course | None, step: Step) -> Course:
    """The course after a step; StepImpossible or StepRefused say why not."""
    if state is None:
        return _planned(step)
    stage = _next(state, step)
    moved = _COURSE[step.name](state, step)
    if stage == SCHEDULED and not moved.sessions:
        stage = PLANNED
    return replace(moved, stage=stage)


def moves(state: Course) -> Mapping[str, str]:
    """The steps that are possible now, each with the stage that it leads to."""
    without = set() if state.took_place else {"hold"}
    present = [r for one in state.sessions.values() for r in one.attended.values() if r.present]
    if state.stage == HELD and len(present) < 2:
        without.add("strike")
    return {
        step: stage
        for step, stage in MOVES[state.stage].items()
        if step not in without and _hindrance(state, step) is None
    }


def next_course(state: Course | None, step: Step) -> Course:
    """The course after a new step: what was held was attended by somebody, and stays so.

    Journals of earlier days, where 0 hours counted as attendance, are read by `evolve_course`.
    """
    after = evolve_course(state, step)
    check_attended(state, after, step)
    return after


def check_attended(before: Course | None, after: Course, step: Step) -> None:
    """StepImpossible where a step holds a course that nobody attended, or leaves one so."""
    if after.stage == HELD and not after.took_place:
        held = before is not None and before.stage == HELD
        why = message("held-unattended") if held else message("hold-unattended")
        raise _impossible(before or after, step, why)


def _hindrance(state: Course, step: str) -> Message | None:
    """Why who attended, or that nobody did, does not allow a step, whatever it says."""
    if step not in MOVES[state.stage]:
        return None
    sessions = state.sessions.values()
    if step == "cancel" and state.took_place:
        return message("cancel-attended")
    if step == "drop" and all(one.took_place for one in sessions):
        return message("drop-attended")
    if step == "hold" and not any(one.attended for one in sessions):
        return message("hold-unattended")
    if step == "strike" and not any(one.attended for one in sessions):
        return message("strike-nobody")
    return None


def _next(state: Course, step: Step) -> str:
    why = _hindrance(state, step.name)
    if why is None and step.name in MOVES[state.stage]:
        return MOVES[state.stage][step.name]
    return next_state(COURSE, state.stage, moves(state), step.name, why or "")


def _impossible(state: Course, step: Step, why: Message) -> StepImpossible:
    return StepImpossible(COURSE, state.stage, step.name, moves(state), why)


def _planned(step: Step) -> Course:
    data = step.data
    year = data.get("year", moments.local_year(step.at))
    if abs(year - moments.local_year(step.at)) > 1:
        raise StepRefused(message("plan-year"), "year")
    course = Course(
        (Place(data["unit"], step.at),), year, data["title"], data["topic"], data.get("provider"),
        data["hours"], data.get("clause"), data.get("due"), data.get("hours_min", data["hours"]),
        data.get("test", False),
    )  # fmt: skip
    return _checked(course)


def _checked(course: Course) -> Course:
    if Decimal(course.hours_min) > Decimal(course.hours):
        raise StepRefused(message("rule-hours"), "hours_min")
    return course


def _revise(state: Course, step: Step) -> Course:
    data = dict(step.data)
    if "hours" in data and state.hours_min == state.hours:
        data.setdefault("hours_min", data["hours"])
    return _checked(replace(state, **data))


def _session(state: Course, step: Step) -> Session:
    name = step.data["session"]
    if name in state.dropped:
        raise _impossible(state, step, message("session-dropped", session=name))
    found = state.sessions.get(name)
    if found is None:
        raise StepRefused(no_session(state, name), "session")
    return found


def _with(state: Course, name: str, session: Session) -> Course:
    return replace(state, sessions={**state.sessions, name: session})


def _timely(state: Course, session: Session) -> Session:
    begins, ends = moments.year_start(state.year - 1), moments.year_start(state.year + 2)
    if not begins <= session.starts < ends:
        raise StepRefused(message("session-year"), "starts")
    last = max(session.starts, session.ends)
    if moments.local_day(last) != moments.local_day(session.starts):
        raise StepRefused(message("session-one-day"), "hours")
    return session


def _schedule(state: Course, step: Step) -> Course:
    data = step.data
    made = Session(moments.instant(data["starts"]), data["place"], data["hours"])
    return _with(state, data["session"], _timely(state, made))


def _move(state: Course, step: Step) -> Course:
    data, session = step.data, _session(state, step)
    starts = moments.instant(data["starts"]) if "starts" in data else session.starts
    place, hours = data.get("place", session.place), data.get("hours", session.hours)
    moved = _timely(state, replace(session, starts=starts, place=place, hours=hours))
    if moved.took_place and step.at < moved.ends:
        raise _impossible(state, step, message("session-attended-ahead"))
    longest = max((Decimal(row.hours) for row in moved.attended.values()), default=Decimal(0))
    if longest > Decimal(moved.hours):
        why = message("attended-longer", hours=longest)
        raise _impossible(state, step, why)
    return _with(state, data["session"], moved)


def _drop(state: Course, step: Step) -> Course:
    if _session(state, step).took_place:
        raise _impossible(state, step, message("session-attended"))
    name = step.data["session"]
    rest = {other: one for other, one in state.sessions.items() if other != name}
    return replace(state, sessions=rest, dropped=state.dropped | {name})


def no_session(state: Course, name: str) -> Message:
    """That a course has no such session, and which ones it has."""
    known = ", ".join(sorted(state.sessions, key=lambda one: int(one[1:])))
    return message("session-unknown", session=name, sessions=known or "–")


def attended_session(state: Course, step: Step) -> Session:
    """The session that a step writes attendance of; it is refused before any row is looked at."""
    _next(state, step)
    session = _session(state, step)
    if step.at < session.ends:
        raise StepRefused(message("session-not-over"), "session")
    return session


def _attend(state: Course, step: Step) -> Course:
    session = attended_session(state, step)
    attended = dict(session.attended)
    for i, row in enumerate(step.data["rows"]):
        if wrong := too_long(session, row["hours"]):
            raise StepRefused(wrong, f"rows.{i}.hours")
        attended[row["person"]] = Attendance(row["hours"], row.get("test"))
    return _with(state, step.data["session"], replace(session, attended=attended))


def _strike(state: Course, step: Step) -> Course:
    session = _session(state, step)
    attended = dict(session.attended)
    for person in step.data["persons"]:
        if attended.pop(person, None) is None:
            why = message("person-not-listed", person=person)
            raise _impossible(state, step, why)
    return _with(state, step.data["session"], replace(session, attended=attended))


def _hold(state: Course, step: Step) -> Course:
    if any(step.at < one.ends for one in state.sessions.values()):
        raise OutOfOrder(step.name)
    if abs(moments.local_year(step.at) - state.year) > 1:
        raise StepRefused(message("hold-year"), "at")
    return _ended(state, step)


def _ended(state: Course, step: Step) -> Course:
    if step.at < state.places[-1].since:
        raise OutOfOrder(step.name)
    return replace(state, ended=step.at)


def _course_transfer(state: Course, step: Step) -> Course:
    if abs(moments.local_year(step.at) - state.year) > 1:
        raise StepRefused(message("plan-over"), "at")
    if step.data["unit"] == state.unit:
        raise _impossible(state, step, message("unit-has-it", unit=state.unit))
    return replace(state, places=roster.moved(state.places, step))


_COURSE: dict[str, Callable[[Course, Step], Course]] = {
    "revise": _revise, "schedule": _schedule, "move": _move, "drop": _drop, "attend": _attend,
    "strike": _strike, "hold": _hold, "cancel": _ended, "transfer": _course_transfer,
}  # fmt: skip
