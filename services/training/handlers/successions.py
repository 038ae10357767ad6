"""The handler of a succession of units: it transfers the whole roster and the open plan."""

from collections.abc import Iterable

from contracts import moments
from services.chassis.identifiers import new_id
from services.records.record import Record
from services.records.state_machine import Step, StepRefused
from services.records.work import Outcome, Work
from services.training import queries, store
from services.training.domain import announcements, course, roster
from services.training.domain.reconciliation import Desired
from services.training.handlers import locks, reconcile
from services.training.messages import message

TRANSFERS_MAX = 500


async def succeed(work: Work, step: Step) -> Outcome:
    """A unit is succeeded by another, to which its roster and its open courses are transferred.

    All is announced by the one step. At most TRANSFERS_MAX memberships and as many courses at
    once: `left` says whether to ask again.
    """
    old, new, conn = step.data["predecessor"], step.data["unit"], work.conn
    if old == new:
        raise StepRefused(message("unit-itself"), "unit")
    record: Record[bool] = Record(f"succession-{new_id(work.now)}", None, ())
    await locks.lock_successions(conn)
    year = moments.local_year(step.at)
    courses = await queries.open_courses(conn, old, year, TRANSFERS_MAX + 1)
    desired = await _transfer_courses(work, courses[:TRANSFERS_MAX], step)
    members = await queries.open_memberships(conn, old, step.at, TRANSFERS_MAX + 1)
    persons = await queries.ever_on(conn, old)
    await store.lock_persons(conn, persons)
    for id_, _ in members[:TRANSFERS_MAX]:
        await _transfer_member(work, id_, step)
    await store.insert_link(conn, record.id, old, new, step.at)
    desired |= await reconcile.desired_of_persons(conn, persons, work.now)
    plan = await reconcile.plan(conn, desired)
    await reconcile.append(work, record, step, True, plan)
    body = {
        "id": record.id, "predecessor": old, "unit": new,
        "memberships": len(members[:TRANSFERS_MAX]), "courses": len(courses[:TRANSFERS_MAX]),
        "left": max(len(members), len(courses)) > TRANSFERS_MAX,
    }  # fmt: skip
    return Outcome(1, body, f"successions/{record.id}")


async def _transfer_courses(work: Work, courses: Iterable[str], step: Step) -> dict[str, Desired]:
    """Transfers courses; the facts to be announced of each."""
    desired = {}
    transfer = Step("transfer", step.at, {"unit": step.data["unit"]})
    for id_ in courses:
        record = await work.load(id_, course.evolve_course)
        after = await work.apply(record, transfer, course.evolve_course)
        await store.save_course(work.conn, id_, after.version, after.state)
        desired[id_] = announcements.desired_of_course(id_, after.state)
    return desired


async def _transfer_member(work: Work, id_: str, step: Step) -> None:
    """Transfers a membership; ends it where the person has that role in the successor already."""
    record = await work.load(id_, roster.evolve)
    assert record.state is not None  # by open_memberships: it is on the roster
    person, role, unit = record.state.person, record.state.role, step.data["unit"]
    stints = (await queries.stints(work.conn, [person])).get(person, [])
    others = [stint for stint in stints if stint.membership != id_]
    name = "close" if roster.has_role(others, unit, role, step.at) else "transfer"
    after = await work.apply(record, Step(name, step.at, {"unit": unit}), roster.evolve)
    year = moments.local_year(work.now)
    await store.save_membership(work.conn, id_, after.version, after.state, year)
