"""The steps by which a unit itself can still reach a class. Pure.

A plan is found by trials: all that can be done of an indicator is added, the most useful first,
until the class is reached, and then each part is cut to what is needed. So a plan is sufficient,
and no step of it is idle, though a shorter one may exist. What others decide (recognitions,
awards, opinions, the handling of a case) is in no plan; points that must come from there are
`points_more`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from contracts import moments
from contracts.catalog import CANONICAL
from services.scoring.fold.cells import Cell, coverage
from services.scoring.messages import message
from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.labels import in_both
from services.scoring.ratings.scores import spelled
from services.scoring.ratings.sheet.trials import Act, Field, State, acts, doable
from services.scoring.ratings.sheet.worth import arose
from services.scoring.rubrics.model import Indicator, Kind, Rubric, Side

ACTS_MAX = 200
KEYS_SHOWN = 10
OF_OTHERS = frozenset(
    ("feedback.given", "count.reported", "model.recognised", "model.replicated", "award.granted")
)
"""Events that tell what others did or decided: no unit can be advised to do them."""


class Met(Protocol):
    """Whether an assessment, with its total or another, has the class that is wanted."""

    def __call__(self, assessed: Assessment, total: int | None = None) -> bool: ...


class Part(NamedTuple):
    """What can be done of one indicator, in this order; without acts a nil declaration."""

    indicator: Indicator
    acts: tuple[Act, ...] = ()

    @property
    def size(self) -> int:
        """How many steps the part has."""
        return len(self.acts) or 1


@dataclass(frozen=True)
class Plan:
    """Parts with how many steps of each; `more` are hundredths that must come from elsewhere."""

    parts: tuple[tuple[Part, int], ...] = ()
    more: int = 0
    reached: bool = False

    def members(self, field: Field) -> dict[str, Any]:
        """As the sheet has it."""
        return {
            "reachable": self.reached,
            "steps": [_step(field, part, count) for part, count in self.parts],
            "points_more": spelled(self.more),
        }


def plan_for(field: Field, free: State, met: Met, needed_total: int) -> Plan:
    """The steps from the state `free` to a class; `needed_total` is enough for band and share."""
    if met(free.assessed):
        return Plan(reached=True)
    if field.ended:
        return Plan()
    states = [free]
    parts = _ordered(free, _parts(field))
    for part in parts:
        states.append(_with(states[-1], part, part.size))
        if met(states[-1].assessed):
            return Plan(_cut(states, parts, lambda state: met(state.assessed)), 0, True)
    more = needed_total - states[-1].total
    # a rubric may have a band above its maximum: nothing reaches that
    beyond = needed_total > field.rubric.maximum * 100
    if more <= 0 or beyond or not met(states[-1].assessed, needed_total):
        return Plan(tuple((part, part.size) for part in parts))

    def enough(state: State) -> bool:
        highest = max(state.total, needed_total)
        return needed_total - state.total <= more and met(state.assessed, highest)

    return Plan(_cut(states, parts, enough), more, True)


def _cut(
    states: Sequence[State], parts: Sequence[Part], enough: Callable[[State], bool]
) -> tuple[tuple[Part, int], ...]:
    """As little of each part as is enough, the least useful cut first.

    `states` are those before each part, and after the last that is needed.
    """
    kept: list[tuple[Part, int]] = []
    for place in range(len(states) - 2, -1, -1):
        part, least, state = parts[place], 0, states[place]
        for other, count in kept:
            state = _with(state, other, count)
        most = part.size
        while least < most:
            middle = (least + most) // 2
            if enough(_with(state, part, middle)):
                most = middle
            else:
                least = middle + 1
        kept.append((part, most))
    return tuple((part, count) for part, count in reversed(kept) if count)


def _with(state: State, part: Part, count: int) -> State:
    if part.acts:
        return state.after(*part.acts[:count])
    return state.declared_nil(part.indicator.id) if count else state


def _ordered(free: State, parts: Sequence[Part]) -> list[Part]:
    """The parts that raise something, what brings most points a step first.

    Work stands before nil declarations, of which nobody knows yet whether they would be true.
    """
    before, rated = free.assessed, []
    for part in parts:
        after = _with(free, part, part.size).assessed
        gain = after.total - before.total
        own = after.line(part.indicator.id).quantity != before.line(part.indicator.id).quantity
        if gain > 0 or own:
            rated.append(((not part.acts, -gain / part.size), part))
    return [part for _, part in sorted(rated, key=lambda pair: pair[0])]


def _parts(field: Field) -> list[Part]:
    found = []
    for line in field.base.assessed.lines:
        indicator, done = line.indicator, list[Act]()
        if not indicator.kind.basic or line.empty == "exempt":
            continue
        if indicator.kind is Kind.COVERAGE:
            done = _duties(field, indicator)
        elif indicator.kind is Kind.QUOTA:
            done = _things(field, indicator)
        if done:
            found.append(Part(indicator, tuple(done[:ACTS_MAX])))
        elif line.empty in ("zero", "exclude") and not arose(field, indicator):
            found.append(Part(indicator))
    return found


def _duties(field: Field, indicator: Indicator) -> list[Act]:
    """The duties that are missing or left out, those first that are still on time."""
    today, found = moments.local_day(field.at), []
    for cell, said in sorted(field.cells.items()):
        if cell.indicator != indicator.id or cell.view != field.view:
            continue
        state = coverage(indicator, said, field.until)
        if state.status in ("missing", "left_out"):
            act = _best(field, indicator, cell)
            if act is not None:
                found.append((state.due is not None and state.due < today, cell.key, act))
    return [act for _, _, act in sorted(found, key=lambda entry: entry[:2])]


def _best(field: Field, indicator: Indicator, cell: Cell) -> Act | None:
    rules = [rule for rule in indicator.fulfilled if doable(rule, cell.field, cell.key, field.at)]
    ways = [act for rule in rules for act in acts(field, rule, cell.key, field.at)]
    ways = [act for act in ways if _own_hands(field.rubric, act.short)]
    return max(ways, key=lambda act: field.base.after(act).total, default=None)


def _things(field: Field, indicator: Indicator) -> list[Act]:
    """Things more up to the target, each under a key of its own."""
    count = field.base.assessed.line(indicator.id).tally
    need = (indicator.target - (count[0] if count else 0)).__ceil__()
    state, found = field.base, []
    rules = [
        rule for rule in indicator.rules if any(_own_hands(field.rubric, s) for s in rule.sets)
    ]
    for number in range(1, min(need, ACTS_MAX) + 1):
        ways = [
            (act, after) for rule in rules
            for act in acts(field, rule, None, field.at, f"new-{number}")
            if _own_hands(field.rubric, act.short)
            and _count(after := state.after(act), indicator) > _count(state, indicator)
        ]  # fmt: skip
        if not ways:
            break
        act, state = max(ways, key=lambda way: _things_of(way[1]))
        found.append(act)
    return found


def _count(state: State, indicator: Indicator) -> int:
    sums = state.tally.of(state.of.view, indicator.id)
    return sums[0] if sums else 0


def _things_of(state: State) -> int:
    """How many things all quotas count: of two ways the one that serves more of them."""
    quotas = (i for i in state.of.rubric.indicators if i.kind is Kind.QUOTA)
    return sum(_count(state, indicator) for indicator in quotas)


def _own_hands(rubric: Rubric, short: str) -> bool:
    """Whether a unit may do it for itself, without new duties, deductions or another's word."""
    if short in OF_OTHERS:
        return False
    for indicator in rubric.indicators:
        for side, rules in indicator.sides():
            if any(short in rule.sets for rule in rules) and (
                indicator.kind is Kind.DEDUCTION or side is Side.OBLIGED
            ):
                return False
    return True


def _step(field: Field, part: Part, count: int) -> dict[str, Any]:
    """What to do of one indicator, with the events that tell that it was done."""
    indicator, done = part.indicator, part.acts[:count]
    if not done:
        text = message("step-nil", name=indicator.vi)
    elif indicator.kind is Kind.COVERAGE:
        text = message("step-duties", name=indicator.vi, count=count, keys=_keys(done))
    else:
        text = message("step-things", name=indicator.vi, count=count)
    return {
        "indicator": indicator.id,
        "clause": indicator.clause,
        "do": "declare" if not done else "fulfil" if indicator.kind is Kind.COVERAGE else "add",
        "count": count,
        "events": [_event(field, act) for act in done] or [
            {"type": CANONICAL["declaration.nil"].type, "data": {"indicator": indicator.id}}
        ],
        **in_both(text),
    }  # fmt: skip


def _event(field: Field, act: Act) -> dict[str, Any]:
    return {"type": CANONICAL[act.short].type, "data": act.decisive(field.relevant(act.short))}


def _keys(done: Sequence[Act]) -> str:
    keys = [act.key for act in done[:KEYS_SHOWN] if act.key is not None]
    return ", ".join(keys) + (", …" if len(done) > KEYS_SHOWN else "")
