"""The state machine of a case: possible steps, and the facts of each step. Pure.

Reported, assigned, verified; then dismissed, joined to another case of the same act, or concluded
and handled; appealed, upheld, overturned. One act is sanctioned once. No fact is announced before a
conclusion, and none has a text: a step only names its texts, which are stored encrypted elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from contracts import moments
from services.records.state_machine import (
    Fact,
    Step,
    StepImpossible,
    StepRefused,
    check_order,
    next_state,
)
from services.violations.labels import CASE
from services.violations.messages import message

Act = Literal["9.1", "9.2", "9.3", "9.4", "9.5"]
Complexity = Literal["ordinary", "complex", "very_complex"]
Severity = Literal["reminder", "reprimand", "warning", "dismissal"]
Appellant = Literal["sanctioned_person", "unit", "reporter"]
Authority = Literal["council", "superior", "court"]
REPORTED, ASSIGNED, VERIFIED = "reported", "assigned", "verified"
DISMISSED, JOINED, CONCLUDED, HANDLED = "dismissed", "joined", "concluded", "handled"
APPEALED, UPHELD, OVERTURNED = "appealed", "upheld", "overturned"
IN_FORCE = frozenset((CONCLUDED, HANDLED, APPEALED, UPHELD))
KNOWN = IN_FORCE | {OVERTURNED}
APPEALS_MAX = 2
WORDS = ("allegation", "place", "reporter", "outcome", "reason", "measure")
MOVES: dict[str, dict[str, str]] = {
    REPORTED: {"assign": ASSIGNED, "join": JOINED, "transfer": REPORTED},
    ASSIGNED: {"assign": ASSIGNED, "verify": VERIFIED, "join": JOINED, "transfer": ASSIGNED},
    VERIFIED: {
        "assign": ASSIGNED, "dismiss": DISMISSED, "conclude": CONCLUDED, "join": JOINED,
        "transfer": VERIFIED,
    },
    DISMISSED: {},
    JOINED: {},
    CONCLUDED: {"handle": HANDLED, "overturn": OVERTURNED, "transfer": CONCLUDED},
    HANDLED: {"appeal": APPEALED, "overturn": OVERTURNED, "transfer": HANDLED},
    APPEALED: {"uphold": UPHELD, "overturn": OVERTURNED, "transfer": APPEALED},
    UPHELD: {"appeal": APPEALED, "overturn": OVERTURNED, "transfer": UPHELD},
    OVERTURNED: {"conclude": CONCLUDED, "transfer": OVERTURNED},
}  # fmt: skip


class Conclusion(NamedTuple):
    """The conclusion that there was a violation: the clause, an opaque reference of the act, the
    last day for handling it, and its rating year."""

    act: Act
    deed: str
    due: str
    year: int


class Handling(NamedTuple):
    """The sanction in force, the rating year it counts in, and whether it was late."""

    severity: Severity
    by_head: bool
    self_found: bool
    decision: str
    year: int
    late: bool


class Appeal(NamedTuple):
    """An appeal: the role of the appellant; `until` is the last day of the legal term."""

    by: Appellant
    until: str
    late: bool


@dataclass(frozen=True)
class Case:
    """A case; `origin` is the unit concerned, `by_unit` tells whether that unit reported it.

    `reported` and `last`, of the last step, are instants in microseconds; `decided` is the one
    of the decision that an appeal would be against; `due` is the last day for the next step;
    `conclusions` counts them, those that were overturned too.
    """

    unit: str
    origin: str
    by_unit: bool
    stage: str
    reported: int
    last: int
    due: str | None
    complexity: Complexity = "ordinary"
    assigned: str | None = None
    into: str | None = None
    decided: int = 0
    conclusion: Conclusion | None = None
    handling: Handling | None = None
    appeals: tuple[Appeal, ...] = ()
    conclusions: int = 0

    def key(self, record: str) -> str:
        """Its key in events; after a transfer it is prefixed by the unit of origin.

        A conclusion after an overturn has a key of its own: the sanction that was overturned must
        not fulfil its obligation.
        """
        key = record if self.conclusions <= 1 else f"{record}:{self.conclusions}"
        return key if self.unit == self.origin else f"{self.origin}/{key}"

    @property
    def moves(self) -> Mapping[str, str]:
        """The steps that are possible now, each with the stage that it leads to.

        After the second decision on an appeal only a court can decide, by an overturn.
        """
        ways = MOVES[self.stage]
        if len(self.appeals) < APPEALS_MAX:
            return ways
        return {step: stage for step, stage in ways.items() if step != "appeal"}

    def can(self, step: str) -> bool:
        """Whether a step of this name is possible now."""
        return step in self.moves


def step_impossible(
    state: Case, step: str, why: str, about: Mapping[str, str] | None = None
) -> StepImpossible:
    """The refusal of a step whose data rules it out, though the stage allows the step."""
    return StepImpossible(CASE, state.stage, step, state.moves, why, about)


def split_words(step: Step) -> tuple[Step, dict[str, str]]:
    """Separates the texts of a step from the step, which then only lists their fields."""
    words = {name: step.data[name] for name in WORDS if name in step.data}
    rest = {name: value for name, value in step.data.items() if name not in WORDS}
    return step._replace(data={**rest, "words": list(words)} if words else rest), words


def evolve(state: Case | None, step: Step) -> Case:
    """The case after a step; StepImpossible or StepRefused if it is not allowed."""
    data = step.data
    if state is None:
        unit = data["unit"]
        return Case(unit, unit, data["by_unit"], REPORTED, step.at, step.at, data["due"])
    stage = next_state(CASE, state.stage, state.moves, step.name)
    # an overturn has the key of what it overturns: at equal instants their order is undefined
    strictly = step.name == "overturn" or state.stage == OVERTURNED
    check_order(state.last, step, strictly=strictly)
    case = _EVOLVE.get(step.name, _nothing)(state, step)
    return replace(case, stage=stage, last=step.at)


def _nothing(state: Case, step: Step) -> Case:
    return state


def _assign(state: Case, step: Step) -> Case:
    data = step.data
    return replace(state, assigned=data["to"], complexity=data["complexity"], due=data["due"])


def _join(state: Case, step: Step) -> Case:
    return replace(state, into=step.data["into"], due=None)


def _dismiss(state: Case, step: Step) -> Case:
    return replace(state, due=None)


def _conclude(state: Case, step: Step) -> Case:
    data = step.data
    if moments.day_ordinal(data["due"]) < moments.local_day(step.at):
        raise StepRefused(message("due-before"), "due")
    conclusion = Conclusion(data["act"], data["deed"], data["due"], moments.local_year(step.at))
    return replace(
        state, conclusion=conclusion, handling=None, appeals=(), due=data["due"],
        conclusions=state.conclusions + 1,
    )  # fmt: skip


def _handle(state: Case, step: Step) -> Case:
    data, concluded = step.data, _conclusion_of(state)
    late = moments.local_day(step.at) > moments.day_ordinal(concluded.due)
    year = _sanction_year(concluded.year, moments.local_year(step.at), data.get("year"))
    handling = Handling(
        data["severity"], data["by_head"], data["self_found"], data["decision"], year, late
    )
    return replace(state, handling=handling, decided=step.at, due=None)


def _sanction_year(concluded: int, decided: int, year: int | None) -> int:
    """The rating year of a sanction: that of the conclusion, whose obligation it fulfils.

    An event may not name a year earlier than the one before its own (SCORING.md section 1), so a
    later sanction counts in the year of its decision.
    """
    fits = concluded if decided - concluded <= 1 else decided
    if year is not None and year not in (fits, decided):
        first, last = sorted((fits, decided))
        years = message("year-either", first=first, last=last) if first != last else first
        raise StepRefused(message("year-one-of", years=years), "year")
    return fits if year is None else year


def _conclusion_of(state: Case) -> Conclusion:
    assert state.conclusion is not None  # MOVES allows these steps only after a conclusion
    return state.conclusion


def _appeal(state: Case, step: Step) -> Case:
    data = step.data
    appeal = Appeal(data["by"], data["until"], data["late"])
    return replace(state, appeals=(*state.appeals, appeal), due=data["due"])


def _uphold(state: Case, step: Step) -> Case:
    return replace(state, decided=step.at, due=None)


def _overturn(state: Case, step: Step) -> Case:
    return replace(state, conclusion=None, handling=None, appeals=(), due=None)


def check_elsewhere(state: Case | None, step: Step) -> None:
    """StepImpossible for a transfer to the same unit.

    Checked outside `evolve`, because older journals may contain such a transfer.
    """
    if state is not None and step.data["unit"] == state.unit:
        raise step_impossible(state, step.name, message("same-unit", unit=state.unit))


def _transfer(state: Case, step: Step) -> Case:
    return replace(state, unit=step.data["unit"])


_EVOLVE: dict[str, Callable[[Case, Step], Case]] = {
    "assign": _assign, "join": _join, "dismiss": _dismiss, "conclude": _conclude,
    "handle": _handle, "appeal": _appeal, "uphold": _uphold, "overturn": _overturn,
    "transfer": _transfer,
}  # fmt: skip


def facts(record: str, before: Case | None, step: Step, after: Case) -> list[Fact]:
    """The facts that a step announces: conclusions, sanctions and overturns."""
    key = after.key(record)

    def fact(short: str, **members: Any) -> Fact:
        return Fact(short, after.unit, step.at, {"case": key, **members})

    if step.name == "conclude":
        return [fact("violation.concluded", due=_conclusion_of(after).due)]
    if step.name == "handle" and after.handling is not None:
        handling = after.handling
        sanction = {
            "severity": handling.severity, "by_head": handling.by_head,
            "self_found": handling.self_found, "act": _conclusion_of(after).act,
        }  # fmt: skip
        return [fact("violation.handled", **sanction, **_of_year(handling.year, step.at))]
    if step.name == "overturn" and before is not None:
        return [fact("violation.overturned", **_of_year(y, step.at)) for y in _years(before)]
    return []


def _years(state: Case) -> list[int]:
    """The rating years of the conclusion and the sanction; each gets a fact of its own."""
    return sorted(
        {decision.year for decision in (state.conclusion, state.handling) if decision is not None}
    )


def _of_year(year: int, at: int) -> dict[str, int]:
    """The member `year`, which is given only if it is not the year of the instant."""
    return {} if moments.local_year(at) == year else {"year": year}


def describe(state: Case) -> dict[str, Any]:
    """The members of a case in JSON, without its texts."""
    return {
        "origin": state.origin, "stage": state.stage,
        "possible": sorted(state.moves), "by_unit": state.by_unit,
        "reported": moments.local_time(state.reported), "due": state.due,
        "complexity": state.complexity, "assigned": state.assigned, "into": state.into,
        "conclusion": state.conclusion and state.conclusion._asdict(),
        "handling": state.handling and state.handling._asdict(),
        "appeals": [appeal._asdict() for appeal in state.appeals],
        "conclusions": state.conclusions,
    }  # fmt: skip
