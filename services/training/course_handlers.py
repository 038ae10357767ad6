"""What is commanded of courses, and what a succession moves, each a paragraph."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts import moments
from services.chassis import journal, records
from services.chassis.announce import new_id
from services.chassis.auth import role_missing
from services.chassis.http import FieldError, Problem
from services.chassis.records import Done, Loaded, Work, check_stands, unit_of
from services.chassis.steps import Fact, Step, StepRefused
from services.chassis.vault import Vault
from services.training import domain, queries, roster, store, telling, wanted
from services.training.domain import Attendance, Course, Session
from services.training.handlers import SUCCESSIONS, same_name
from services.training.telling import CORRECTED, Difference

MOVED_MAX = 500


@dataclass(frozen=True)
class Row:
    """A line of an attendance list; `where` names it in errors, by row or index.

    `faults` are what is wrong with it whoever it is about; what they are about is left empty.
    """

    where: str
    hours: str
    test: domain.Test | None
    person: str | None = None
    number: str | None = None
    name: str | None = None
    faults: tuple[FieldError, ...] = ()


class RowsWrong(Problem):
    """An attendance list of which nothing was taken; every bad row is named with its reason."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        count = f"{len(errors)} faults" if len(errors) > 1 else "one fault"
        detail = f"Nothing was taken, because of {count} in the list."
        super().__init__(422, detail, errors)


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
        if step.name == "schedule":
            step = step._replace(data={**step.data, "session": f"s{record.version + 1}"})
        return await self._take(work, record, step)

    async def attend(self, work: Work, id_: str, session: str, rows: Sequence[Row]) -> Done:
        """The attendance of a session: all rows or none; what is known already is no step."""
        record = await self._held(work, id_)
        check_stands(record)
        assert record.state is not None  # by check_stands: a course that is there was planned
        step = Step("attend", work.now, {"session": session})
        held = domain.attended_session(record.state, step)
        found = await self._found(work, held, rows)
        new = [
            {"person": person, **{k: v for k, v in one._asdict().items() if v is not None}}
            for person, one in found.items()
            if held.attended.get(person) != one
        ]
        if not new:
            return _done(record)
        return await self._take(work, record, step._replace(data={**step.data, "rows": new}))

    async def retract(self, work: Work, id_: str, version: int, reason: str) -> Done:
        """A step that was a mistake is taken back; the plan itself by the council alone."""
        record = await self._held(work, id_)
        if version == 1 and work.caller.role != "council":
            raise role_missing(work.caller, ("council",), "Taking a course out of the plan")
        found: list[Difference] = []

        async def instead(state: Course | None) -> list[Fact]:
            found.append(await self._difference(work, record, state, reason))
            return found[0].facts()

        after = await work.retract(record, version, reason, domain.evolve_course, instead=instead)
        await found[0].remember(work.conn, after.entries[-1].events)
        return _done(after)

    async def _held(self, work: Work, id_: str) -> Loaded[Course]:
        await journal.hold(work.conn, SUCCESSIONS, shared=True)
        record = await work.load(id_, domain.evolve_course)
        work.may(unit_of(record))
        return record

    async def _take(self, work: Work, record: Loaded[Course], step: Step) -> Done:
        check_stands(record)
        after = domain.evolve_course(record.state, step)
        difference = await self._difference(work, record, after)
        taken = await work.take(record, step, domain.evolve_course, difference.facts())
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
        about = await telling.of_persons(work.conn, persons, work.now)
        about[record.id] = wanted.of_course(record.id, after)
        return await telling.difference(work.conn, about, work.source, work.now, reason)

    async def _found(
        self, work: Work, session: Session, rows: Sequence[Row]
    ) -> dict[str, Attendance]:
        """The rows by person; RowsWrong names every bad one."""
        index = {r.number: self.vault.index(r.number) for r in rows if r.number is not None}
        known = await queries.persons_of(work.conn, list(index.values()))
        of_number = [known.get(index.get(r.number or "", b""), "") for r in rows]
        keys = [row.person or key for row, key in zip(rows, of_number, strict=True)]
        persons = await queries.persons(work.conn, set(keys))
        errors: list[FieldError] = []
        seen: set[str] = set()
        for row, key, other in zip(rows, keys, of_number, strict=True):
            too_long = domain.too_long(session, row.hours) if row.hours else ""
            wrong = [("hours", too_long)] if too_long else []
            if row.person or row.number:
                wrong += self._wrong_person(row, persons.get(key), other, key in seen)
            errors += row.faults
            errors += [{"field": f"{row.where}.{field}", "message": why} for field, why in wrong]
            seen.add(key)
        if errors:
            raise RowsWrong(errors)
        return {k: Attendance(r.hours, r.test) for k, r in zip(keys, rows, strict=True)}

    def _wrong_person(
        self, row: Row, person: queries.Person | None, of_number: str, twice: bool
    ) -> Iterator[tuple[str, str]]:
        """The fields and what is wrong with whom the row is about."""
        column = "person" if row.number is None else "number"
        if person is None:
            yield column, "Nobody is known by this: put the person on a roster first."
            return
        if twice:
            yield column, "This person stands in the list twice."
        if row.number is not None and of_number != person.id:
            yield "number", "The staff number is of another person than the key."
        hidden = person.hidden_name
        if row.name and hidden is not None and not same_name(self.vault.show(hidden), row.name):
            yield "name", "Another name is known for this person."


