"""Random registry events: units, their corrections, codes, names, heads, and what ends them."""

from itertools import pairwise

from .catalog import KINDS
from .moments import year_start
from .town import YEAR, Town


def found(town: Town, count: int) -> None:
    """All units of the town; a few are never registered."""
    town.units = [f"H44.{number}" for number in range(1, count + 1)]
    for unit in town.units:
        if not town.chance(0.03):
            register(town, unit)
        while town.chance(0.12):
            register(town, unit)
        while town.chance(0.3):
            change(town, unit)
    for _ in range(max(1, count // 8)):
        reorganise(town)
    for unit in town.units:
        if town.chance(0.05):
            dissolve(town, unit)


def register(town: Town, unit: str) -> None:
    """A registration, or the correction of one."""
    data = {"name": f"Đơn vị {unit}", "kind": town.rng.choice(KINDS[: town.rng.choice([1, 2, 4])])}
    if town.chance(0.3):
        data["name"] += " (sửa)"
    if town.chance(0.2):
        data["parent"] = town.rng.choice(town.units)
    if town.chance(0.25):
        data["valid_from"] = town.rng.choice([town.day(), "2024-05-05", "2010-01-01"])
    town.emit("unit.registered", unit, town.moment(), data)


def change(town: Town, unit: str) -> None:
    """A name, a head or a code from a date on; codes clash between units."""
    short = town.rng.choice(["unit.renamed", "unit.headed", "unit.recoded", "unit.recoded"])
    effective = town.day()
    if short == "unit.renamed":
        value = {"name": f"Tên mới {town.rng.randrange(9)}"}
    elif short == "unit.headed":
        value = {"head": f"p-{town.rng.randrange(9)}"}
    else:
        code = f"000.00.{town.rng.randrange(1 + len(town.units) // 3)}.H44"
        if town.chance(0.03):
            code = town.rng.choice(town.units)
        town.codes.setdefault(unit, []).append(code)
        value = {"code": code}
        effective = town.rng.choice([effective, "2024-01-01", "2025-01-01"])
    town.emit(short, unit, town.moment(), {**value, "effective": effective})


def succeed(town: Town, predecessor: str, successor: str, effective: str) -> None:
    """One pair, sometimes corrected later."""
    data: dict[str, object] = {"successor": successor, "effective": effective}
    if town.chance(0.4):
        data["inherits"] = town.chance(0.6)
    town.emit("unit.succeeded", predecessor, town.moment(), data)
    town.predecessors.setdefault(successor, []).append(predecessor)
    for further in town.predecessors.get(predecessor, []):
        if further != successor:
            town.predecessors[successor].append(further)
    if town.chance(0.15):
        other = {"successor": successor, "effective": town.day(), "inherits": town.chance(0.7)}
        town.emit("unit.succeeded", predecessor, town.moment(), other)


def reorganise(town: Town) -> None:
    """A merger, a chain, a split or a circle."""
    rng = town.rng
    names = rng.sample(town.units, min(4, len(town.units)))
    if len(names) < 3:
        return
    effective = rng.choice(["2025-07-01", "2025-07-01", "2025-01-01", "2026-01-01", town.day()])
    kind = rng.choice(["merger", "merger", "chain", "split", "circle", "oddity"])
    if kind == "merger":
        for predecessor in names[1:]:
            succeed(town, predecessor, names[0], effective)
    elif kind == "chain":
        for predecessor, successor in pairwise(names):
            succeed(town, predecessor, successor, town.day() if town.chance(0.5) else effective)
    elif kind == "split":
        for successor in names[1:]:
            succeed(town, names[0], successor, town.day() if town.chance(0.3) else effective)
    elif kind == "circle":
        for predecessor, successor in zip(names, [*names[1:], names[0]], strict=True):
            succeed(town, predecessor, successor, effective)
    else:
        odd(town, names, effective)


def odd(town: Town, names: list[str], effective: str) -> None:
    """A unit that follows itself, one that goes two ways to one heir, or by way of nobody."""
    first, second, *_, last = names
    kind = town.rng.choice(["itself", "diamond", "nobody", "nobody"])
    if kind == "itself":
        succeed(town, first, first, effective)
        return
    between = ("H44.0", "H44.0") if kind == "nobody" else (second, names[-2])
    for middle in between:
        succeed(town, first, middle, effective)
        succeed(town, middle, last, effective)


def dissolve(town: Town, unit: str) -> None:
    """The end of a unit, now and then corrected."""
    town.emit("unit.dissolved", unit, town.moment(), {"effective": town.day()})
    if town.chance(0.2):
        at = year_start(YEAR) + town.rng.randrange(10**13)
        town.emit("unit.dissolved", unit, at, {"effective": town.day()})
