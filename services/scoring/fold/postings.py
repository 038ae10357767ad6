"""From an event to its postings, by the compiled rules of a rubric. Pure.

Sources: SCORING.md sections 3 (facts), 6 (keys of units put together) and 7 (decisions).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from contracts import moments
from contracts.catalog import CANONICAL, fields
from contracts.envelope import Recorded
from services.scoring.fold.cells import ADJUSTMENT, EXEMPT, NIL, OWN, POOLED, Cell, Posting
from services.scoring.fold.registry import Order
from services.scoring.rubrics.model import Condition, Indicator, Rubric, Rule, Side

THE_EVENT = "$event"
DECIMAL_PLACES = 4
NOTHING = (0, 0)
DECISIONS = frozenset(
    ("exemption.approved", "exemption.revoked", "declaration.nil", "adjustment.decided")
)
"""The event types that post by themselves, whatever the rubric."""


def order_of(event: Recorded) -> Order:
    """The place of an event in the order of events."""
    return Order(event.time, event.event.source, event.event.id)


class Pool(NamedTuple):
    """The view that an event posts to, and the predecessors whose keys stand in it too."""

    view: str
    units: frozenset[str]


KeyReader = Callable[[Recorded], str | None]
"""Reads the key of the cell; None where the event has none, and then posts nothing."""
Matcher = Callable[[Any], bool]
"""Whether the data of an event meets every condition of a rule."""
Price = Callable[[Any], tuple[int, int] | None]
"""Reads value and weight of a posting; None where the event has none, and then posts nothing."""
Marker = Callable[[Any], int]
"""The ceilings of a deduction that the data of an event meets, as bits."""


class _CompiledRule(NamedTuple):
    """One rule, compiled for one event type; a part that the rule does not have is None."""

    indicator: str
    side: str
    field: str
    closed: bool
    read_key: KeyReader
    sets: bool
    matches: Matcher | None
    price: Price | None
    mark: Marker | None


class _EventRules(NamedTuple):
    """The rules that a rubric has for one event type, and whether its data may have a due day."""

    has_due: bool
    rules: tuple[_CompiledRule, ...]


def ten_thousandths(number: int | str) -> int:
    """A number of the contract (an integer or a decimal string) in 1/10,000."""
    if isinstance(number, int):
        return int(number * 10**DECIMAL_PLACES)
    whole, _, part = number.partition(".")
    return int(whole + part.ljust(DECIMAL_PLACES, "0"))


def _matcher(where: Sequence[Condition]) -> Matcher | None:
    # the type is compared too: True == 1
    conditions = tuple((c.field, frozenset((type(v), v) for v in c.values)) for c in where)
    if not conditions:
        return None

    def matches(data: Any) -> bool:
        for name, values in conditions:
            value = getattr(data, name, None)
            if (type(value), value) not in values:
                return False
        return True

    return matches


def _key_reader(key: str | None) -> KeyReader:
    if key is None:
        return lambda event: event.identity.hex()
    if key == "$quarter":
        return lambda event: moments.quarter(event.time)
    if key == "$month":
        return lambda event: moments.month(event.time)

    def read_key(event: Recorded) -> str | None:
        value = getattr(event.event.data, key, msgspec.UNSET)
        if isinstance(value, str):
            return value
        if value is msgspec.UNSET:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    return read_key


def _number(data: Any, name: str) -> int | None:
    value = getattr(data, name, msgspec.UNSET)
    return None if value is msgspec.UNSET else ten_thousandths(value)


def _price(rule: Rule, denominator: int) -> Price | None:
    if rule.numerator and rule.denominator:
        above, below = rule.numerator, rule.denominator

        def share(data: Any) -> tuple[int, int] | None:
            pair = _number(data, above), _number(data, below)
            return None if pair[0] is None or pair[1] is None else (pair[0], pair[1])

        return share
    if rule.value:
        name = rule.value

        def value(data: Any) -> tuple[int, int] | None:
            number = _number(data, name)
            return None if number is None else (number, 0)

        return value
    points = rule.points
    if points is None:
        return None
    if points.fixed is not None:
        fixed = int(points.fixed * denominator)
        return lambda data: (fixed, 0)
    by, of = points.by or "", {value: int(number * denominator) for value, number in points.of}

    def by_value(data: Any) -> tuple[int, int] | None:
        value: Any = getattr(data, by, None)
        price = of.get(value)
        return None if price is None else (price, 0)

    return by_value


def _marker(indicator: Indicator) -> Marker | None:
    matchers = [_matcher(ceiling.where) for ceiling in indicator.ceilings]

    def mark(data: Any) -> int:
        return sum(1 << i for i, hits in enumerate(matchers) if hits is None or hits(data))

    return mark if matchers else None


def _closed(short: str, key: str | None) -> bool:
    """Keys with a closed list of values mean the same in every unit (SCORING.md section 6)."""
    if key is None or key.startswith("$"):
        return True
    field = fields(CANONICAL[short].data).get(key)
    return field is not None and field.kind in ("choice", "boolean")


_COMPILED: dict[int, dict[str, _EventRules]] = {}
"""Compiled rubrics by `id`: hashing a whole rubric at every event would cost more than posting."""


def _compiled(rubric: Rubric) -> dict[str, _EventRules]:
    compiled = _COMPILED.get(id(rubric))
    if compiled is None:
        compiled = _COMPILED[id(rubric)] = _compile(rubric)
        # an id is used again once its object is gone, so the entry ends with the rubric
        weakref.finalize(rubric, _COMPILED.pop, id(rubric), None).atexit = False
    return compiled


def _compile(rubric: Rubric) -> dict[str, _EventRules]:
    compiled: dict[str, list[_CompiledRule]] = {}
    for indicator in rubric.indicators:
        for side, rules in indicator.sides():
            for rule in rules:
                for sets, shorts in ((True, rule.sets), (False, rule.clears)):
                    for short in shorts:
                        compiled_rule = _compile_rule(indicator, side.value, rule, short, sets)
                        compiled.setdefault(short, []).append(compiled_rule)
    return {
        short: _EventRules("due" in fields(CANONICAL[short].data), tuple(rules))
        for short, rules in compiled.items()
    }


def _compile_rule(
    indicator: Indicator, side: str, rule: Rule, short: str, sets: bool
) -> _CompiledRule:
    return _CompiledRule(
        indicator.id,
        side,
        rule.key or THE_EVENT,
        _closed(short, rule.key),
        _key_reader(rule.key),
        sets,
        _matcher(rule.where if sets else ()),
        _price(rule, indicator.denominator),
        _marker(indicator),
    )


def reads(rubric: Rubric, event: Recorded) -> bool:
    """Whether the event posts anything: some rule names its type and matches its data."""
    return bool(post(rubric, event, "", "", Pool(OWN, frozenset())))


def pooled_key(unit: str, successor: str, key: str, units: frozenset[str]) -> str:
    """A predecessor's key in the pooled view of its successor: prefixed by its owner, once."""
    if unit == successor:
        return key
    owner, slash, _ = key.partition("/")
    if slash and (owner in units or owner == successor):
        return key
    return f"{unit}/{key}"


