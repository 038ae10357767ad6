"""The registry of units, recomputed from all `unit.*` events (SCORING section 6)."""

from typing import Any, NamedTuple

from .ledger import Event
from .moments import day_start, local_date, year_start

EVER = -(10**30)
NEVER = 10**30


class Unit(NamedTuple):
    """One registered unit and the span [start, end) in which it exists."""

    key: str
    name: str
    kind: str
    start: int
    end: int


class Registry:
    """Answers about units; every answer is computed anew from the events."""

    def __init__(self, events: list[Event]) -> None:
        self.by_type: dict[str, list[Event]] = {}
        for event in sorted(events, key=lambda event: event.order):
            self.by_type.setdefault(event.short, []).append(event)
        self.units = {key: self._unit(key) for key in self._keys()}

    def _of(self, short: str) -> list[Event]:
        return self.by_type.get(short, [])

    def _keys(self) -> list[str]:
        return sorted({event.subject for event in self._of("unit.registered")})

    def _unit(self, key: str) -> Unit:
        data = [e.data for e in self._of("unit.registered") if e.subject == key][-1]
        start = day_start(data["valid_from"]) if "valid_from" in data else EVER
        return Unit(key, data["name"], data["kind"], start, self._end(key))

    def _end(self, key: str) -> int:
        """The earliest of its successions and its dissolution."""
        ends = [day_start(d["effective"]) for p, d in self._pairs() if p == key]
        dissolved = [e for e in self._of("unit.dissolved") if e.subject == key]
        if dissolved:
            ends.append(day_start(dissolved[-1].data["effective"]))
        return min(ends, default=NEVER)

    def _pairs(self) -> list[tuple[str, dict[str, Any]]]:
        """Per predecessor and successor the latest succession; one of no unit does not count."""
        registered, latest = self._keys(), {}
        for event in self._of("unit.succeeded"):
            if event.subject in registered:
                latest[event.subject, event.data["successor"]] = event.data
        return [(predecessor, data) for (predecessor, _), data in latest.items()]

    def unit_of(self, event: Event) -> Unit | None:
        """The unit that an event speaks of; None when none is registered for it."""
        if event.subject in self.units:
            return self.units[event.subject]
        if event.short.startswith("unit."):
            return None
        holders = [
            (day_start(recoded.data["effective"]), recoded.subject)
            for recoded in self._of("unit.recoded")
            if recoded.data["code"] == event.subject and recoded.subject in self.units
        ]
        in_force = [holder for holder in holders if holder[0] <= event.at]
        return self.units[max(in_force)[1]] if in_force else None

    def union(self, key: str, year: int) -> set[str]:
        """The unit and those whose succession to it takes effect in the year, by chains."""
        together = {key}
        while True:
            more = {
                predecessor
                for predecessor, data in self._pairs()
                if data["successor"] in together
                and data.get("inherits", True)
                and local_date(day_start(data["effective"])).year == year
            }
            if more <= together:
                return together
            together |= more

    def exists_in(self, unit: Unit, year: int) -> bool:
        """Whether it exists at any moment of the year."""
        begin, end = self.window(unit, year)
        return begin < end

    def window(self, unit: Unit, year: int) -> tuple[int, int]:
        """The part of the year in which it exists."""
        return max(unit.start, year_start(year)), min(unit.end, year_start(year + 1))

    def part_year(self, unit: Unit, year: int) -> bool:
        """Whether it ends strictly inside the year."""
        return year_start(year) < unit.end < year_start(year + 1)

    def name_in(self, unit: Unit, year: int) -> str:
        """The name effective last before the end of the year, or of the unit."""
        until = min(unit.end, year_start(year + 1))
        names = [
            (day_start(event.data["effective"]), event.order, event.data["name"])
            for event in self._of("unit.renamed")
            if event.subject == unit.key and day_start(event.data["effective"]) < until
        ]
        return str(max(names)[2]) if names else unit.name

    def heads_in(self, unit: Unit, year: int) -> list[dict[str, str]]:
        """Who led it at any moment of its part of the year."""
        begin, end = self.window(unit, year)
        by_date = {}
        for event in self._of("unit.headed"):
            if event.subject == unit.key:
                by_date[event.data["effective"]] = event.data["head"]
        dates = sorted(by_date)
        heads = []
        for place, since in enumerate(dates):
            until = day_start(dates[place + 1]) if place + 1 < len(dates) else NEVER
            if max(day_start(since), begin) < min(until, end):
                heads.append({"head": by_date[since], "from": since})
        return heads
