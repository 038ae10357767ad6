"""Handlers of courses: each is a paragraph of load, decide, save, announce."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contracts import moments
from services.chassis.auth.credentials import role_missing
from services.chassis.http.problems import FieldError
from services.chassis.identifiers import new_id
from services.records import record as records
from services.records.record import Record, check_not_withdrawn, order_within_day, unit_of
from services.records.state_machine import Step
from services.records.vault import Vault
from services.records.work import Outcome, Work
from services.training import store
from services.training.domain import announcements, course
from services.training.domain.attendance import Session, behind_sessions
from services.training.domain.course import CourseState
from services.training.handlers import locks, reconcile
from services.training.handlers.attendance import Row, attendance_by_person
from services.training.handlers.list_errors import ListRefused
from services.training.handlers.reconcile import CORRECTED
from services.training.messages import message

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Courses:
    """The handlers of courses; the vault finds persons by their staff numbers."""

    vault: Vault

    async def plan(self, work: Work, step: Step) -> Outcome:
        """A unit puts a course into its plan."""
        work.check_unit(step.data["unit"])
        record: Record[CourseState] = Record(f"course-{new_id(work.now)}", None, ())
        answer = await self._apply(work, record, step)
        return answer._replace(location=f"courses/{record.id}")

    async def step(self, work: Work, id_: str, step: Step) -> Outcome:
        """Any later step of a course but attendance and retraction."""
        record = await self._load(work, id_)
        if step.name == "transfer":
            work.check_unit(step.data["unit"])
        if step.name == "hold" and step.day:
            # The day alone is known: the course was held when that day was over.
            at = min(step.at + DAY_US - 1, work.now)
            step = step._replace(at=at, day=False)
        if step.name == "schedule":
            step = step._replace(data={**step.data, "session": next_session(record)})
        answer = await self._apply(work, record, step)
        session = step.data.get("session")
        if session is None:
            return answer
        return answer._replace(body={**answer.body, "session": session})

    async def attend(
        self, work: Work, id_: str, session: str, rows: Sequence[Row],
        faults: Sequence[FieldError] = (), whole: bool = False,
    ) -> Outcome:  # fmt: skip
        """The attendance of a session: all rows or none; without a change there is no step.

        `faults` are those of the list beside its rows. A `whole` list by which nobody attended is
        refused: it was filled with zeros, or it means what a strike means.
        """
        record = await self._load(work, id_)
        check_not_withdrawn(record)
        assert record.state is not None  # by check_not_withdrawn: a course with steps was planned
        step = Step("attend", work.now, {"session": session})
        before = course.attendable_session(record.state, step)
        after = await attendance_by_person(work, self.vault, before, rows, faults)
        changes = [
            {"person": person, **{k: v for k, v in row._asdict().items() if v is not None}}
            for person, row in after.items()
            if before.attended.get(person) != row
        ]
        if not changes:
            return _answer(record)
        if whole and not any(row.present for row in after.values()):
            raise ListRefused([{"field": "", "message": message("nobody-attended")}])
        step = step._replace(data={**step.data, "rows": changes})
        return await self._apply(work, record, step)

    async def retract(self, work: Work, id_: str, version: int, reason: str) -> Outcome:
        """A step that was a mistake is taken back; the plan itself by the council alone."""
        record = await self._load(work, id_)
        if version == 1 and work.caller.role != "council":
            raise role_missing(work.caller, ("council",), message("act-unplan"))
        state = work.state_without(record, version, course.evolve_course)
        step = work.retraction(version, reason)
        if state is not None:
            course.check_attended(record.state, state, step)
        return await self._save(work, record, step, state, reason)

    async def _load(self, work: Work, id_: str) -> Record[CourseState]:
        await locks.share_successions(work.conn)
        record = await work.load(id_, course.evolve_course)
        work.check_unit(unit_of(record))
        return record

    async def _apply(self, work: Work, record: Record[CourseState], step: Step) -> Outcome:
        check_not_withdrawn(record)
        sessions = record.state.sessions.values() if record.state else ()
        step = order_within_day(record, behind_sessions(sessions, step))
        state = course.next_course(record.state, step)
        return await self._save(work, record, step, state)

    async def _save(
        self, work: Work, record: Record[CourseState], step: Step, state: CourseState | None,
        reason: str = CORRECTED,
    ) -> Outcome:  # fmt: skip
        """Saves a step with its state; announces the course, and those whose completion changed."""
        before = set(announcements.completions_of(record.id, record.state))
        changes = before ^ set(announcements.completions_of(record.id, state))
        persons = {completion.person for completion in changes}
        await store.lock_persons(work.conn, persons)
        await store.save_course(work.conn, record.id, record.version + 1, state)
        desired = await reconcile.desired_of_persons(work.conn, persons, work.now)
        desired[record.id] = announcements.desired_of_course(record.id, state)
        plan = await reconcile.plan(work.conn, desired)
        return _answer(await reconcile.append(work, record, step, state, plan, reason))


def next_session(record: Record[CourseState]) -> str:
    """The name of a session that is added: they are counted from 1, and no number comes again.

    Sessions that were dropped or taken back count too, so that an old list finds no new session.
    """
    steps = [entry.step for entry in record.entries if entry.step.name == "schedule"]
    return f"s{1 + max((session_number(step.data['session']) for step in steps), default=0)}"


def session_number(name: str) -> int:
    """The number of a session by its name: 2 of `s2`."""
    return int(name.removeprefix("s"))


def course_body(record: Record[CourseState]) -> dict[str, Any]:
    """The course as it is answered; who attended is a query by session."""
    return records.describe(record, _body)


def _body(state: CourseState) -> dict[str, Any]:
    return {
        "stage": state.stage, "possible": sorted(course.moves(state)),
        "year": state.year, "title": state.title, "topic": state.topic,
        "provider": state.provider, "hours": state.hours, "clause": state.clause,
        "due": state.due, "rule": {"hours_min": state.hours_min, "test": state.test},
        "places": [{"unit": p.unit, "from": moments.local_time(p.since)} for p in state.places],
        "ended": None if state.ended is None else moments.local_time(state.ended),
        "sessions": _sessions(state.sessions), "completed": len(state.completed()),
    }  # fmt: skip


def _sessions(sessions: Mapping[str, Session]) -> list[dict[str, Any]]:
    in_order = sorted(sessions.items(), key=lambda item: item[1].starts)
    return [
        {
            "session": name, "number": session_number(name),
            "starts": moments.local_time(session.starts), "place": session.place,
            "hours": session.hours,
            "attended": sum(Decimal(row.hours) > 0 for row in session.attended.values()),
            "absent": sum(not Decimal(row.hours) for row in session.attended.values()),
        }
        for name, session in in_order
    ]  # fmt: skip


def _answer(record: Record[CourseState]) -> Outcome:
    return Outcome(record.version, course_body(record))
