"""What a good rubric still leaves open: remarks for `danchu rubric check`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from contracts.catalog import CATALOG, fields
from services.scoring.rubric import Indicator, Rubric


def remarks(rubric: Rubric) -> list[str]:
    """Points that do not add to 100, values that are never rewarded, events that are not read."""
    found = []
    points = sum((indicator.points for indicator in rubric.basic), Fraction(0))
    if points != 100:
        found.append(f"the points of the basic indicators add up to {points}, not to 100")
    found += _unrewarded(rubric)
    read = {short for i in rubric.indicators for short in _read_by(i)}
    unread = [s for s, kind in CATALOG.items() if kind.practice and s not in read]
    if unread:
        found.append(f"events that it never reads: {', '.join(sorted(unread))}")
    return found


def _read_by(indicator: Indicator) -> Iterable[str]:
    for _, rules in indicator.sides():
        for rule in rules:
            yield from rule.sets
            yield from rule.clears


def _unrewarded(rubric: Rubric) -> Iterable[str]:
    """Values of the closed lists of the events it reads that no rule ever matches."""
    wanted: dict[tuple[str, str], set[str]] = {}
    for indicator in rubric.indicators:
        for _, rules in indicator.sides():
            for rule in rules:
                asked = {c.field: {str(v) for v in c.values} for c in rule.where}
                for short in rule.sets:
                    for field in fields(CATALOG[short].data).values():
                        every = asked.get(field.name, set(field.choices))
                        wanted.setdefault((short, field.name), set()).update(every)
    for (short, name), values in sorted(wanted.items()):
        missing = [c for c in fields(CATALOG[short].data)[name].choices if c not in values]
        if missing:
            yield f"never rewarded: {name} {', '.join(missing)} of {short}"
