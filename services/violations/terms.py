"""Legal terms (periods) as dated data, and the last days that they set for a case. Pure.

The day from which a term runs is not counted (Civil Code 2015, Điều 147), so a term of N days
ends with the N-th day after it. Days are calendar days of Asia/Ho_Chi_Minh: a last day that is
a holiday is not postponed, because the holidays are decided anew each year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from contracts import moments
from services.records.state_machine import Step, StepRefused
from services.violations.domain import UPHELD, Case, Complexity
from services.violations.messages import message

Name = Literal[
    "verification", "handling", "first_appeal", "second_appeal", "second_appeal_dismissal",
    "answer",
]  # fmt: skip
Status = Literal["law", "proposal"]
NAMES: tuple[Name, ...] = get_args(Name)
COMPLEXITIES: tuple[Complexity, ...] = get_args(Complexity)


@dataclass(frozen=True)
class Term:
    """A number of days with its clause of law, in force from day `first` to day `last`.

    Both are proleptic ordinals and inclusive; `last` is None while no end is known.
    """

    name: Name
    vi: str
    first: int
    last: int | None
    days: Mapping[Complexity, int]
    clause: str
    reference: str
    status: Status
    note: str = ""

    def in_force_on(self, day: int) -> bool:
        """Whether it is in force on a day (an ordinal)."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Terms:
    """All legal terms, of any day."""

    terms: tuple[Term, ...]

    def on(self, name: Name, day: int) -> Term | None:
        """The term of a name that is in force on a day (an ordinal); None if there is none."""
        return next((t for t in self.terms if t.name == name and t.in_force_on(day)), None)

    def last_day(self, name: Name, start: int, complexity: Complexity = "ordinary") -> str | None:
        """The last day of a term that runs from `start` (an ordinal); None if no law sets one."""
        term = self.on(name, start)
        if term is None:
            return None
        return date.fromordinal(start + term.days[complexity]).isoformat()


def with_last_days(terms: Terms, state: Case | None, step: Step) -> Step:
    """The step with the last days of the legal terms that begin or end with it.

    The law in force on the first day of a term applies. The last days are stored with the step, so
    a later change of the law does not change them. StepRefused if the law sets no last day, or one
    that has passed, and the caller must give one.
    """
    day = moments.local_day(step.at)
    if step.name == "report":
        return _with(step, due=terms.last_day("verification", day))
    if state is None:
        return step
    reported = moments.local_day(state.reported)
    if step.name == "assign":
        due = terms.last_day("verification", reported, step.data["complexity"])
        return _with(step, due=due)
    if step.name == "conclude" and "due" not in step.data:
        return _with(step, due=_handling_due(terms, state, day))
    if step.name == "appeal":
        return _with(step, **_appeal_term(terms, state, step, day))
    return step


def _with(step: Step, **more: Any) -> Step:
    return step._replace(data={**step.data, **more})


def _handling_due(terms: Terms, state: Case, day: int) -> str:
    """The last day for handling; its term runs from the day the violation became known."""
    due = terms.last_day("handling", moments.local_day(state.reported), state.complexity)
    if due is None:
        raise StepRefused(message("no-handling-term"), "due")
    if moments.day_ordinal(due) < day:
        raise StepRefused(message("handling-term-over", day=due), "due")
    return due


def _appeal_term(terms: Terms, state: Case, step: Step, day: int) -> dict[str, Any]:
    """The last day for this appeal, whether it is late, and the last day for the answer."""
    notified = moments.local_day(state.decided)
    received = step.data.get("received")
    start = notified if received is None else moments.day_ordinal(received)
    if not notified <= start <= day:
        raise StepRefused(message("received-between"), "received")
    until = terms.last_day(_appeal_name(state), start)
    if until is None:
        raise StepRefused(message("no-appeal-term"), "received")
    late = day > moments.day_ordinal(until)
    due = terms.last_day("answer", day, state.complexity)
    return {"until": until, "late": late, "due": due}


def _appeal_name(state: Case) -> Name:
    if state.stage != UPHELD:
        return "first_appeal"
    dismissed = state.handling is not None and state.handling.severity == "dismissal"
    return "second_appeal_dismissal" if dismissed else "second_appeal"
