"""Which units exist when, under which codes, and whose facts a successor inherits. Pure.

Built from `unit.*` events alone (SCORING.md section 6), in any order of arrival. Instants are
microseconds since 1970 UTC; an effective date begins at 00:00+07:00.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from contracts import moments


class Order(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """The order of events: by instant, source and id (SCORING.md section 1)."""

    time: int
    source: str
    id: str


class Statement(NamedTuple):
    """One `unit.*` event as the registry reads it: short name, subject, order, data struct."""

    short: str
    subject: str
    order: Order
    data: Any


class Succession(NamedTuple):
    """One predecessor's succession to one successor."""

    effective: int
    inherits: bool


@dataclass(slots=True)
class Unit:
    """A registered unit: the span is [begins, ends) in microseconds, None where open."""

    key: str
    name: str
    kind: str
    parent: str | None
    begins: int | None
    ends: int | None = None
    names: list[tuple[int, Order, str]] = field(default_factory=list)
    heads: list[tuple[int, Order, str, str]] = field(default_factory=list)
    codes: frozenset[str] = frozenset()
    _names_in: dict[int, str] = field(default_factory=dict, repr=False, compare=False)

    def search_texts(self) -> list[str]:
        """What it is found by: every name and code that it ever had, and its key."""
        return [self.name, *(entry[2] for entry in self.names), self.key, *self.codes]

    def exists_at(self, instant: int) -> bool:
        """Whether the instant lies in the unit's span."""
        after = self.begins is None or self.begins <= instant
        return after and (self.ends is None or instant < self.ends)

    def exists_in(self, year: int) -> bool:
        """Whether the unit exists at any moment of the year."""
        start, end = moments.year_start(year), moments.year_start(year + 1)
        begins = max(start, self.begins if self.begins is not None else start)
        return begins < min(end, self.ends if self.ends is not None else end)

    def ends_inside(self, year: int) -> bool:
        """Whether its rating of the year is a closing one."""
        return self.ends is not None and (
            moments.year_start(year) < self.ends < moments.year_start(year + 1)
        )

    def end_in(self, year: int) -> int:
        """The end of the unit's part of the year."""
        end = moments.year_start(year + 1)
        return end if self.ends is None else min(end, self.ends)

    def name_in(self, year: int) -> str:
        """The name in force at the end of the unit's part of the year.

        It is remembered: a unit of a registry that is complete does not change.
        """
        name = self._names_in.get(year)
        if name is None:
            name = self._names_in[year] = self.name_at(self.end_in(year) - 1)
        return name

    def name_at(self, instant: int) -> str:
        """The name in force; of several that begin at once the last in the order of events."""
        begun = [entry for entry in self.names if entry[0] <= instant]
        return max(begun)[2] if begun else self.name


NEVER = 2**62
"""An instant after all others."""