def post(
    rubric: Rubric, event: Recorded, unit: str, book: str, pool: Pool
) -> list[tuple[Cell, Posting]]:
    """What a practice event of `unit` posts to the view `pool` of the unit `book`."""
    compiled = _compiled(rubric).get(event.kind.short)
    if compiled is None:
        return []
    envelope, view = event.event, pool.view
    data, order = envelope.data, Order(event.time, envelope.source, envelope.id)
    due = _due(data) if compiled.has_due else None
    posted: list[tuple[Cell, Posting]] = []
    for indicator, side, field, closed, read_key, sets, matches, price, mark in compiled.rules:
        if matches is not None and not matches(data):
            continue
        key = read_key(event)
        worth = NOTHING if price is None or not sets else price(data)
        if key is None or worth is None:
            continue
        if view == POOLED and not closed:
            key = pooled_key(unit, book, key, pool.units)
        if sets:
            marks = 0 if mark is None else mark(data)
            posting = Posting(side, order, True, worth[0], worth[1], due, marks)
        else:
            posting = Posting(side, order, False)
        posted.append((Cell(view, indicator, field, key), posting))
    return posted if len(posted) < 2 else _merge(rubric, posted)


def _due(data: Any) -> int | None:
    due = data.due
    return moments.day_ordinal(due) if isinstance(due, str) else None


def _merge(rubric: Rubric, posted: Sequence[tuple[Cell, Posting]]) -> list[tuple[Cell, Posting]]:
    """One posting of the event for each side of a cell, whichever of the side's rules match it.

    An event that sets by one rule and clears by another clears, because a clearing rule depends on
    type and key alone.
    """
    merged: dict[tuple[Cell, str], Posting] = {}
    for cell, now in posted:
        before = merged.setdefault((cell, now.side), now)
        if before.sets and not now.sets:
            merged[(cell, now.side)] = now
        elif rubric.by_id[cell.indicator].pick_highest and before.sets and now.sets:
            merged[(cell, now.side)] = max(before, now, key=lambda posting: posting.value)
    return [(cell, posting) for (cell, _), posting in merged.items()]


def post_decision(event: Recorded) -> list[tuple[Cell, Posting]]:
    """What a declaration, an exemption or an adjustment posts to its own unit's year."""
    data, short = event.event.data, event.kind.short
    order = order_of(event)
    if short in ("exemption.approved", "exemption.revoked"):
        cell = Cell(OWN, data.indicator, EXEMPT, data.indicator)
        return [(cell, Posting(Side.DONE, order, short == "exemption.approved"))]
    if short == "declaration.nil":
        return [(Cell(OWN, data.indicator, NIL, data.indicator), Posting(Side.DONE, order, True))]
    if short == "adjustment.decided":
        points = ten_thousandths(data.points) // 100
        cell = Cell(OWN, ADJUSTMENT, "decision", data.decision)
        return [(cell, Posting(Side.DONE, order, True, points))]
    return []
