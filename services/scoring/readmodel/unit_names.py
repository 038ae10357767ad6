"""What units are called, for the systems of record: the names that count, in force and to come.

With them go the further codes of each unit, which are registered as its key is.
"""

from __future__ import annotations

from contracts import moments
from contracts.questions import NamedUnit, NamesAnswer
from services.scoring.fold.registry import Registry, Unit
from services.scoring.readmodel.reader import Reading

UNITS_MAX, CHARACTERS_MAX = 1000, 100_000
"""How much an answer has: a message of NATS has at most 1 MB, and a character at most 6 bytes."""
COMING_MAX = 10
"""How many names of a unit that are to come; the later ones are answered when those have begun."""
CODES_MAX = 100
"""How many further codes of a unit; no real one has as many."""


def name_page(registry: Registry, after: str, now: int) -> NamesAnswer:
    """The units whose keys come after this one, as many as an answer has; at least one."""
    rest = sorted(key for key in registry.units if key > after)
    units: list[NamedUnit] = []
    characters = 0
    for key in rest[:UNITS_MAX]:
        unit = registry.units[key]
        name, coming = unit.name_at(now), _names_after(unit, now)
        codes = sorted(unit.codes)[:CODES_MAX]
        characters += sum(map(len, (key, name, *(text for _, text in coming), *codes)))
        if units and characters > CHARACTERS_MAX:
            break
        units.append(NamedUnit(key, name, tuple(coming), tuple(codes)))
    return NamesAnswer(tuple(units), len(units) < len(rest))


def _names_after(unit: Unit, now: int) -> list[tuple[int, str]]:
    """The names to come, each with its beginning; of several at once the one of `name_at`."""
    coming = {since: name for since, _, name in sorted(unit.names) if since > now}
    return list(coming.items())[:COMING_MAX]


async def unit_names(reading: Reading, after: str) -> NamesAnswer:
    """As `name_page`, of the registry as of the last commit."""
    now = reading.clock()
    snapshot = await reading.snapshots.of(moments.local_year(now))
    return name_page(snapshot.registry, after, now)