class Registry:
    """The registry that follows from one set of `unit.*` events."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self.units: dict[str, Unit] = {}
        self.successions: dict[tuple[str, str], Succession] = {}
        self._recodings: dict[str, list[tuple[int, str]]] = {}
        self._pools: dict[tuple[str, int], frozenset[str]] = {}
        self._heirs: dict[int, dict[str, tuple[str, ...]]] = {}
        self._pooling: dict[tuple[str, int], tuple[str, ...]] = {}
        ordered = sorted(statements, key=lambda statement: statement.order)
        for statement in ordered:
            if statement.short == "unit.registered":
                self._register(statement)
        self._end_units(ordered)
        for statement in ordered:
            self._describe(statement)

    def _register(self, statement: Statement) -> None:
        data = statement.data
        begins = getattr(data, "valid_from", None)
        parent = getattr(data, "parent", None)
        self.units[statement.subject] = Unit(
            key=statement.subject,
            name=data.name,
            kind=data.kind,
            parent=parent if isinstance(parent, str) else None,
            begins=moments.day_start(begins) if isinstance(begins, str) else None,
        )

    def _end_units(self, ordered: list[Statement]) -> None:
        dissolved: dict[str, int] = {}
        for statement in ordered:
            if statement.subject not in self.units:
                continue
            if statement.short == "unit.dissolved":
                dissolved[statement.subject] = moments.day_start(statement.data.effective)
            elif statement.short == "unit.succeeded":
                data = statement.data
                self.successions[(statement.subject, data.successor)] = Succession(
                    moments.day_start(data.effective), data.inherits is not False
                )
        ends = list(dissolved.items())
        ends += [(unit, entry.effective) for (unit, _), entry in self.successions.items()]
        for key, end in ends:
            unit = self.units[key]
            unit.ends = end if unit.ends is None else min(unit.ends, end)

    def _describe(self, statement: Statement) -> None:
        unit = self.units.get(statement.subject)
        if unit is None:
            return
        data, order = statement.data, statement.order
        if statement.short == "unit.renamed":
            unit.names.append((moments.day_start(data.effective), order, data.name))
        elif statement.short == "unit.headed":
            since = moments.day_start(data.effective)
            unit.heads.append((since, order, data.head, data.effective))
        elif statement.short == "unit.recoded":
            recodings = self._recodings.setdefault(data.code, [])
            recodings.append((moments.day_start(data.effective), unit.key))
            unit.codes |= {data.code}

    def holder(self, subject: str, instant: int) -> Unit | None:
        """The unit whose key or code the subject is at the instant, or None."""
        unit = self.units.get(subject)
        if unit is not None:
            return unit
        holders = [entry for entry in self._recodings.get(subject, ()) if entry[0] <= instant]
        return self.units[max(holders)[1]] if holders else None

    def unheld_until(self, subject: str) -> int | None:
        """The instant before which no unit holds the subject; None where a unit always does.

        NEVER where none ever does.
        """
        if subject in self.units:
            return None
        recodings = self._recodings.get(subject)
        return min(recodings)[0] if recodings else NEVER

    def find(self, subject: str) -> Unit | None:
        """The unit that a query names by its key, or by any code that the unit ever has."""
        recodings = self._recodings.get(subject)
        return self.units.get(subject) or (self.units[max(recodings)[1]] if recodings else None)

    def subjects(self, key: str) -> frozenset[str]:
        """The subjects that events about the unit may carry: its key and all its codes."""
        unit = self.units.get(key)
        return frozenset((key,)) | (unit.codes if unit is not None else frozenset())

    def successors(self, key: str) -> tuple[str, ...]:
        """The direct successors of a unit, whether or not they inherit its facts."""
        return self._kin[0].get(key, ())

    def predecessors(self, key: str) -> tuple[str, ...]:
        """The direct predecessors of a unit, whether or not it inherits their facts."""
        return self._kin[1].get(key, ())

    def heirs(self, key: str) -> frozenset[str]:
        """All successors of a unit, through chains of successions."""
        return _closure(key, self._kin[0])

    @cached_property
    def _kin(self) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
        after: dict[str, tuple[str, ...]] = {}
        before: dict[str, tuple[str, ...]] = {}
        for old, new in self.successions:
            if old != new:
                after[old] = (*after.get(old, ()), new)
                before[new] = (*before.get(new, ()), old)
        return after, before

    def pool(self, key: str, year: int) -> frozenset[str]:
        """The predecessors whose facts of the year a successor's pooled view includes."""
        pool = self._pools.get((key, year))
        if pool is None:
            heirs = self._heirs_of(year)
            predecessors: dict[str, list[str]] = {}
            for old, new in heirs.items():
                for successor in new:
                    predecessors.setdefault(successor, []).append(old)
            pool = _closure(key, {k: tuple(v) for k, v in predecessors.items()})
            self._pools[(key, year)] = pool
        return pool

    def pooling(self, key: str, year: int) -> tuple[str, ...]:
        """The units whose pooled view of the year includes this unit's facts.

        They are its heirs, and itself where it has predecessors.
        """
        links = self._heirs_of(year)
        if not links:
            return ()
        pooling = self._pooling.get((key, year))
        if pooling is None:
            own = (key,) if self.pool(key, year) else ()
            pooling = self._pooling[(key, year)] = (*own, *sorted(_closure(key, links)))
        return pooling

    def changed_since(self, before: Registry) -> frozenset[str]:
        """The units whose facts may differ from those folded under an earlier registry.

        Heirs are included whatever the year: a unit too many costs time, one too few is an error.
        """
        keys = self.units.keys() | before.units.keys()
        changed = {key for key in keys if _folded(self, key) != _folded(before, key)}
        differing = set(self.successions.items()) ^ set(before.successions.items())
        changed.update(old for (old, _), _ in differing)
        changed |= _recoded(self, before)
        for registry in (self, before):
            for key in tuple(changed):
                changed |= registry.heirs(key)
        return frozenset(changed)

    def _heirs_of(self, year: int) -> dict[str, tuple[str, ...]]:
        links = self._heirs.get(year)
        if links is None:
            start, end = moments.year_start(year), moments.year_start(year + 1)
            links = self._heirs[year] = {}
            for (old, new), entry in self.successions.items():
                if entry.inherits and start <= entry.effective < end:
                    links[old] = (*links.get(old, ()), new)
        return links


def _folded(registry: Registry, key: str) -> tuple[object, ...] | None:
    """The attributes of a unit that its facts depend on; names, heads and parent are none."""
    unit = registry.units.get(key)
    return None if unit is None else (unit.kind, unit.begins, unit.ends)


def _recoded(after: Registry, before: Registry) -> set[str]:
    """The units of every code that has other holders, or became or ceased to be a key."""
    changed: set[str] = set()
    for code in after._recodings.keys() | before._recodings.keys():
        recodings = {frozenset(r._recodings.get(code, ())) for r in (after, before)}
        hidden = {code in r.units for r in (after, before)}
        if len(recodings) > 1 or len(hidden) > 1:
            changed.update(unit for entries in recodings for _, unit in entries)
    return changed


def _closure(key: str, links: dict[str, tuple[str, ...]]) -> frozenset[str]:
    """Every key that chains of links lead to, without the first: chains may be circles."""
    closure: set[str] = set()
    ahead = list(links.get(key, ()))
    while ahead:
        target = ahead.pop()
        if target != key and target not in closure:
            closure.add(target)
            ahead.extend(links.get(target, ()))
    return frozenset(closure)
