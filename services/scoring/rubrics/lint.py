"""Remarks on a valid rubric, for `danchu rubric check`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from contracts.catalog import CANONICAL, FieldInfo, fields
from contracts.messages import Message
from services.scoring.messages import message
from services.scoring.rubrics.model import Indicator, Rubric, Rule, Scalar
from services.scoring.rubrics.rules import NEVER_ADDED
from services.scoring.rubrics.values import spelled


def remarks(rubric: Rubric) -> list[Message]:
    """Remarks for the council before it decides on this rubric, a sentence each."""
    sentences = []
    points = sum((indicator.points for indicator in rubric.basic), Fraction(0))
    if points != 100:
        sentences.append(message("remark-points", points=points))
    sentences += _unreached(rubric)
    for indicator in rubric.indicators:
        sentences += _pointless(indicator)
    sentences += _unrewarded(rubric)
    read = {short for i in rubric.indicators for r in _rules(i) for short in (*r.sets, *r.clears)}
    unread = [s for s, kind in CANONICAL.items() if kind.practice and s not in read]
    unread = sorted(short for short in unread if short != NEVER_ADDED)
    if unread:
        sentences.append(message("remark-unread", events=", ".join(unread)))
    return sentences


def _rules(indicator: Indicator) -> Iterable[Rule]:
    return (rule for _, rules in indicator.sides() for rule in rules)


def _unreached(rubric: Rubric) -> Iterable[Message]:
    """Classes above the maximum, in which no unit can ever be."""
    for band in rubric.bands:
        if band.at_least > rubric.maximum:
            yield message("remark-class", name=band.name, maximum=rubric.maximum)


def _pointless(indicator: Indicator) -> Iterable[Message]:
    """Rules that can never have the effect that they seem to have."""
    if any(rule.clears and rule.key is None for rule in _rules(indicator)):
        yield message("remark-clear", id=indicator.id)
    if indicator.kind.has_duties:
        keys = {rule.key for rule in indicator.fulfilled}
        for rule in indicator.obliged:
            if rule.key is None or rule.key not in keys:
                what = rule.key or message("remark-event-itself")
                yield message("remark-key", id=indicator.id, key=what)


def _unrewarded(rubric: Rubric) -> Iterable[Message]:
    """Values of closed lists, in events that the rubric reads, for which no rule gives anything."""
    rewarded: dict[tuple[str, str], set[Scalar]] = {}
    for indicator in rubric.indicators:
        for rule in _rules(indicator):
            for short in rule.sets:
                for field in fields(CANONICAL[short].data).values():
                    worth = _rewarded(rule, field)
                    rewarded.setdefault((short, field.name), set()).update(worth)
    for (short, name), values in sorted(rewarded.items()):
        every = _values(fields(CANONICAL[short].data)[name])
        missing = [spelled(value) for value in every if value not in values]
        if missing:
            values_of = ", ".join(missing)
            yield message("remark-unrewarded", field=name, values=values_of, event=short)


def _values(field: FieldInfo) -> tuple[Scalar, ...]:
    return (True, False) if field.kind == "boolean" else field.choices


def _rewarded(rule: Rule, field: FieldInfo) -> set[Scalar]:
    """The values of a field with which an event can count by the rule."""
    values = set(_values(field))
    for condition in rule.where:
        if condition.field == field.name:
            values &= set(condition.values)
    if rule.points is not None and rule.points.by == field.name:
        values &= {value for value, points in rule.points.of if points}
    return values
