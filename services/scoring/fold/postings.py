"""What one event says: the rules of a rubric, compiled, from an event to postings. Pure.

Source: SCORING.md section 3 (facts), section 6 (keys of units put together), section 7 (decisions).
"""

from __future__ import annotations

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


def order_of(said: Recorded) -> Order:
    """What "later" compares of an event."""
    return Order(said.time, said.event.source, said.event.id)


class Pool(NamedTuple):
    """In whose view, and among which units' keys, an event's key is spoken."""

    view: str
    units: frozenset[str]


Speaker = Callable[[Recorded], str | None]
Matcher = Callable[[Any], bool]
Price = Callable[[Any], tuple[int, int] | None]
Marker = Callable[[Any], int]


class _Poster(NamedTuple):
    """One rule, compiled for one event type; what a rule does not ask for is None."""

    indicator: str
    side: str
    field: str
    closed: bool
    speak: Speaker
    sets: bool
    matches: Matcher | None
    price: Price | None
    mark: Marker | None


class _Reading(NamedTuple):
    """How a rubric reads one event type: whether its data may have a due day, and its rules."""

    dated: bool
    posters: tuple[_Poster, ...]


def scaled(number: int | str) -> int:
    """A number of the contract (an integer or a decimal string) in 1/10,000."""
    if isinstance(number, int):
        return int(number * 10**DECIMAL_PLACES)
    whole, _, part = number.partition(".")
    digits = int(whole + part.ljust(DECIMAL_PLACES, "0"))
    return digits


def _matcher(where: Sequence[Condition]) -> Matcher | None:
    wanted = tuple((c.field, frozenset((type(v), v) for v in c.values)) for c in where)
    if not wanted:
        return None

    def matches(data: Any) -> bool:
        for name, values in wanted:
            value = getattr(data, name, None)
            if (type(value), value) not in values:
                return False
        return True

    return matches


def _speaker(key: str | None) -> Speaker:
    if key is None:
        return lambda said: said.identity.hex()
    if key == "$quarter":
        return lambda said: moments.quarter(said.time)
    if key == "$month":
        return lambda said: moments.month(said.time)

    def speak(said: Recorded) -> str | None:
        value = getattr(said.event.data, key, msgspec.UNSET)
        if isinstance(value, str):
            return value
        if value is msgspec.UNSET:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    return speak


def _number(data: Any, name: str) -> int | None:
    value = getattr(data, name, msgspec.UNSET)
    return None if value is msgspec.UNSET else scaled(value)


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

    def priced(data: Any) -> tuple[int, int] | None:
        value: Any = getattr(data, by, None)
        given = of.get(value)
        return None if given is None else (given, 0)

    return priced


def _marker(indicator: Indicator) -> Marker | None:
    matchers = [_matcher(ceiling.where) for ceiling in indicator.ceilings]

    def mark(data: Any) -> int:
        return sum(1 << i for i, hits in enumerate(matchers) if hits is None or hits(data))

    return mark if matchers else None


def _closed(short: str, key: str | None) -> bool:
    """Keys with a closed list of values are one thing in every unit (SCORING.md section 6)."""
    if key is None or key.startswith("$"):
        return True

    known = fields(CANONICAL[short].data).get(key)
    return known is not None and known.kind in ("choice", "boolean")


def _readings(rubric: Rubric) -> dict[str, _Reading]:
    known = _COMPILED.get(id(rubric))
    if known is None or known[0] is not rubric:
        known = _COMPILED[id(rubric)] = (rubric, _compile(rubric))
    return known[1]


_COMPILED: dict[int, tuple[Rubric, dict[str, _Reading]]] = {}


def _compile(rubric: Rubric) -> dict[str, _Reading]:
    found: dict[str, list[_Poster]] = {}
    for indicator in rubric.indicators:
        for side, rules in indicator.sides():
            for rule in rules:
                for sets, shorts in ((True, rule.sets), (False, rule.clears)):
                    for short in shorts:
                        poster = _poster(indicator, side.value, rule, short, sets)
                        found.setdefault(short, []).append(poster)
    return {
        short: _Reading("due" in fields(CANONICAL[short].data), tuple(posters))
        for short, posters in found.items()
    }


def _poster(indicator: Indicator, side: str, rule: Rule, short: str, sets: bool) -> _Poster:
    return _Poster(
        indicator.id,
        side,
        rule.key or THE_EVENT,
        _closed(short, rule.key),
        _speaker(rule.key),
        sets,
        _matcher(rule.where if sets else ()),
        _price(rule, indicator.denominator),
        _marker(indicator),
    )


def reads(rubric: Rubric, said: Recorded) -> bool:
    """Whether the event posts any fact: some rule names its type and matches its data."""
    return bool(post(rubric, said, "", "", Pool(OWN, frozenset())))


def pooled_key(unit: str, successor: str, key: str, units: frozenset[str]) -> str:
    """A predecessor's key as it stands among the keys of the units put together."""
    if unit == successor:
        return key
    owner, slash, _ = key.partition("/")
    if slash and (owner in units or owner == successor):
        return key
    return f"{unit}/{key}"


def post(
    rubric: Rubric, said: Recorded, unit: str, book: str, pool: Pool
) -> list[tuple[Cell, Posting]]:
    """What a practice event of `unit` posts to the view `pool` of the unit `book`."""
    reading = _readings(rubric).get(said.kind.short)
    if reading is None:
        return []
    event, view = said.event, pool.view
    data, order = event.data, Order(said.time, event.source, event.id)
    due = _due(data) if reading.dated else None
    posted: list[tuple[Cell, Posting]] = []
    for indicator, side, field, closed, speak, sets, matches, price, mark in reading.posters:
        if matches is not None and not matches(data):
            continue
        key = speak(said)
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
    return posted if len(posted) < 2 else _once_each(rubric, posted)


def _due(data: Any) -> int | None:
    due = data.due
    return moments.day_ordinal(due) if isinstance(due, str) else None


def _once_each(
    rubric: Rubric, posted: Sequence[tuple[Cell, Posting]]
) -> list[tuple[Cell, Posting]]:
    """An event speaks once about a side of a cell, whichever of the side's rules match it.

    Where it sets by one rule and clears by another it clears: that asks for type and key alone.
    """
    found: dict[tuple[Cell, str], Posting] = {}
    for cell, now in posted:
        before = found.setdefault((cell, now.side), now)
        if before.sets and not now.sets:
            found[(cell, now.side)] = now
        elif rubric.by_id[cell.indicator].pick_highest and before.sets and now.sets:
            found[(cell, now.side)] = max(before, now, key=lambda posting: posting.value)
    return [(cell, posting) for (cell, _), posting in found.items()]


def decide(said: Recorded) -> list[tuple[Cell, Posting]]:
    """What a declaration, an exemption or an adjustment posts to its own unit's year."""
    data, short = said.event.data, said.kind.short
    order = order_of(said)
    if short in ("exemption.approved", "exemption.revoked"):
        cell = Cell(OWN, data.indicator, EXEMPT, data.indicator)
        return [(cell, Posting(Side.DONE, order, short == "exemption.approved"))]
    if short == "declaration.nil":
        return [(Cell(OWN, data.indicator, NIL, data.indicator), Posting(Side.DONE, order, True))]
    if short == "adjustment.decided":
        points = scaled(data.points) // 100
        cell = Cell(OWN, ADJUSTMENT, "decision", data.decision)
        return [(cell, Posting(Side.DONE, order, True, points))]
    return []
