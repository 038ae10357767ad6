"""Reads the rules and ceilings of a rubric file, and checks them against the contracts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from contracts.catalog import CANONICAL, FieldInfo, fields
from contracts.messages import Message
from services.scoring.messages import message
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.model import Ceiling, Condition, Points, Rule, Scalar
from services.scoring.rubrics.values import integer, near, number, one_of, scalar, spelled, text
from services.scoring.rubrics.yaml_tree import ABSENT, Node, Spot

BY_TIME = ("$quarter", "$month")
NEVER_ADDED = "result.reported"
NUMERIC: dict[Kind, tuple[str, ...]] = {
    Kind.COVERAGE: (),
    Kind.QUOTA: (),
    Kind.MEAN: ("value",),
    Kind.SHARE: ("numerator", "denominator"),
    Kind.MERIT: (),
    Kind.BONUS: (),
    Kind.DEDUCTION: (),
}
"""The fields of a rule that name numbers of the event, by kind of indicator."""
RULE_FIELDS = frozenset(
    ("set", "clear", "key", "where", "points", "value", "numerator", "denominator")
)


def rule(node: Node, kind: Kind) -> Rule:
    """A rule of an indicator of this kind; its faults are noted on the node."""
    sets = _events(node, "set")
    clears = _events(node, "clear") if "clear" in node.fields else ()
    for short in (short for short in clears if short in sets):
        node.fault(message("rubric-clear-set", event=short), "clear")
    key = node.take("key", text, None)
    if isinstance(key, str) and key not in BY_TIME:
        for short in (*sets, *clears):
            _field_of(node, "key", short, key)
    where = _where(node, sets)
    numbers: dict[str, str] = {}
    for name in NUMERIC[kind]:
        numbers[name] = node.take(name, text)
        for short in sets if numbers[name] is not ABSENT else ():
            field = _field_of(node, name, short, numbers[name])
            if field is not None and field.kind not in ("integer", "number"):
                reason = message("rubric-not-numeric", field=field.name, event=short)
                node.fault(reason, name)
    points = _points(node, sets, where) if kind.counts_points else None
    node.close(lambda name, allowed: _hint(name, kind, allowed))
    return Rule(sets, clears, key, where, points, **numbers)


def _hint(name: str, kind: Kind, allowed: set[str]) -> str:
    if name in RULE_FIELDS:
        return message("rubric-not-of-kind", kind=kind)
    return near(name, allowed)


def _events(node: Node, name: str) -> tuple[str, ...]:
    events = node.one_or_more(name, text)
    for short, line in events:
        if short not in CANONICAL:
            reason = message("rubric-event-unknown", event=short, near=near(short, CANONICAL))
            node.fault(reason, name, line)
        elif not CANONICAL[short].practice:
            node.fault(message("rubric-event-practice", event=short), name, line)
        elif short == NEVER_ADDED:
            node.fault(message("rubric-event-shown", event=short), name, line)
    return tuple(short for short, _ in events if short in CANONICAL)


def _field_of(
    node: Node, name: str, short: str, field: str, line: int | None = None
) -> FieldInfo | None:
    """A field of an event's data; a fault of the node's field `name` where there is none."""
    infos = fields(CANONICAL[short].data)
    if field not in infos:
        every, meant = ", ".join(infos), near(field, infos)
        reason = message("rubric-data", field=field, event=short, every=every, near=meant)
        node.fault(reason, name, line)
    return infos.get(field)


def _events_with(name: str, sets: tuple[str, ...]) -> tuple[str, ...]:
    """The events that have the field; all of them where none has it, so that each has a fault."""
    return tuple(short for short in sets if name in fields(CANONICAL[short].data)) or sets


def _where(node: Node, sets: tuple[str, ...], of_any: bool = False) -> tuple[Condition, ...]:
    """The conditions of a rule, or of a ceiling (`of_any`): there one event with the field is
    enough, while every event of a rule must have it."""
    if not of_any and "where" not in node.fields:
        node.take("where", str, "")
        return ()
    inner = node.node("where")
    if inner is None:
        return ()
    if inner.whole and not inner.fields:
        node.fault(message("rubric-where-empty"), "where")
    conditions = []
    for name in inner.fields:
        values = inner.one_or_more(name, scalar)
        conditions.append(Condition(str(name), tuple(value for value, _ in values)))
        for short in _events_with(str(name), sets) if of_any else sets:
            field = _field_of(node, "where", short, str(name), inner.line_of(name))
            for value, line in values if field is not None else ():
                reason = _misfit(short, field, value)
                if reason is not None:
                    node.fault(reason, "where", line)
    return tuple(conditions)


def _misfit(short: str, field: FieldInfo | None, value: Scalar) -> Message | None:
    """Why the field can never have the value, or cannot be compared; None where it can."""
    if field is None:
        return None
    what = {"field": field.name, "event": short}
    if field.closed:
        choices = _choices(field)
        if _among(value, choices):
            return None
        every, meant = ", ".join(spelled(each) for each in choices), near(value, field.choices)
        return message("rubric-never-only", **what, value=repr(value), every=every, near=meant)
    if field.kind == "integer":
        whole = isinstance(value, int) and not isinstance(value, bool)
        return None if whole else message("rubric-never-integer", **what, value=repr(value))
    if field.kind not in ("text", "key", "person"):
        return message("rubric-incomparable", **what, kind=field.kind)
    if isinstance(value, str):
        return None
    return message("rubric-never-text", **what, value=repr(value))


def _choices(field: FieldInfo) -> tuple[Scalar, ...]:
    return (True, False) if field.kind == "boolean" else field.choices


def _among(value: Scalar, values: Iterable[Scalar]) -> bool:
    """Whether a value is one of several, by type too: 1 is not true."""
    return any(value == each and type(value) is type(each) for each in values)


def _points(node: Node, sets: tuple[str, ...], where: tuple[Condition, ...]) -> Points | None:
    if not isinstance(node.fields.get("points", Spot(None, 0)).value, dict):
        fixed = node.take("points", number())
        return None if fixed is ABSENT else Points(fixed=fixed)
    inner = node.node("points")
    assert inner is not None
    by = inner.take("by", text)
    table = inner.node("of")
    inner.close(near)
    if table is None or by is ABSENT:
        return None
    of: list[tuple[Scalar, Fraction]] = []
    for value in table.fields:
        amount = table.take(value, number())
        if isinstance(value, str | int):
            of.append((value, Fraction(0) if amount is ABSENT else amount))
        else:
            line = table.line_of(value)
            table.fault(message("rubric-table-word", value=spelled(value)), line=line)
    for short in sets:
        _complete(inner, table, short, by, of, where)
    return Points(by=by, of=tuple(of))


def _complete(
    node: Node,
    table: Node,
    short: str,
    by: str,
    of: list[tuple[Scalar, Fraction]],
    where: tuple[Condition, ...],
) -> None:
    """Checks that every value that an event can have has points: the fold never guesses."""
    field = _field_of(node, "by", short, by)
    if field is None:
        return
    if not field.closed:
        node.fault(message("rubric-not-closed", field=by, event=short), "by")
        return
    choices, priced = _choices(field), [value for value, _ in of]
    for value in priced:
        if not _among(value, choices):
            reason = message(
                "rubric-never", field=by, event=short, value=repr(value),
                near=near(value, field.choices),
            )  # fmt: skip
            node.fault(reason, "of", table.line_of(value))
    conditions: list[tuple[Scalar, ...]] = [c.values for c in where if c.field == by]
    for value in choices:
        possible = all(_among(value, values) for values in conditions)
        if possible and not _among(value, priced):
            reason = message("rubric-pointless", field=by, event=short, value=spelled(value))
            node.fault(reason, "of")


def ceiling(node: Node, sets: tuple[str, ...], classes: tuple[str, ...]) -> Ceiling:
    """A ceiling of a deduction; its faults are noted on the node."""
    ceiling_ = Ceiling(
        where=_where(node, sets, of_any=True),
        at_least=node.take("at_least", integer(1)),
        class_at_most=node.take("class_at_most", one_of(classes)),
        vi=node.take("vi", text),
    )
    node.close(near)
    return ceiling_


def common_denominator(rules: Iterable[Rule]) -> int:
    """The common denominator of all points that the rules can give."""
    points: list[Any] = [p for rule in rules if rule.points for p in rule.points.values()]
    return math.lcm(*(number.denominator for number in points))
