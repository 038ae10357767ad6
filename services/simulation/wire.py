"""Events as lines of JSON, by templates: fast, and the same bytes for the same seed.

Keys, dates and tails that go into a line are written by this package and need no escaping;
free texts pass through `quoted` once, when a table is made.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from contracts.catalog import CANONICAL

DAY = 86_400_000  # milliseconds
HOUR = 3_600_000
SOURCE = "urn:danchu:simulated"
TYPES = {short: kind.type for short, kind in CANONICAL.items()}
_LOCAL = timezone(timedelta(hours=7))
_MARGIN_DAYS = 200
_MINUTES = [f"{h:02d}:{m:02d}" for h in range(24) for m in range(60)]
_SECONDS = [f"{s:02d}" for s in range(60)]


class Year:
    """The days of a year in Vietnam. A moment is in milliseconds since the year's beginning."""

    def __init__(self, year: int) -> None:
        first = date(year, 1, 1)
        begin = datetime(year, 1, 1, tzinfo=_LOCAL)
        self.year = year
        self.days = (date(year + 1, 1, 1) - first).days
        self.end = self.days * DAY
        self.half = (date(year, 7, 1) - first).days * DAY
        self.unix = (begin - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
        self._dates = [
            (first + timedelta(days=n - 1)).isoformat() for n in range(self.days + _MARGIN_DAYS)
        ]

    def date(self, at: int) -> str:
        """The local date of a moment."""
        return self._dates[at // DAY + 1]

    def local(self, at: int) -> str:
        """The moment as RFC 3339 with Vietnam's offset."""
        day, rest = divmod(at, DAY)
        minute, ms = divmod(rest, 60_000)
        second, ms = divmod(ms, 1000)
        return f"{self._dates[day + 1]}T{_MINUTES[minute]}:{_SECONDS[second]}.{ms:03d}+07:00"

    def utc(self, at: int) -> str:
        """The same moment as RFC 3339 in UTC."""
        return f"{self.local(at - 7 * HOUR)[:23]}Z"

    def moment(self, day: str, hour: float = 9) -> int:
        """The moment of an hour on a date such as 2025-03-01."""
        distance = date.fromisoformat(day) - date(self.year, 1, 1)
        return distance.days * DAY + int(hour * HOUR)


def uuid7(unix_ms: int, bits: int) -> str:
    """A UUIDv7 (RFC 9562) of a time and 74 seeded bits, so that ids order by time."""
    high, low = bits >> 62, bits & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    ms, tail = f"{unix_ms:012x}", f"{low:016x}"
    return f"{ms[:8]}-{ms[8:]}-7{high:03x}-{tail[:4]}-{tail[4:]}"


def quoted(text: str) -> str:
    """A text as JSON."""
    return json.dumps(text, ensure_ascii=False)


def line(id_: str, source: str, short: str, subject: str, time: str, data: str) -> bytes:
    """One CloudEvent and its end of line; `data` is a JSON object already."""
    return (
        f'{{"specversion":"1.0","id":"{id_}","source":"{SOURCE}:{source}",'
        f'"type":"{TYPES[short]}","subject":"{subject}","time":"{time}","data":{data}}}\n'
    ).encode()


def dumped(event: dict[str, Any]) -> bytes:
    """An event of plain dicts as a line."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def respelled(sent: bytes) -> bytes:
    """The same event as another sender's library would write it: order, spaces, escapes, offset."""
    event = json.loads(sent)
    at = datetime.fromisoformat(event["time"])
    other = UTC if at.utcoffset() else _LOCAL
    event["time"] = at.astimezone(other).isoformat().replace("+00:00", "Z")
    event["traceparent"] = f"00-{event['id'].replace('-', '')}-{event['id'][-12:]}0000-01"
    return json.dumps(dict(reversed(event.items())), separators=(", ", ": ")).encode() + b"\n"
