"""Command handlers of the violations: load, decide, save, announce."""

from dataclasses import dataclass
from typing import Any

from services.chassis.auth.credentials import READS_ALL, Credential, role_missing
from services.chassis.http.service_api import Problem
from services.chassis.identifiers import new_id
from services.records import journal
from services.records import record as records
from services.records.record import (
    WITHDRAWN,
    Record,
    check_not_withdrawn,
    check_unit,
    load_record,
    order_within_day,
    record_missing,
    unit_of,
)
from services.records.state_machine import Step, StepRefused
from services.records.vault import Vault
from services.records.work import Outcome, Work
from services.violations import domain, labels, queries, store, terms
from services.violations.domain import Case
from services.violations.messages import message
from services.violations.terms import Terms

CLERK, COUNCIL = "clerk", ("council",)
MISTAKE = message("mistake")
"""The reason in retraction events; the text that the user entered never leaves this service."""


@dataclass(frozen=True)
class Violations:
    """The handlers; texts are encrypted by the vault, `terms` are the legal terms."""

    vault: Vault
    terms: Terms

    async def report(self, work: Work, step: Step) -> Outcome:
        """Creates a case: a clerk reports for the clerk's own unit, the council for any unit."""
        work.check_unit(step.data["unit"])
        record: Record[Case] = Record(new_id(work.now), None, ())
        by_unit = work.caller.role == CLERK
        outcome = await self._apply(work, record, _with(step, by_unit=by_unit))
        return outcome._replace(location=f"cases/{record.id}")

    async def step(self, work: Work, id_: str, step: Step) -> Outcome:
        """Applies any later step to a case."""
        record = await self._load(work, id_)
        if record.state is not None:
            _check_clerk(work, record.state, step)
        if step.name == "transfer":
            work.check_unit(step.data["unit"])
            domain.check_elsewhere(record.state, step)
        if step.name == "join" and record.state is not None and record.state.can("join"):
            await _check_joined(work, record.id, record.state, step.data["into"])
        return await self._apply(work, record, step)

    async def retract(self, work: Work, id_: str, version: int, reason: str) -> Outcome:
        """Retracts a mistaken step."""
        record = await self._load(work, id_)
        after = await work.retract(record, version, MISTAKE, domain.evolve, domain.facts)
        if after.state is None:
            await _check_unjoined(work, id_)
        return await self._save(work, record.state, after, {"reason": reason})

    async def erase(self, work: Work, id_: str, field: str | None) -> Outcome:
        """Erases texts of the case and logs who did it; the case stays."""
        record = await self._load(work, id_)
        erased = await store.erase_words(work.conn, id_, field)
        what = f"erased {field or 'all words'} of {id_}"
        await journal.log_read(work.conn, work.by, what, erased, work.now)
        return _outcome(record)

    async def _load(self, work: Work, id_: str) -> Record[Case]:
        if work.caller.role not in READS_ALL:
            # before the check of If-Match: its 412 would reveal that the case exists
            check_visible(work.caller, await load_record(work.conn, id_, domain.evolve))
        record = await work.load(id_, domain.evolve)
        check_visible(work.caller, record)
        work.check_unit(unit_of(record))
        return record

    async def _apply(self, work: Work, record: Record[Case], step: Step) -> Outcome:
        check_not_withdrawn(record)
        stored, words = domain.split_words(order_within_day(record, step))
        if record.state is None or record.state.can(step.name):
            stored = terms.with_last_days(self.terms, record.state, stored)
        after = domain.evolve(record.state, stored)
        facts = domain.facts(record.id, record.state, stored, after)
        saved = await work.append(record, stored, after, facts)
        return await self._save(work, record.state, saved, words)

    async def _save(
        self, work: Work, before: Case | None, record: Record[Case], words: dict[str, str]
    ) -> Outcome:
        """Saves the case and its texts, unless another case is concluded for the same act."""
        await _check_deed(work, before, record)
        await store.save(work.conn, record)
        hidden = {name: self.vault.hide(value) for name, value in words.items()}
        await store.keep_words(work.conn, record.id, record.version, hidden)
        return _outcome(record)


