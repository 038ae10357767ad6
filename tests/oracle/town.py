"""The random town while it is generated: its clock, its keys, and the events so far."""

import random
from datetime import date, timedelta
from typing import Any

from .catalog import CLEARING, fields
from .moments import DAY, EPOCH, day_start, local_date, year_start

YEAR = 2025
SOURCES = ("urn:vt:one-stop", "urn:VT:portal", "urn:vt:board", "https://vt.example/hồ-sơ")
OFFSETS = (0, 0, 420, 420, -300, 330, -30)
EDGE_DAYS = (
    "2025-01-01", "2025-02-15", "2025-03-31", "2025-07-01", "2025-10-02", "2025-10-03",
    "2025-12-01", "2025-12-02", "2025-12-31", "2026-01-01",
)  # fmt: skip


def spelled(at: int, rng: random.Random) -> str:
    """One of the many RFC 3339 spellings of an instant."""
    minutes = rng.choice(OFFSETS)
    shown = at + minutes * 60_000_000
    day = date.fromordinal(shown // DAY + EPOCH)
    seconds, micros = divmod(shown % DAY, 1_000_000)
    text = f"{day}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    fraction = f"{micros:06d}" if rng.random() < 0.3 else f"{micros:06d}".rstrip("0")
    text += f".{fraction}" if fraction else ""
    if minutes == 0:
        return text + rng.choice(["Z", "+00:00"])
    sign = "-" if minutes < 0 else "+"
    return f"{text}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


class Town:
    """Gathers events; every choice comes from one seeded generator."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.events: list[dict[str, Any]] = []
        self.units: list[str] = []
        self.codes: dict[str, list[str]] = {}
        self.predecessors: dict[str, list[str]] = {}
        self.used_times: list[int] = [year_start(YEAR)]
        self.serial = 0

    def chance(self, odds: float) -> bool:
        return self.rng.random() < odds

    def emit(self, short: str, subject: str, at: int, data: dict[str, Any]) -> dict[str, Any]:
        """Append one CloudEvent."""
        rng = self.rng
        self.serial += 1
        identity = rng.choice(["{r:06x}-{n}", "{n}", "số {n}/{r:x}", "0190{r:06x}-{n}"])
        event = {
            "specversion": "1.0",
            "id": identity.format(r=rng.randrange(16**6), n=self.serial),
            "source": rng.choice(SOURCES),
            "type": f"vn.danchu.{short}.v1",
            "subject": subject,
            "time": spelled(at, rng),
            "data": data,
        }
        self.used_times.append(at)
        self.events.append(event)
        return event

    def moment(self) -> int:
        """Mostly inside the year, often at an edge, sometimes the very time of another event."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.12:
            return rng.choice(self.used_times)
        if kind < 0.35:
            step = rng.choice([-DAY, -1_000_000, -1, 0, 1, 1_000_000, DAY - 1_000_000, DAY])
            return day_start(rng.choice(EDGE_DAYS)) + step
        if kind < 0.42:
            return year_start(YEAR) + rng.randrange(-40 * DAY, 400 * DAY)
        return year_start(YEAR) + rng.randrange(365 * 86_400) * 1_000_000

    def day(self) -> str:
        """A date of the year or a little beside it, often an edge."""
        if self.chance(0.4):
            return self.rng.choice(EDGE_DAYS)
        return str(date(YEAR, 1, 1) + timedelta(days=self.rng.randrange(-20, 400)))

    def due(self, at: int) -> str:
        """A due date; often the day of a time that is used, so that its end is an edge."""
        near = self.rng.choice([-1, 0, 0, 1, 30, 90])
        return str(local_date(at) + timedelta(days=near))

    def key(self, unit: str, field: str) -> str:
        """One of few keys, shared by all units; of a predecessor it is named by its key."""
        text = f"{field[:2]}-{self.rng.randrange(1, 7)}"
        before = self.predecessors.get(unit)
        if before and self.chance(0.3):
            predecessor = self.rng.choice(before)
            codes = self.codes.get(predecessor)
            if codes and self.chance(0.15):
                predecessor = self.rng.choice(codes)
            return f"{predecessor}/{text}"
        if self.chance(0.01):
            return f"{self.rng.choice([*self.units, unit])}/{text}"
        return text

    def value(self, unit: str, name: str, kind: str, at: int) -> Any:
        """A value of a field that the catalog allows."""
        rng = self.rng
        if "|" in kind:
            return rng.choice(kind.split("|"))
        if kind in ("key", "person"):
            return self.key(unit, name)
        if kind == "date":
            return self.due(at) if self.chance(0.6) else self.day()
        if kind == "count":
            return rng.choice([0, 1, 7, 30, rng.randrange(1000)])
        if kind == "amount":
            return rng.choice([0, rng.randrange(40), f"{rng.randrange(40)}.{rng.randrange(100)}"])
        if kind == "flag":
            return self.chance(0.5)
        if kind == "score":
            return rng.randrange(1, 6)
        return rng.choice(["Tên", "đường phố", "x"])

    def data(self, unit: str, short: str, at: int) -> dict[str, Any]:
        """Data of a random event; sometimes of another year than its time."""
        data = {
            name: self.value(unit, name, kind, at)
            for name, optional, kind in fields(short)
            if not optional or self.chance(0.6)
        }
        return self.dated(short, at, data)

    def dated(self, short: str, at: int, data: dict[str, Any]) -> dict[str, Any]:
        """Now and then with a `year` of its own."""
        local = local_date(at).year
        decision = short.endswith(CLEARING) or short.startswith(("exempt", "adjust"))
        if self.chance(0.08):
            data["year"] = local + self.rng.choice([-1, 0, 1])
        elif local != YEAR and self.chance(0.5 if abs(local - YEAR) == 1 or decision else 0):
            data["year"] = YEAR
        return data

    def subject(self, unit: str) -> str:
        """The unit's key, or one of the codes that some unit of that name has or had."""
        codes = self.codes.get(unit)
        return self.rng.choice(codes) if codes and self.chance(0.25) else unit
