"""The diary of the sample city: what each unit did, as CloudEvents of plain dicts."""

from __future__ import annotations

import hashlib
from random import Random
from typing import Any

from contracts.catalog import CANONICAL
from services.simulation.wire import HOUR, SOURCE, Year, uuid7

CITY_SOURCE = f"{SOURCE}:viet-tri"
Event = dict[str, Any]


def person(unit: str, name: str) -> str:
    """An opaque key of somebody who does not exist."""
    return f"p-{hashlib.sha256(f'{CITY_SOURCE}/{unit}/{name}'.encode()).hexdigest()[:20]}"


class Diary:
    """The events, in the order of telling; `in_order` is the order of sending."""

    def __init__(self, year: int) -> None:
        self.year = Year(year)
        self.rng = Random(f"{CITY_SOURCE}/{year}")
        self._entries: list[tuple[int, int, Event]] = []

    def tell(self, source: str, short: str, subject: str, day: int, /, **data: Any) -> Event:
        """Something that happened at some working hour of the day (0 is 1 January)."""
        at = day * 24 * HOUR + 8 * HOUR + self.rng.randrange(9 * HOUR)
        event = {
            "specversion": "1.0",
            "id": uuid7(self.year.unix + at, self.rng.getrandbits(74)),
            "source": f"{CITY_SOURCE}:{source}",
            "type": CANONICAL[short].type,
            "subject": subject,
            "time": self.year.local(at),
            "data": data,
        }
        self._entries.append((at, len(self._entries), event))
        return event

    def day(self, month: int, day: int) -> int:
        """The number of a day of the year."""
        return self.year.moment(f"{self.year.year}-{month:02d}-{day:02d}", 0) // (24 * HOUR)

    def date(self, day: int) -> str:
        """The date of a day of the year, for fields such as `due`."""
        return self.year.date(day * 24 * HOUR)

    def in_order(self) -> list[Event]:
        """Registrations first, then everything by its time."""
        entries = sorted(self._entries, key=lambda entry: entry[:2])
        events = [event for _, _, event in entries]
        return sorted(events, key=lambda event: "unit.registered" not in event["type"])
