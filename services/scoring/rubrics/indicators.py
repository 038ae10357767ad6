"""The indicators of a rubric file: what each kind may have, must have, and may not have."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

from services.scoring.messages import message
from services.scoring.rubrics.model import Indicator, Kind, Rule, Step
from services.scoring.rubrics.rules import ceiling, finest, rule
from services.scoring.rubrics.values import (
    exact,
    integer,
    name,
    near,
    number,
    one_of,
    positive,
    text,
)
from services.scoring.rubrics.yaml_tree import ABSENT, Node

FINEST = 10**6
BASIC = ("group", "points", "when_empty", "scale")
PRICED = ("done", "pick")
FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.COVERAGE: (*BASIC, "obliged", "fulfilled", "late_credit", "grace_days"),
    Kind.QUOTA: (*BASIC, "done", "target"),
    Kind.MEAN: (*BASIC, "done", "low", "high", "minimum"),
    Kind.SHARE: (*BASIC, "done"),
    Kind.MERIT: (*BASIC, *PRICED),
    Kind.BONUS: (*PRICED, "group", "cap"),
    Kind.DEDUCTION: (*PRICED, "group", "cap", "ceilings"),
}


def indicator(node: Node, groups: tuple[str, ...], classes: tuple[str, ...]) -> Indicator:
    """One indicator; what is wrong with it is noted on the node."""
    found = node.take("id", name)
    if found is not ABSENT:
        node.what = message("rubric-indicator", id=found)
    kinds = [str(kind) for kind in Kind]
    kind = node.take("kind", lambda value: Kind(one_of(kinds)(value)))
    given: dict[str, Any] = {
        "id": found,
        "vi": node.take("vi", text),
        "clause": node.take("clause", text),
        "kind": kind,
    }
    if kind is not ABSENT:
        if kind.basic:
            given |= _basic(node, groups)
        else:
            given["group"] = node.take("group", one_of(groups), None)
            given["cap"] = node.take("cap", number())
        given |= _of_kind(node, kind, classes)
        node.close(lambda wrong, taken: _elsewhere(wrong, kind, taken))
    return Indicator(**given)


def _elsewhere(wrong: str, kind: Kind, taken: set[Any]) -> str:
    owners = [str(owner) for owner in Kind if wrong in FIELDS[owner]]
    if not owners:
        return near(wrong, taken)
    return message("rubric-elsewhere", kind=kind, owners=", ".join(owners))


def _basic(node: Node, groups: tuple[str, ...]) -> dict[str, Any]:
    points = node.take("points", positive)
    return {
        "points": points,
        "group": node.take("group", one_of(groups)),
        "when_empty": node.take("when_empty", one_of(("full", "zero", "exclude")), "zero"),
        "scale": _scale(node, points),
    }


def _scale(node: Node, points: Fraction) -> tuple[Step, ...]:
    steps: list[tuple[Step, int]] = []
    for inner in node.nodes("scale", required=False):
        step = Step(inner.take("at_least", number(0, 1)), inner.take("points", number()))
        inner.close(lambda wrong, taken: near(wrong, taken))
        if step.points is not ABSENT and points is not ABSENT and step.points > points:
            inner.fault(message("rubric-step-points", points=points), "points")
        if ABSENT not in (step.at_least, step.points):
            steps.append((step, inner.line))
    if node.fields.get("scale") is not None and not steps:
        node.fault(message("rubric-no-step"), "scale")
    for (low, _), (high, line) in pairwise(sorted(steps, key=lambda pair: pair[0].at_least)):
        if low.at_least == high.at_least:
            node.fault(message("rubric-step-twice", at_least=low.at_least), "scale", line)
        elif low.points >= high.points:
            node.fault(message("rubric-steps-rise"), "scale", line)
    return tuple(step for step, _ in steps)


def _rules(node: Node, field: str, kind: Kind) -> tuple[Rule, ...]:
    found = tuple(rule(inner, kind) for inner in node.nodes(field))
    if field in node.fields and not found:
        node.fault(message("rubric-no-rule"), field)
    return found


def _of_kind(node: Node, kind: Kind, classes: tuple[str, ...]) -> dict[str, Any]:
    if kind is Kind.COVERAGE:
        return {
            "obliged": _rules(node, "obliged", kind),
            "fulfilled": _rules(node, "fulfilled", kind),
            "late_credit": node.take("late_credit", number(0, 1), Fraction(1)),
            "grace_days": node.take("grace_days", integer(0), None),
        }
    done = _rules(node, "done", kind)
    given: dict[str, Any] = {"done": done}
    if kind is Kind.QUOTA:
        given["target"] = node.take("target", positive)
    if kind is Kind.MEAN:
        given |= {bound: node.take(bound, exact) for bound in ("low", "high")}
        given["minimum"] = node.take("minimum", integer(0))
        if ABSENT not in (given["low"], given["high"]) and given["low"] >= given["high"]:
            node.fault(message("rubric-above-low"), "high")
    if kind.counts_points:
        pick = node.take("pick", one_of(("highest", "latest")), "latest")
        given["pick_highest"] = pick == "highest"
        if finest(done) > FINEST:
            node.fault(message("rubric-denominator", most=FINEST), "done")
    if kind is Kind.DEDUCTION:
        sets = tuple({short: None for one in done for short in one.sets})
        nodes = node.nodes("ceilings", required=False)
        given["ceilings"] = tuple(ceiling(inner, sets, classes) for inner in nodes)
    return given
