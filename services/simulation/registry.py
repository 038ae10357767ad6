"""The units of a simulated city and what becomes of them: mergers, splits, codes, heads."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from services.simulation.persons import person_key
from services.simulation.wire import DAY, HOUR, Year, quoted

_KINDS = ("commune", "agency", "commune", "public_service_unit", "commune", "agency",
          "public_service_unit", "commune", "enterprise", "commune")  # fmt: skip
_NAMES = {
    "commune": "Phường số",
    "agency": "Phòng số",
    "public_service_unit": "Trường số",
    "enterprise": "Công ty số",
}
_GROUP = 16  # units of which three merge and one splits into two; the next dissolves
_MERGED, _MERGER, _SPLIT, _HALVES = (0, 2, 4), 7, 9, (11, 14)


@dataclass(slots=True)
class Unit:
    """A unit, how diligent it is, and in which part of the year it exists."""

    key: str
    kind: str
    name: str
    zeal: float
    size: int
    begin: int = 0
    end: int = 1 << 60
    successor: Unit | None = None
    code: str = ""
    coded: int = 1 << 60


@dataclass(frozen=True, slots=True)
class Change:
    """An event of the registrar: when it is made known, and its data as JSON."""

    at: int
    short: str
    unit: str
    data: str


def settle(count: int, rng: Random) -> list[Unit]:
    """So many units; about two of three are diligent."""
    units = []
    for n in range(count):
        kind = _KINDS[n % len(_KINDS)]
        zeal = rng.uniform(0.9, 1.0) if rng.random() < 0.67 else rng.uniform(0.4, 0.85)
        name = f"{_NAMES[kind]} {n + 1}"
        units.append(Unit(f"H45.{n // 100 + 1}.{n % 100 + 1}", kind, name, zeal, rng.randint(1, 4)))
    return units


def reorganise(units: list[Unit], year: Year) -> list[Change]:
    """Of every sixteen units three become one, one becomes two, and one ends, on 1 July."""
    changes = []
    for start in range(0, len(units) - _GROUP + 1, _GROUP):
        group = units[start : start + _GROUP]
        pairs = [(group[n], group[_MERGER]) for n in _MERGED]
        pairs += [(group[_SPLIT], group[n]) for n in _HALVES]
        changes += [_succeed(old, new, year) for old, new in pairs]
        group[-1].end = year.half
        data = f'{{"effective":"{year.date(year.half)}"}}'
        changes.append(Change(year.half - 25 * DAY, "unit.dissolved", group[-1].key, data))
    return changes


def _succeed(old: Unit, new: Unit, year: Year) -> Change:
    new.begin, new.kind = year.half, old.kind
    new.name = f"{_NAMES[old.kind]} {new.key.rpartition('.')[2]} mới"
    old.end, old.successor = year.half, old.successor or new
    data = f'{{"successor":"{new.key}","effective":"{year.date(year.half)}"}}'
    return Change(year.half - 20 * DAY, "unit.succeeded", old.key, data)


def register(units: list[Unit], year: Year) -> list[Change]:
    """The registrations: all of them stand before anything else."""
    changes = []
    for n, unit in enumerate(units):
        since = f',"valid_from":"{year.date(unit.begin)}"' if unit.begin else ""
        data = f'{{"name":{quoted(unit.name)},"kind":"{unit.kind}"{since}}}'
        changes.append(Change(n, "unit.registered", unit.key, data))
    return changes


def administer(units: list[Unit], rng: Random, year: Year) -> list[Change]:
    """Who leads the units, and the few that get another name or code within the year."""
    changes = []
    for n, unit in enumerate(units):
        if rng.random() < 0.5:
            head, since = person_key(rng.getrandbits(64)), year.date(unit.begin)
            data = f'{{"head":"{head}","effective":"{since}"}}'
            changes.append(Change(unit.begin + 9 * HOUR, "unit.headed", unit.key, data))
        if n % 10 == 3:
            unit.coded, unit.code = rng.randint(40, 300) * DAY, f"H45.C.{n + 1}"
            data = f'{{"code":"{unit.code}","effective":"{year.date(unit.coded)}"}}'
            changes.append(Change(unit.coded - 10 * DAY, "unit.recoded", unit.key, data))
        if n % 25 == 6:
            at = rng.randint(40, 300) * DAY
            data = f'{{"name":{quoted(unit.name + " (tên mới)")},"effective":"{year.date(at)}"}}'
            changes.append(Change(at, "unit.renamed", unit.key, data))
    return changes