def shown(record: Loaded[Course]) -> dict[str, Any]:
    """The course as it is answered; who attended is asked by session."""
    return records.shown(record, _said)


def _said(state: Course) -> dict[str, Any]:
    return {
        "stage": state.stage, "possible": sorted(domain.moves(state)),
        "year": state.year, "title": state.title, "topic": state.topic,
        "provider": state.provider, "hours": state.hours, "clause": state.clause,
        "due": state.due, "rule": {"hours_min": state.hours_min, "test": state.test},
        "places": [{"unit": p.unit, "from": moments.spelled(p.since)} for p in state.places],
        "ended": None if state.ended is None else moments.spelled(state.ended),
        "sessions": _sessions(state.sessions), "completed": len(state.completed()),
    }  # fmt: skip


def _sessions(sessions: Mapping[str, Session]) -> list[dict[str, Any]]:
    return [
        {
            "session": name, "starts": moments.spelled(one.starts), "place": one.place,
            "hours": one.hours, "attended": len(one.attended),
        }
        for name, one in sorted(sessions.items(), key=lambda item: item[1].starts)
    ]  # fmt: skip


def _done(record: Loaded[Course]) -> Done:
    return Done(record.version, shown(record))


async def succeed(work: Work, step: Step) -> Done:
    """A unit goes on in another: whoever is on its roster, and what it still plans, moves.

    All is announced by the one step. At most MOVED_MAX memberships and as many courses at once:
    `left` says whether to ask again.
    """
    old, new, conn = step.data["predecessor"], step.data["unit"], work.conn
    if old == new:
        raise StepRefused("A unit does not succeed itself.", "unit")
    record = f"succession-{new_id(work.now)}"
    await journal.hold(conn, SUCCESSIONS)
    year = moments.local_year(step.at)
    planned = await queries.open_courses(conn, old, year, MOVED_MAX + 1)
    about = await _move_courses(work, planned[:MOVED_MAX], step)
    due = await queries.open_memberships(conn, old, step.at, MOVED_MAX + 1)
    persons = await queries.ever_on(conn, old)
    await store.lock_persons(conn, persons)
    for id_, _ in due[:MOVED_MAX]:
        await _move_member(work, id_, step)
    await store.link(conn, record, old, new, step.at)
    about |= await telling.of_persons(conn, persons, work.now)
    difference = await telling.difference(conn, about, work.source, work.now)
    fresh: Loaded[bool] = Loaded(record, None, ())
    taken = await work.take(fresh, step, roster.evolve_batch, difference.facts())
    await difference.remember(conn, taken.entries[-1].events)
    body = {
        "id": record, "predecessor": old, "unit": new, "memberships": len(due[:MOVED_MAX]),
        "courses": len(planned[:MOVED_MAX]), "left": max(len(due), len(planned)) > MOVED_MAX,
    }  # fmt: skip
    return Done(1, body, f"successions/{record}")


async def _move_courses(work: Work, planned: Iterable[str], step: Step) -> dict[str, wanted.Wanted]:
    about = {}
    for id_ in planned:
        record = await work.load(id_, domain.evolve_course)
        moved = await work.take(record, _transfer(step), domain.evolve_course)
        await store.save_course(work.conn, id_, moved.version, moved.state)
        about[id_] = wanted.of_course(id_, moved.state)
    return about


async def _move_member(work: Work, id_: str, step: Step) -> None:
    """Moves a membership, or ends it where the person has that role in the successor already."""
    record = await work.load(id_, roster.evolve)
    moved = roster.evolve(record.state, _transfer(step))
    others = await _others(work, moved.person, id_)
    close = Step("close", step.at, {"unit": moved.unit})
    taken = close if _taken(others, moved, step) else _transfer(step)
    after = await work.take(record, taken, roster.evolve)
    year = moments.local_year(work.now)
    await store.save_membership(work.conn, id_, after.version, after.state, year)


async def _others(work: Work, person: str, id_: str) -> list[roster.Stint]:
    stints = await queries.stints(work.conn, [person])
    return [one for one in stints.get(person, []) if one.membership != id_]


def _taken(others: Iterable[roster.Stint], moved: roster.Membership, step: Step) -> bool:
    """Whether the person has the same role in the successor from then on, or later."""
    return any(
        (one.unit, one.role) == (moved.unit, moved.role)
        and (one.holds(step.at) or one.start > step.at)
        for one in others
    )


def _transfer(step: Step) -> Step:
    return Step("transfer", step.at, {"unit": step.data["unit"]})