def _with(step: Step, **more: Any) -> Step:
    return step._replace(data={**step.data, **more})


def _check_clerk(work: Work, state: Case, step: Step) -> None:
    """Problem 403 if a clerk handles a case with members that only the council may set.

    These are `by_head`, `self_found` for a case that the unit did not report, and `year`.
    """
    if work.caller.role != CLERK or step.name != "handle":
        return
    if step.data["by_head"]:
        raise role_missing(work.caller, COUNCIL, message("by-head-council"))
    if step.data["self_found"] and not state.by_unit:
        raise role_missing(work.caller, COUNCIL, message("self-found-council"))
    if "year" in step.data:
        raise role_missing(work.caller, COUNCIL, message("year-council"))


async def _check_joined(work: Work, id_: str, state: Case, into: str) -> None:
    """Checks the case that another is joined to.

    StepRefused unless it is another case of the same unit, StepImpossible if it is withdrawn,
    dismissed or joined itself. The locks prevent two cases from joining each other concurrently.
    """
    await journal.lock(work.conn, f"joining in {state.unit}")
    await journal.lock(work.conn, f"joined to {into}")
    exists = into != id_ and bool(await journal.entries(work.conn, into))
    other = await load_record(work.conn, into, domain.evolve) if exists else None
    if other is None or unit_of(other) != state.unit:
        raise StepRefused(message("join-own"), "into")
    stage = WITHDRAWN if other.state is None else other.state.stage
    if stage in (WITHDRAWN, domain.DISMISSED, domain.JOINED):
        why = message("join-ended", case=into, stage=labels.stage(stage))
        raise domain.step_impossible(state, "join", why, {"case": into})


async def _check_unjoined(work: Work, id_: str) -> None:
    """Problem 409 if another case is joined to this one, which is about to be withdrawn."""
    await journal.lock(work.conn, f"joined to {id_}")
    for name in await queries.list_joined(work.conn, id_):
        other = await load_record(work.conn, name, domain.evolve)
        if other.state is None or other.state.into != id_:
            continue
        about = {"case": name} if work.caller.role in READS_ALL or _by_unit(other) else {}
        detail = message("joined-here", case=name) if about else message("joined-here-council")
        raise Problem(409, detail, extra=about)


async def _check_deed(work: Work, before: Case | None, record: Record[Case]) -> None:
    """StepImpossible if another case of the unit is concluded for the same act."""
    state = record.state
    if state is None or state.conclusion is None:
        return
    deed = state.conclusion.deed
    await journal.lock(work.conn, f"{state.unit} {deed}")
    other = await queries.concluded_case(work.conn, state.unit, deed, record.id)
    if other is not None:
        assert before is not None  # a report, the first step, has no conclusion
        step = record.entries[-1].step.name
        why = message("same-deed", case=other)
        raise domain.step_impossible(before, step, why, {"case": other})


def check_visible(reader: Credential, record: Record[Case]) -> None:
    """Problem 404 for a case that is hidden from the reader, 403 for a visible one of another unit.

    A case is visible to its unit if the unit reported it, and in any case after the conclusion.
    """
    if reader.role in READS_ALL:
        return
    state, unit = record.state, unit_of(record)
    concluded = state is not None and state.stage in domain.KNOWN
    if not concluded and not (_by_unit(record) and reader.speaks_for(unit)):
        raise record_missing(record.id)
    check_unit(reader, unit)


def _by_unit(record: Record[Case]) -> bool:
    return bool(record.entries[0].step.data["by_unit"])


def describe(record: Record[Case]) -> dict[str, Any]:
    """The case as a JSON answer, without its texts."""
    return records.describe(record, domain.describe)


def _outcome(record: Record[Case]) -> Outcome:
    return Outcome(record.version, describe(record))
