"""Handlers of memberships of rosters: each is a paragraph of load, decide, save, announce."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contracts import moments
from services.chassis.identifiers import new_id
from services.records import record as records
from services.records.record import (
    Record,
    check_not_withdrawn,
    order_within_day,
    record_missing,
    unit_of,
)
from services.records.state_machine import Step
from services.records.work import Outcome, Work
from services.training import queries, store
from services.training.domain import roster
from services.training.domain.roster import MembershipState
from services.training.handlers import locks, reconcile
from services.training.handlers.persons import PersonReference, Persons
from services.training.handlers.reconcile import CORRECTED

BATCH = 200


@dataclass(frozen=True)
class Rosters:
    """The handlers of memberships, and of the persons who have them."""

    persons: Persons

    async def assign(self, work: Work, step: Step, reference: PersonReference) -> Outcome:
        """A person comes on a unit's roster in a role."""
        work.check_unit(step.data["unit"])
        await locks.share_successions(work.conn)
        person = await self.persons.identify(work, reference)
        record: Record[MembershipState] = Record(f"member-{new_id(work.now)}", None, ())
        step = step._replace(data={**step.data, "person": person})
        answer = await self._apply(work, record, step, [person])
        return answer._replace(location=f"memberships/{record.id}")

    async def step(self, work: Work, id_: str, step: Step) -> Outcome:
        """A person is released, or transferred to the unit that succeeds."""
        by_transfer = step.name == "transfer"
        if by_transfer:
            await locks.lock_successions(work.conn)
        else:
            await locks.share_successions(work.conn)
        record, persons = await self._load(work, id_, by_transfer)
        if by_transfer:
            work.check_unit(step.data["unit"])
        return await self._apply(work, record, step, persons)

    async def retract(self, work: Work, id_: str, version: int, reason: str) -> Outcome:
        """A step that was a mistake is taken back."""
        await locks.lock_successions(work.conn)
        record, persons = await self._load(work, id_)
        state = work.state_without(record, version, roster.evolve)
        step = work.retraction(version, reason)
        return await self._save(work, record, step, state, persons, reason)

    async def begin_year(self, work: Work) -> int:
        """Announces for the new year whoever is still on a roster; how many were due.

        A batch at a time, each a record of its own; the unique names of announcements, and the
        locks on persons, let only one of several replicas do it.
        """
        year = moments.local_year(work.now)
        await locks.share_successions(work.conn)
        due = await queries.members_due(work.conn, year, BATCH)
        persons = sorted({person for _, person in due})
        await store.lock_persons(work.conn, persons)
        desired = await reconcile.desired_of_persons(work.conn, persons, work.now)
        plan = await reconcile.plan(work.conn, desired)
        if plan.retractions or plan.additions:
            record: Record[bool] = Record(f"year-{new_id(work.now)}", None, ())
            step = Step("begin_year", work.now, {"year": year})
            await reconcile.append(work, record, step, True, plan)
        await store.mark_year(work.conn, [id_ for id_, _ in due], year)
        return len(due)

    async def _load(
        self, work: Work, id_: str, by_transfer: bool = False
    ) -> tuple[Record[MembershipState], list[str]]:
        """The membership, and the persons whose announcements may change with it, all locked.

        Its places do not change before the lock: whoever changes them locks successions alone.
        """
        persons = await queries.persons_affected(work.conn, id_, by_transfer)
        if not persons:
            raise record_missing(id_)
        await store.lock_persons(work.conn, persons)
        record = await work.load(id_, roster.evolve)
        work.check_unit(unit_of(record))
        return record, persons

    async def _apply(
        self, work: Work, record: Record[MembershipState], step: Step, persons: Iterable[str]
    ) -> Outcome:
        check_not_withdrawn(record)
        step = order_within_day(record, step)
        state = roster.evolve(record.state, step)
        return await self._save(work, record, step, state, persons)

    async def _save(
        self, work: Work, record: Record[MembershipState], step: Step,
        state: MembershipState | None, persons: Iterable[str], reason: str = CORRECTED,
    ) -> Outcome:  # fmt: skip
        """Saves a step with its state, and announces what follows from it for these persons."""
        year = moments.local_year(work.now)
        await store.save_membership(work.conn, record.id, record.version + 1, state, year)
        if state is not None:
            stints = await queries.stints(work.conn, [state.person])
            stage = record.state.stage if record.state else None
            roster.check_apart(stints[state.person], record.id, stage, step.name)
        desired = await reconcile.desired_of_persons(work.conn, persons, work.now)
        plan = await reconcile.plan(work.conn, desired)
        after = await reconcile.append(work, record, step, state, plan, reason)
        return Outcome(after.version, membership_body(after))


def membership_body(record: Record[MembershipState]) -> dict[str, Any]:
    """The membership as it is answered; the person by key alone."""
    return records.describe(record, _body)


def _body(state: MembershipState) -> dict[str, Any]:
    return {
        "person": state.person, "role": state.role, "stage": state.stage,
        "from": moments.local_time(state.places[0].since),
        "until": None if state.end is None else moments.local_time(state.end),
        "places": [{"unit": p.unit, "from": moments.local_time(p.since)} for p in state.places],
        "possible": roster.possible(state.stage),
    }  # fmt: skip
