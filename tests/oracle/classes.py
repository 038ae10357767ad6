"""Classes and ranks (SCORING section 5): bands, gates, ceilings, share, rank."""

from fractions import Fraction
from math import floor
from typing import Any

from .facts import matches, number
from .points import ZERO, Score, View, side

Raw = dict[str, Any]
Ordered = tuple[tuple[Fraction, Fraction, Fraction], Raw]


def names(rubric: Raw) -> list[str]:
    """The classes, best first."""
    bands = sorted(rubric["bands"], key=lambda band: -number(band["from"]))
    return [band["class"] for band in bands]


def reason(kind: str, before: str, after: str) -> Raw:
    return {"kind": kind, "from": before, "to": after}


def passes(gate: Raw, basics: list[Raw], scores: dict[str, Score]) -> bool:
    """Whether a unit meets one gate's condition."""
    at_least = number(gate["at_least"])
    if "indicator" in gate:
        score = scores[gate["indicator"]]
        return score.left_out or score.quantity >= at_least
    counting = [i for i in basics if not scores[i["id"]].left_out]
    for group in {indicator["group"] for indicator in counting}:
        members = [i for i in counting if i["group"] == group]
        got = sum((scores[i["id"]].points for i in members), ZERO)
        if got / sum(number(i["points"]) for i in members) < at_least:
            return False
    return True


def gated(
    rubric: Raw, basics: list[Raw], scores: dict[str, Score], total: Fraction, reasons: list[Raw]
) -> str:
    """The class by band, one lower when a gate of that class is failed."""
    classes = names(rubric)
    floors = {band["class"]: number(band["from"]) for band in rubric["bands"]}
    given = next((name for name in classes if floors[name] <= total), classes[-1])
    lower = classes[min(classes.index(given) + 1, len(classes) - 1)]
    failed = [
        gate
        for gate in rubric.get("gates") or []
        if gate["class"] == given and not passes(gate, basics, scores)
    ]
    reasons.extend(reason("gate", given, lower) for _ in failed)
    return lower if failed else given


def capped(rubric: Raw, own: View, given: str, reasons: list[Raw]) -> str:
    """The class under the ceilings; each that lowers it is a reason of its own."""
    classes = names(rubric)
    lowest = given
    for indicator in rubric["indicators"]:
        for ceiling in indicator.get("ceilings") or []:
            facts = side(own, indicator, "done").values()
            hit = [f for f in facts if matches(ceiling.get("where"), f.latest.data)]
            most = ceiling["class_at_most"]
            if len(hit) >= ceiling["at_least"] and classes.index(most) > classes.index(given):
                reasons.append(reason("ceiling", given, most))
                lowest = max(lowest, most, key=classes.index)
    return lowest


def limit(rubric: Raw, units: list[Ordered]) -> int:
    """How many units may keep the top class."""
    at_most, of = number(rubric["top_class_share"]["at_most"]), rubric["top_class_share"]["of"]
    best_two = sum(rating["class"] in names(rubric)[:2] for _, rating in units)
    if of == "rated":
        return floor(at_most * len(units))
    if of == "top_two":
        return floor(at_most * best_two)
    return max(a for a in range(best_two + 1) if a <= at_most * (best_two - a))


def shared(rubric: Raw, units: list[Ordered]) -> None:
    """Lower those of the top class that are beyond its share."""
    if not rubric.get("top_class_share"):
        return
    top, second = names(rubric)[:2]
    allowed = limit(rubric, units)
    best = [(order, rating) for order, rating in units if rating["class"] == top]
    for order, rating in best:
        not_worse = sum(other >= order for other, _ in best)
        if not_worse > allowed:
            rating["class"] = second
            rating["reasons"].append(reason("share", top, second))


def ranked(units: list[Ordered]) -> None:
    """Equal totals share the better rank."""
    for order, rating in units:
        rating["rank"] = 1 + sum(other[0] > order[0] for other, _ in units)
