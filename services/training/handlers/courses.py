"""What is commanded of courses, each a paragraph."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contracts import moments
from contracts.messages import Message
from services.chassis.auth.credentials import role_missing
from services.chassis.http.service_api import FieldError, Problem
from services.records import journal
from services.records import record as records
from services.records.announcing import new_id
from services.records.record import Done, Loaded, Work, check_stands, settled, unit_of
from services.records.state_machine import Fact, Step
from services.records.vault import Vault
from services.training import queries, store
from services.training.domain import announcements, course
from services.training.domain.attendance import Attendance, Session, Test, behind_sessions, too_long
from services.training.domain.course import Course
from services.training.handlers import reconcile
from services.training.handlers.reconcile import CORRECTED, Difference
from services.training.handlers.rosters import SUCCESSIONS
from services.training.messages import message
from services.training.names import same_name

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Row:
    """A line of an attendance list; `where` names it in errors, by row or index.

    `faults` are what is wrong with it whoever it is about; what they are about is left empty.
    """

    where: str
    hours: str
    test: Test | None
    person: str | None = None
    number: str | None = None
    name: str | None = None
    faults: tuple[FieldError, ...] = ()
    placed: Callable[[str, Message], Message] = lambda _, reason: reason
    """A reason with the place in the list that it is about, by the name of the column."""


class RowsWrong(Problem):
    """An attendance list of which nothing was taken; every bad row is named with its reason."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        one = len(errors) == 1
        many = message("list-refused", count=len(errors))
        super().__init__(422, message("list-refused-one") if one else many, errors)


