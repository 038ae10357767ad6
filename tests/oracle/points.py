"""From the facts of a unit to the points of each indicator (SCORING section 4)."""

from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from .facts import Fact, Key, Voice, fold, number
from .moments import DAY, day_start

BASIC = ("coverage", "quota", "mean", "share", "merit")
ONE, ZERO = Fraction(1), Fraction(0)


class View(NamedTuple):
    """The events that are folded together for one unit and year."""

    unit: str
    together: set[str]
    voices: list[Voice]
    end: int  # of the year, or of the unit
    closing: bool  # the unit ends inside the year
    exempt: set[str]
    nil: set[str]


class Score(NamedTuple):
    """What one indicator came to; `left_out` ones have neither points nor quantity."""

    points: Fraction
    quantity: Fraction
    empty: str | None
    left_out: bool


def rounded(exact: Fraction) -> Fraction:
    """Half up to hundredths."""
    return Fraction(floor(exact * 100 + Fraction(1, 2)), 100)


def within(low: Fraction, exact: Fraction, high: Fraction) -> Fraction:
    """The number kept between two bounds."""
    return max(low, min(exact, high))


def side(view: View, indicator: dict[str, Any], name: str) -> dict[Key, Fact]:
    """The keys of one side that are on."""
    highest = indicator.get("pick") == "highest"
    return fold(indicator[name], view.voices, view.unit, view.together, highest)


def due_end(fact: Fact) -> int | None:
    """The first instant after the due date of the first setting event."""
    due = fact.first.data.get("due")
    return None if due is None else day_start(due) + DAY


def asked(view: View, fact: Fact, fulfilled: bool, grace: int | None) -> bool:
    """Whether an obligation is one of those that are counted."""
    due = fact.first.data.get("due")
    if view.closing and due is not None and day_start(due) >= view.end:
        return False
    recent = grace is not None and fact.first.at > view.end - grace * DAY
    return fulfilled or not recent


def coverage(view: View, indicator: dict[str, Any]) -> Fraction | None:
    """Obligations fulfilled, late ones for a part."""
    fulfilled = side(view, indicator, "fulfilled")
    grace = indicator.get("grace_days")
    obliged = {
        key: fact
        for key, fact in side(view, indicator, "obliged").items()
        if asked(view, fact, key in fulfilled, grace)
    }
    if not obliged:
        return None
    credit = ZERO
    for key, fact in obliged.items():
        if key in fulfilled:
            end = due_end(fact)
            late = end is not None and fulfilled[key].first.at >= end
            credit += number(indicator.get("late_credit", 1)) if late else ONE
    return credit / len(obliged)


def quota(view: View, indicator: dict[str, Any]) -> Fraction | None:
    """Things done, of a target."""
    return min(ONE, len(side(view, indicator, "done")) / number(indicator["target"]))


def mean(view: View, indicator: dict[str, Any]) -> Fraction | None:
    """The average of values between a low and a high."""
    values = [fact.value[0] for fact in side(view, indicator, "done").values()]
    if not values or len(values) < number(indicator["minimum"]):
        return None
    low, high = number(indicator["low"]), number(indicator["high"])
    return within(ZERO, (sum(values, ZERO) / len(values) - low) / (high - low), ONE)


def share(view: View, indicator: dict[str, Any]) -> Fraction | None:
    """Numerators of denominators."""
    facts = side(view, indicator, "done").values()
    numerators = sum((fact.value[0] for fact in facts), ZERO)
    denominators = sum((fact.value[1] for fact in facts), ZERO)
    return within(ZERO, numerators / denominators, ONE) if denominators else None


def worth(view: View, indicator: dict[str, Any]) -> Fraction:
    """The points of the keys that are on."""
    return sum((fact.value[0] for fact in side(view, indicator, "done").values()), ZERO)


def merit(view: View, indicator: dict[str, Any]) -> Fraction | None:
    """Points of values, of the points of the indicator."""
    return within(ZERO, worth(view, indicator) / number(indicator["points"]), ONE)


QUANTITIES: dict[str, Callable[[View, dict[str, Any]], Fraction | None]] = {
    "coverage": coverage,
    "quota": quota,
    "mean": mean,
    "share": share,
    "merit": merit,
}


def scaled(indicator: dict[str, Any], quantity: Fraction) -> Fraction:
    """The points of a quantity, by the scale where there is one."""
    if not indicator.get("scale"):
        return number(indicator["points"]) * quantity
    reached = [s for s in indicator["scale"] if quantity >= number(s["at_least"])]
    if not reached:
        return ZERO
    return number(max(reached, key=lambda step: number(step["at_least"]))["points"])


def basic_score(view: View, indicator: dict[str, Any]) -> Score:
    """One basic indicator, with the meaning of its emptiness."""
    full = rounded(number(indicator["points"]))
    if indicator["id"] in view.exempt:
        return Score(ZERO, ONE, "exempt", True)
    quantity = QUANTITIES[indicator["kind"]](view, indicator)
    if quantity is not None:
        return Score(rounded(scaled(indicator, quantity)), quantity, None, False)
    if indicator["id"] in view.nil:
        return Score(full, ONE, "nil", False)
    by_rubric = indicator.get("when_empty") or "zero"
    if by_rubric == "exclude":
        return Score(ZERO, ONE, "exclude", True)
    if by_rubric == "full":
        return Score(full, ONE, "full", False)
    return Score(ZERO, ZERO, "zero", False)


def extra_score(view: View, indicator: dict[str, Any]) -> Fraction:
    """The size of a bonus or a deduction."""
    return rounded(min(number(indicator["cap"]), worth(view, indicator)))


def basic_total(indicators: list[dict[str, Any]], scores: dict[str, Score]) -> Fraction:
    """The sum of the rounded scores, re-based on the indicators that count."""
    counting = [i for i in indicators if not scores[i["id"]].left_out]
    if not counting:
        return ZERO
    total = sum((scores[i["id"]].points for i in counting), ZERO)
    every = sum((number(i["points"]) for i in indicators), ZERO)
    left = sum((number(i["points"]) for i in counting), ZERO)
    return rounded(total * every / left)
