"""The rules and ceilings of a rubric file, checked against the contracts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from contracts.catalog import CANONICAL, FieldInfo, fields
from contracts.messages import Message
from services.scoring.messages import message
from services.scoring.rubrics.model import Ceiling, Condition, Kind, Points, Rule, Scalar
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
"""By kind of indicator, which fields of a rule name the numbers that it reads from the event."""
RULE_FIELDS = frozenset(
    ("set", "clear", "key", "where", "points", "value", "numerator", "denominator")
)


def rule(node: Node, kind: Kind) -> Rule:
    """One rule of an indicator of this kind; what is wrong with it is noted on the node."""
    sets = _events(node, "set")
    clears = _events(node, "clear") if "clear" in node.fields else ()
    for short in (short for short in clears if short in sets):
        node.fault(message("rubric-clear-set", event=short), "clear")
    key = node.take("key", text, None)
    if isinstance(key, str) and key not in BY_TIME:
        for short in (*sets, *clears):
            _known(node, "key", short, key)
    where = _where(node, sets)
    named: dict[str, str] = {}
    for name in NUMERIC[kind]:
        named[name] = node.take(name, text)
        for short in sets if named[name] is not ABSENT else ():
            found = _known(node, name, short, named[name])
            if found is not None and found.kind not in ("integer", "number"):
                reason = message("rubric-not-numeric", field=found.name, event=short)
                node.fault(reason, name)
    points = _points(node, sets, where) if kind.counts_points else None
    node.close(lambda name, taken: _elsewhere(name, kind, taken))
    return Rule(sets, clears, key, where, points, **named)


def _elsewhere(name: str, kind: Kind, taken: set[str]) -> str:
    if name in RULE_FIELDS:
        return message("rubric-not-of-kind", kind=kind)
    return near(name, taken)


def _events(node: Node, name: str) -> tuple[str, ...]:
    given = node.one_or_more(name, text)
    for short, line in given:
        if short not in CANONICAL:
            reason = message("rubric-event-unknown", event=short, near=near(short, CANONICAL))
            node.fault(reason, name, line)
        elif not CANONICAL[short].practice:
            node.fault(message("rubric-event-practice", event=short), name, line)
        elif short == NEVER_ADDED:
            node.fault(message("rubric-event-shown", event=short), name, line)
    return tuple(short for short, _ in given if short in CANONICAL)


def _known(
    node: Node, name: str, short: str, wanted: str, line: int | None = None
) -> FieldInfo | None:
    held = fields(CANONICAL[short].data)
    if wanted not in held:
        every, meant = ", ".join(held), near(wanted, held)
        reason = message("rubric-data", field=wanted, event=short, every=every, near=meant)
        node.fault(reason, name, line)
    return held.get(wanted)


def _those_with(name: str, sets: tuple[str, ...]) -> tuple[str, ...]:
    """The events that have the field; all where none has it, so that each says so."""
    return tuple(one for one in sets if name in fields(CANONICAL[one].data)) or sets


def _where(node: Node, sets: tuple[str, ...], of_any: bool = False) -> tuple[Condition, ...]:
    """The conditions of a rule, whose every event has the fields; of a ceiling, `of_any`."""
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
        for short in _those_with(str(name), sets) if of_any else sets:
            found = _known(node, "where", short, str(name), inner.line_of(name))
            for value, line in values if found is not None else ():
                reason = _unfit(short, found, value)
                if reason is not None:
                    node.fault(reason, "where", line)
    return tuple(conditions)


def _unfit(short: str, found: FieldInfo | None, value: Scalar) -> Message | None:
    """Why data can never have the value, or why nobody should ask; None where it is well."""
    if found is None:
        return None
    what = {"field": found.name, "event": short}
    if found.closed:
        known = _closed(found)
        if _among(value, known):
            return None
        every, meant = ", ".join(spelled(one) for one in known), near(value, found.choices)
        return message("rubric-never-only", **what, value=repr(value), every=every, near=meant)
    if found.kind == "integer":
        whole = isinstance(value, int) and not isinstance(value, bool)
        return None if whole else message("rubric-never-integer", **what, value=repr(value))
    if found.kind not in ("text", "key", "person"):
        return message("rubric-incomparable", **what, kind=found.kind)
    if isinstance(value, str):
        return None
    return message("rubric-never-text", **what, value=repr(value))


def _closed(found: FieldInfo) -> tuple[Scalar, ...]:
    return (True, False) if found.kind == "boolean" else found.choices


def _among(value: Scalar, known: Iterable[Scalar]) -> bool:
    """Whether it is one of them, where 1 is not true."""
    return any(value == one and type(value) is type(one) for one in known)


def _points(node: Node, sets: tuple[str, ...], where: tuple[Condition, ...]) -> Points | None:
    if not isinstance(node.fields.get("points", Spot(None, 0)).value, dict):
        fixed = node.take("points", number())
        return None if fixed is ABSENT else Points(fixed=fixed)
    inner = node.node("points")
    assert inner is not None
    by = inner.take("by", text)
    table = inner.node("of")
    inner.close(lambda name, taken: near(name, taken))
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
    """Nothing is guessed while folding: every value that can come has points."""
    found = _known(node, "by", short, by)
    if found is None:
        return
    if not found.closed:
        node.fault(message("rubric-not-closed", field=by, event=short), "by")
        return
    known, priced = _closed(found), [value for value, _ in of]
    for value in priced:
        if not _among(value, known):
            reason = message(
                "rubric-never", field=by, event=short, value=repr(value),
                near=near(value, found.choices),
            )  # fmt: skip
            node.fault(reason, "of", table.line_of(value))
    asked: list[tuple[Scalar, ...]] = [c.values for c in where if c.field == by]
    for value in known:
        comes = all(_among(value, values) for values in asked)
        if comes and not _among(value, priced):
            reason = message("rubric-pointless", field=by, event=short, value=spelled(value))
            node.fault(reason, "of")


def ceiling(node: Node, sets: tuple[str, ...], classes: tuple[str, ...]) -> Ceiling:
    """One ceiling of a deduction."""
    found = Ceiling(
        where=_where(node, sets, of_any=True),
        at_least=node.take("at_least", integer(1)),
        class_at_most=node.take("class_at_most", one_of(classes)),
        vi=node.take("vi", text),
    )
    node.close(lambda name, taken: near(name, taken))
    return found


def finest(rules: Iterable[Rule]) -> int:
    """The common denominator of all points that the rules can give."""
    given: list[Any] = [p for rule in rules if rule.points for p in rule.points.values()]
    return math.lcm(*(points.denominator for points in given))
