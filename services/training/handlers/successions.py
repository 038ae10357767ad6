"""What a succession of units moves: everybody on the roster, and what is still planned."""

from collections.abc import Iterable

from contracts import moments
from services.records import journal
from services.records.announcing import new_id
from services.records.record import Done, Loaded, Work
from services.records.state_machine import Step, StepRefused
from services.training import queries, store
from services.training.domain import announcements, course, roster
from services.training.handlers import reconcile
from services.training.handlers.rosters import SUCCESSIONS
from services.training.messages import message

MOVED_MAX = 500


async def succeed(work: Work, step: Step) -> Done:
    """A unit goes on in another: whoever is on its roster, and what it still plans, moves.

    All is announced by the one step. At most MOVED_MAX memberships and as many courses at once:
    `left` says whether to ask again.
    """
    old, new, conn = step.data["predecessor"], step.data["unit"], work.conn
    if old == new:
        raise StepRefused(message("unit-itself"), "unit")
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
    about |= await reconcile.of_persons(conn, persons, work.now)
    difference = await reconcile.difference(conn, about, work.source, work.now)
    fresh: Loaded[bool] = Loaded(record, None, ())
    taken = await work.take(fresh, step, roster.evolve_batch, difference.facts())
    await difference.remember(conn, taken.entries[-1].events)
    body = {
        "id": record, "predecessor": old, "unit": new, "memberships": len(due[:MOVED_MAX]),
        "courses": len(planned[:MOVED_MAX]), "left": max(len(due), len(planned)) > MOVED_MAX,
    }  # fmt: skip
    return Done(1, body, f"successions/{record}")


async def _move_courses(
    work: Work, planned: Iterable[str], step: Step
) -> dict[str, announcements.Wanted]:
    about = {}
    for id_ in planned:
        record = await work.load(id_, course.evolve_course)
        moved = await work.take(record, _transfer(step), course.evolve_course)
        await store.save_course(work.conn, id_, moved.version, moved.state)
        about[id_] = announcements.of_course(id_, moved.state)
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
