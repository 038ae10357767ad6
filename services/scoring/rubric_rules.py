"""The rules and ceilings of a rubric file, checked against the contracts."""

from __future__ import annotations

import difflib
from fractions import Fraction
from typing import Any

from contracts.catalog import CATALOG, FieldInfo, fields
from services.scoring.rubric import Ceiling, Condition, Kind, Points, Rule, Scalar
from services.scoring.rubric_yaml import ABSENT, Node, integer, number, one_of, text

BY_TIME = ("$quarter", "$month")


def rule(node: Node, kind: Kind) -> Rule:
    """One rule of an indicator of this kind; what is wrong with it is noted on the node."""
    sets = _events(node, "set")
    clears = _events(node, "clear") if "clear" in node.raw else ()
    if set(sets) & set(clears):
        node.fault("sets and clears by the same event", "clear")
    key = node.take("key", text, None)
    if key is not None and key not in BY_TIME:
        for short in (*sets, *clears):
            _known(node, "key", short, key)
    where = _where(node, sets)
    named = {}
    for name in _numeric(kind):
        named[name] = node.take(name, text)
        for short in sets if named[name] is not ABSENT else ():
            found = _known(node, name, short, named[name])
            if found is not None and found.kind not in ("integer", "number"):
                node.fault(f"{named[name]} of {short} is no number", name)
    points = _points(node, sets, where) if kind.counts_points else None
    node.close()
    return Rule(sets, clears, key, where, points, **named)


def _numeric(kind: Kind) -> tuple[str, ...]:
    return {Kind.MEAN: ("value",), Kind.SHARE: ("numerator", "denominator")}.get(kind, ())


def _events(node: Node, name: str) -> tuple[str, ...]:
    given = node.take(name, _one_or_more)
    if given is ABSENT:
        return ()
    for short in given:
        if short not in CATALOG:
            near = difflib.get_close_matches(str(short), CATALOG, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            node.fault(f"names no event of the contracts: {short}{meant}", name)
        elif not CATALOG[short].practice:
            node.fault(f"{short} is no practice event", name)
    return tuple(short for short in given if short in CATALOG)


def _one_or_more(value: Any) -> tuple[Any, ...]:
    found = tuple(value) if isinstance(value, list) else (value,)
    if not found:
        raise ValueError("must not be empty")
    return found


def _known(node: Node, name: str, short: str, wanted: str) -> FieldInfo | None:
    found = fields(CATALOG[short].data).get(wanted)
    if found is None:
        near = ", ".join(fields(CATALOG[short].data))
        node.fault(f"{short} has no field {wanted} (it has {near})", name)
    return found


def _where(node: Node, sets: tuple[str, ...]) -> tuple[Condition, ...]:
    given: dict[Any, Any] = node.take("where", _mapping, {})
    conditions = []
    for name, values in given.items():
        wanted = tuple(_scalar(value) for value in _one_or_more(values))
        conditions.append(Condition(str(name), wanted))
        for short in sets:
            found = _known(node, "where", short, str(name))
            for value in wanted if found is not None else ():
                if not _fits(found, value):
                    node.fault(f"{name} of {short} is never {value!r}", "where")
    return tuple(conditions)


def _mapping(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict) or not value:
        raise ValueError("must be a mapping")
    return dict(value)


def _scalar(value: Any) -> Scalar:
    if isinstance(value, bool | int):
        return value
    return str(value)


def _fits(found: FieldInfo | None, value: Scalar) -> bool:
    if found is None:
        return False
    if found.kind == "choice":
        return value in found.choices
    if found.kind == "boolean":
        return isinstance(value, bool)
    if found.kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str) or (found.kind == "number" and isinstance(value, int))


def _points(node: Node, sets: tuple[str, ...], where: tuple[Condition, ...]) -> Points | None:
    raw = node.raw.get("points")
    if not isinstance(raw, dict):
        fixed = node.take("points", number())
        return None if fixed is ABSENT else Points(fixed=fixed)
    node.take("points", _mapping)
    inner = Node(raw, node.line_of("points"), node.faults, f"{node.what} points")
    by = inner.take("by", text)
    given = inner.take("of", _mapping)
    inner.close()
    if by is ABSENT or given is ABSENT:
        return None
    of: dict[Scalar, Fraction] = {}
    for value, amount in given.items():
        try:
            of[_scalar(value)] = number()(amount)
        except ValueError as error:
            inner.fault(f"{value} {error}", "of")
            of[_scalar(value)] = Fraction(0)
    for short in sets:
        _complete(inner, short, by, of, where)
    return Points(by=by, of=tuple(of.items()))


def _complete(
    node: Node, short: str, by: str, of: dict[Scalar, Fraction], where: tuple[Condition, ...]
) -> None:
    """Nothing is guessed while folding: every value that can come has points."""
    found = _known(node, "by", short, by)
    if found is None:
        return
    if not found.closed:
        node.fault(f"{by} of {short} has no closed list of values", "by")
        return
    values: set[Scalar] = set(found.choices) if found.kind == "choice" else {True, False}
    for value in of.keys() - values:
        node.fault(f"{by} of {short} is never {value!r}", "of")
    for condition in where:
        if condition.field == by:
            values &= set(condition.values)
    for value in sorted(values - of.keys(), key=str):
        node.fault(f"{by} of {short} can be {value!r}, which has no points", "of")


def ceiling(node: Node, sets: tuple[str, ...], classes: tuple[str, ...]) -> Ceiling:
    """One ceiling of a deduction."""
    found = Ceiling(
        where=_where(node, sets),
        at_least=node.take("at_least", integer(1)),
        class_at_most=node.take("class_at_most", one_of(classes)),
        vi=node.take("vi", text),
    )
    node.close()
    return found