@dataclass(frozen=True)
class Courses:
    """The handlers of courses; the vault finds persons by their staff numbers."""

    vault: Vault

    async def plan(self, work: Work, step: Step) -> Done:
        """A unit puts a course into its plan."""
        work.may(step.data["unit"])
        record: Loaded[Course] = Loaded(f"course-{new_id(work.now)}", None, ())
        done = await self._take(work, record, step)
        return done._replace(location=f"courses/{record.id}")

    async def step(self, work: Work, id_: str, step: Step) -> Done:
        """Whatever happens to a course afterwards."""
        record = await self._held(work, id_)
        if step.name == "transfer":
            work.may(step.data["unit"])
        if step.name == "hold" and step.day:
            # The day alone is known: it was held when the last session of that day was over.
            at = min(step.at + DAY_US - 1, work.now)
            step = step._replace(at=at, day=False)
        if step.name == "schedule":
            session = next_session(record)
            step = step._replace(data={**step.data, "session": session})
        done = await self._take(work, record, step)
        named = step.data.get("session")
        return done if named is None else done._replace(body={**done.body, "session": named})

    async def attend(
        self, work: Work, id_: str, session: str, rows: Sequence[Row],
        faults: Sequence[FieldError] = (), whole: bool = False,
    ) -> Done:  # fmt: skip
        """The attendance of a session: all rows or none; what is known already is no step.

        `faults` are what is wrong with the list beside its rows. A `whole` list, by which nobody
        attended, is refused: it was filled with zeros, or it says what a strike says.
        """
        record = await self._held(work, id_)
        check_stands(record)
        assert record.state is not None  # by check_stands: a course that is there was planned
        step = Step("attend", work.now, {"session": session})
        held = course.attended_session(record.state, step)
        found = await self._found(work, held, rows, faults)
        new = [
            {"person": person, **{k: v for k, v in one._asdict().items() if v is not None}}
            for person, one in found.items()
            if held.attended.get(person) != one
        ]
        if not new:
            return _done(record)
        if whole and not any(row.present for row in found.values()):
            raise RowsWrong([{"field": "", "message": message("nobody-attended")}])
        return await self._take(work, record, step._replace(data={**step.data, "rows": new}))

    async def retract(self, work: Work, id_: str, version: int, reason: str) -> Done:
        """A step that was a mistake is taken back; the plan itself by the council alone."""
        record = await self._held(work, id_)
        if version == 1 and work.caller.role != "council":
            raise role_missing(work.caller, ("council",), message("act-unplan"))
        found: list[Difference] = []

        async def instead(state: Course | None) -> list[Fact]:
            if state is not None:
                course.check_attended(record.state, state, Step("retract", work.now, {}))
            found.append(await self._difference(work, record, state, reason))
            return found[0].facts()

        after = await work.retract(record, version, reason, course.evolve_course, instead=instead)
        await found[0].remember(work.conn, after.entries[-1].events)
        return _done(after)

    async def _held(self, work: Work, id_: str) -> Loaded[Course]:
        await journal.hold(work.conn, SUCCESSIONS, shared=True)
        record = await work.load(id_, course.evolve_course)
        work.may(unit_of(record))
        return record

    async def _take(self, work: Work, record: Loaded[Course], step: Step) -> Done:
        check_stands(record)
        sessions = record.state.sessions.values() if record.state else ()
        step = settled(record, behind_sessions(sessions, step))
        after = course.next_course(record.state, step)
        difference = await self._difference(work, record, after)
        taken = await work.take(record, step, course.evolve_course, difference.facts())
        await difference.remember(work.conn, taken.entries[-1].events)
        return _done(taken)

    async def _difference(
        self, work: Work, record: Loaded[Course], after: Course | None, reason: str = CORRECTED
    ) -> Difference:
        """Saves the course; what has to be told of it, and of those whose completion changed."""
        before = set(store.completions_of(record.id, record.state))
        changed = before ^ set(store.completions_of(record.id, after))
        persons = {one.person for one in changed}
        await store.lock_persons(work.conn, persons)
        await store.save_course(work.conn, record.id, record.version + 1, after)
        about = await reconcile.of_persons(work.conn, persons, work.now)
        about[record.id] = announcements.of_course(record.id, after)
        return await reconcile.difference(work.conn, about, work.source, work.now, reason)

    async def _found(
        self, work: Work, session: Session, rows: Sequence[Row], faults: Sequence[FieldError]
    ) -> dict[str, Attendance]:
        """The rows by person; RowsWrong names every bad one."""
        index = {r.number: self.vault.index(r.number) for r in rows if r.number is not None}
        known = await queries.persons_of(work.conn, list(index.values()))
        of_number = [known.get(index.get(r.number or "", b""), "") for r in rows]
        keys = [row.person or key for row, key in zip(rows, of_number, strict=True)]
        persons = await queries.persons(work.conn, set(keys))
        errors: list[FieldError] = list(faults)
        seen: set[str] = set()
        for row, key, other in zip(rows, keys, of_number, strict=True):
            excess = too_long(session, row.hours) if row.hours else None
            wrong = [("hours", excess)] if excess else []
            if row.person or row.number:
                wrong += self._wrong_person(row, persons.get(key), other, key in seen)
            errors += row.faults
            errors += [
                {"field": f"{row.where}.{field}", "message": row.placed(field, why)}
                for field, why in wrong
            ]
            seen.add(key)
        if errors:
            raise RowsWrong(errors)
        return {k: Attendance(r.hours, r.test) for k, r in zip(keys, rows, strict=True)}

    def _wrong_person(
        self, row: Row, person: queries.Person | None, of_number: str, twice: bool
    ) -> Iterator[tuple[str, Message]]:
        """The fields and what is wrong with whom the row is about."""
        column = "person" if row.number is None else "number"
        if person is None:
            yield column, message("person-unknown")
            return
        if twice:
            yield column, message("person-twice")
        if row.number is not None and of_number != person.id:
            yield "number", message("number-of-another")
        hidden = person.hidden_name
        if row.name and hidden is not None and not same_name(self.vault.show(hidden), row.name):
            yield "name", message("name-of-another")


def next_session(record: Loaded[Course]) -> str:
    """The name of a session that is added: they are counted from 1, and no number comes again.

    Sessions that were dropped or taken back count too, so that an old list finds no new session.
    """
    steps = [entry.step for entry in record.entries if entry.step.name == "schedule"]
    return f"s{1 + max((session_number(step.data['session']) for step in steps), default=0)}"


def session_number(name: str) -> int:
    """The number of a session by its name: 2 of `s2`."""
    return int(name.removeprefix("s"))


def shown(record: Loaded[Course]) -> dict[str, Any]:
    """The course as it is answered; who attended is asked by session."""
    return records.shown(record, _said)


def _said(state: Course) -> dict[str, Any]:
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
    return [
        {
            "session": name, "number": session_number(name),
            "starts": moments.local_time(one.starts), "place": one.place, "hours": one.hours,
            "attended": sum(Decimal(row.hours) > 0 for row in one.attended.values()),
            "absent": sum(not Decimal(row.hours) for row in one.attended.values()),
        }
        for name, one in sorted(sessions.items(), key=lambda item: item[1].starts)
    ]  # fmt: skip


def _done(record: Loaded[Course]) -> Done:
    return Done(record.version, shown(record))
