"""The events that would do a thing of an indicator, with every choice that matters. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from contracts import moments
from contracts.catalog import CANONICAL, FieldInfo, fields
from services.scoring.fold.cells import Cell
from services.scoring.fold.postings import THE_EVENT
from services.scoring.ratings.sheet.trials import TEXT, TrialEvent, UnitYear
from services.scoring.rubrics.model import Indicator, Rubric, Rule

VARIANTS_MAX = 64
"""The most combinations of choices that are tried for one rule and type of event."""
FILLERS: dict[str, Any] = {
    "key": TEXT, "person": TEXT, "text": TEXT, "date": "2200-12-31", "boolean": False,
    "integer": 0, "number": 0,
}  # fmt: skip
"""By kind of field, a value for a field that must be there and decides about nothing."""


def trial_events(
    unit_year: UnitYear, rule: Rule, key: str | None, at: int, new: str = TEXT
) -> list[TrialEvent]:
    """The events that would set a fact by this rule, about this key or the new one.

    One for each choice that matters to some rule of the rubric: a level, a form, a severity.
    """
    events = []
    for short in rule.sets:
        infos = fields(CANONICAL[short].data)
        by_event = rule.key is None or rule.key.startswith("$")
        fixed = {} if by_event else _key_data(infos, rule.key or "", key, new)
        where = {condition.field: condition.values for condition in rule.where}
        names = (unit_year.decisive_fields(short) | where.keys()) - fixed.keys()
        choices = {
            name: where.get(name, _choices(unit_year.rubric, info))
            for name, info in infos.items()
            if name in names
        }
        combinations = itertools.product(*choices.values())
        for values in itertools.islice(combinations, VARIANTS_MAX):
            data = dict(zip(choices, values, strict=True)) | fixed
            events.append(TrialEvent(short, {**_fillers(infos, data), **data}, at, new, key))
    return events


def can_fulfil(rule: Rule, field: str, key: str, at: int) -> bool:
    """Whether an event that happens at the instant can post by this rule to a key of the field."""
    if (rule.key or THE_EVENT) != field or field == THE_EVENT:
        return False
    if field == "$quarter":
        return key == moments.quarter(at)
    return key == moments.month(at) if field == "$month" else True


def clearing_event(indicator: Indicator, cell: Cell, at: int) -> TrialEvent | None:
    """The event that would clear the fact of a cell; None where no rule has one."""
    for rule in indicator.rules:
        if rule.key == cell.field and rule.clears:
            infos = fields(CANONICAL[rule.clears[0]].data)
            data = _key_data(infos, cell.field, cell.key)
            return TrialEvent(rule.clears[0], {**_fillers(infos, data), **data}, at)
    return None


def _key_data(
    infos: Mapping[str, FieldInfo], name: str, key: str | None, new: str = TEXT
) -> dict[str, Any]:
    """The field of the key, with the type of value that the field has."""
    if key is None:
        return {name: new} if infos[name].kind in ("key", "person", "text") else {}
    if infos[name].kind == "boolean":
        return {name: key == "true"}
    return {name: int(key) if infos[name].kind == "integer" and key.isdecimal() else key}


def _fillers(infos: Mapping[str, FieldInfo], data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that an event must have and that no rule reads."""
    return {
        name: info.choices[0] if info.kind == "choice" else FILLERS[info.kind]
        for name, info in infos.items()
        if name not in data and not info.optional
    }


def _choices(rubric: Rubric, info: FieldInfo) -> tuple[Any, ...]:
    """The values to try: a closed list, or the worst and the best mark of the means that read it.

    None stands for the absence of an optional field.
    """
    if info.kind == "choice":
        values: tuple[Any, ...] = info.choices
    elif info.kind == "boolean":
        values = (True, False)
    else:
        means = [i for i in rubric.indicators if any(info.name == r.value for r in i.rules)]
        values = tuple(sorted({int(bound) for i in means for bound in (i.low, i.high)})) or (0,)
    return (*values, None) if info.optional else values
