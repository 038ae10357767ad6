"""Reads the indicators of a rubric file: the required and the allowed fields of each kind."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple, get_args

from services.scoring.messages import message
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.model import Indicator, Rule, ScaleStep, WhenEmpty
from services.scoring.rubrics.rules import ceiling, common_denominator, rule
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

DENOMINATOR_MAX = 10**6
BASIC = ("group", "points", "when_empty", "scale")
PRICED = ("done", "pick")


def indicator(node: Node, groups: tuple[str, ...], classes: tuple[str, ...]) -> Indicator:
    """An indicator; its faults are noted on the node."""
    id_ = node.take("id", name)
    if id_ is not ABSENT:
        node.what = message("rubric-indicator", id=id_)
    kinds = [str(kind) for kind in Kind]
    kind = node.take("kind", lambda value: Kind(one_of(kinds)(value)))
    members: dict[str, Any] = {
        "id": id_,
        "vi": node.take("vi", text),
        "clause": node.take("clause", text),
        "kind": kind,
    }
    if kind is not ABSENT:
        if kind.basic:
            members |= _basic(node, groups)
        else:
            members["group"] = node.take("group", one_of(groups), None)
            members["cap"] = node.take("cap", number())
        members |= KIND_FIELDS[kind].read(node, classes)
        node.close(lambda field, allowed: _hint(field, kind, allowed))
    return Indicator(**members)


def _hint(field: str, kind: Kind, allowed: set[Any]) -> str:
    """The kinds that have the field, or the allowed field that was perhaps meant."""
    owners = [str(owner) for owner in Kind if field in KIND_FIELDS[owner].names]
    if not owners:
        return near(field, allowed)
    return message("rubric-elsewhere", kind=kind, owners=", ".join(owners))


def _basic(node: Node, groups: tuple[str, ...]) -> dict[str, Any]:
    points = node.take("points", positive)
    return {
        "points": points,
        "group": node.take("group", one_of(groups)),
        "when_empty": node.take("when_empty", one_of(get_args(WhenEmpty)), "zero"),
        "scale": _scale(node, points),
    }


def _scale(node: Node, points: Fraction) -> tuple[ScaleStep, ...]:
    steps: list[tuple[ScaleStep, int]] = []
    for inner in node.nodes("scale", required=False):
        step = ScaleStep(inner.take("at_least", number(0, 1)), inner.take("points", number()))
        inner.close(near)
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
    rules = tuple(rule(inner, kind) for inner in node.nodes(field))
    if field in node.fields and not rules:
        node.fault(message("rubric-no-rule"), field)
    return rules


def _coverage(node: Node, classes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "obliged": _rules(node, "obliged", Kind.COVERAGE),
        "fulfilled": _rules(node, "fulfilled", Kind.COVERAGE),
        "late_credit": node.take("late_credit", number(0, 1), Fraction(1)),
        "grace_days": node.take("grace_days", integer(0), None),
    }


def _quota(node: Node, classes: tuple[str, ...]) -> dict[str, Any]:
    return {"rules": _rules(node, "done", Kind.QUOTA), "target": node.take("target", positive)}


def _mean(node: Node, classes: tuple[str, ...]) -> dict[str, Any]:
    rules = _rules(node, "done", Kind.MEAN)
    low, high = node.take("low", exact), node.take("high", exact)
    minimum = node.take("minimum", integer(0))
    if ABSENT not in (low, high) and low >= high:
        node.fault(message("rubric-above-low"), "high")
    return {"rules": rules, "low": low, "high": high, "minimum": minimum}


def _share(node: Node, classes: tuple[str, ...]) -> dict[str, Any]:
    return {"rules": _rules(node, "done", Kind.SHARE)}


def _merit(node: Node, classes: tuple[str, ...]) -> dict[str, Any]:
    return _priced(node, Kind.MERIT)


def _bonus(node: Node, classes: tuple[str, ...]) -> dict[str, Any]:
    return _priced(node, Kind.BONUS)


def _deduction(node: Node, classes: tuple[str, ...]) -> dict[str, Any]:
    members = _priced(node, Kind.DEDUCTION)
    sets = tuple({short: None for rule in members["rules"] for short in rule.sets})
    nodes = node.nodes("ceilings", required=False)
    return {**members, "ceilings": tuple(ceiling(inner, sets, classes) for inner in nodes)}


def _priced(node: Node, kind: Kind) -> dict[str, Any]:
    """The members of every kind whose rules give points."""
    rules = _rules(node, "done", kind)
    pick = node.take("pick", one_of(("highest", "latest")), "latest")
    if common_denominator(rules) > DENOMINATOR_MAX:
        node.fault(message("rubric-denominator", most=DENOMINATOR_MAX), "done")
    return {"rules": rules, "pick_highest": pick == "highest"}


class KindFields(NamedTuple):
    """The fields that a kind of indicator may have, and the reader of those of its own."""

    names: tuple[str, ...]
    read: Callable[[Node, tuple[str, ...]], dict[str, Any]]


KIND_FIELDS = {
    Kind.COVERAGE: KindFields(
        (*BASIC, "obliged", "fulfilled", "late_credit", "grace_days"), _coverage
    ),
    Kind.QUOTA: KindFields((*BASIC, "done", "target"), _quota),
    Kind.MEAN: KindFields((*BASIC, "done", "low", "high", "minimum"), _mean),
    Kind.SHARE: KindFields((*BASIC, "done"), _share),
    Kind.MERIT: KindFields((*BASIC, *PRICED), _merit),
    Kind.BONUS: KindFields((*PRICED, "group", "cap"), _bonus),
    Kind.DEDUCTION: KindFields((*PRICED, "group", "cap", "ceilings"), _deduction),
}
