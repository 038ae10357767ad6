"""Two years of a small city: who does less, who does more, who begins, who ends."""

from __future__ import annotations

from typing import Any

from services.scoring.ratings import recount
from services.scoring.ratings.recount import Accepted
from services.scoring.ratings.standings import Standing
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.support.builders.cities import accepted
from tests.support.builders.events import event

YEAR, BEFORE = 2026, 2025
"""The shipped rubrics rate both."""
Standings = dict[str, Standing]


def registered(unit: str, kind: str = "commune", name: str = "", **more: str) -> dict[str, Any]:
    """A unit; it exists from ever unless it has `valid_from`."""
    data = {"name": name or f"Đơn vị {unit}", "kind": kind, **more}
    time = "2024-01-02T00:00:00+07:00"
    return event(f"reg-{unit}", "unit.registered", subject=unit, time=time, data=data)


def due(unit: str, year: int, item: str) -> dict[str, Any]:
    """An item that has to be made public."""
    return event(
        f"due-{unit}-{year}-{item}", "disclosure.due", subject=unit, time=f"{year}-02-01T08:00:00Z",
        data={"item": item, "due": f"{year}-08-01"},
    )  # fmt: skip


def published(unit: str, year: int, item: str, day: str = "07-01") -> dict[str, Any]:
    """An item that was made public."""
    return event(
        f"pub-{unit}-{year}-{item}", "disclosure.published", subject=unit,
        time=f"{year}-{day}T08:00:00Z", data={"item": item, "channel": "portal"},
    )  # fmt: skip


def succeeded(unit: str, successor: str, day: str) -> dict[str, Any]:
    """A unit that ends, and who takes over."""
    return event(
        f"end-{unit}", "unit.succeeded", subject=unit, time=f"{day}T00:00:00+07:00",
        data={"successor": successor, "effective": day},
    )  # fmt: skip


CITY = [
    registered("H44.1"), registered("H44.2"), registered("H44.3"), registered("H44.4", "agency"),
    due("H44.1", BEFORE, "a"), published("H44.1", BEFORE, "a"), due("H44.1", YEAR, "a"),
    due("H44.2", BEFORE, "a"), due("H44.2", YEAR, "a"), published("H44.2", YEAR, "a"),
    registered("H44.5", valid_from="2026-01-01"),
    registered("H44.6"), succeeded("H44.6", "H44.5", "2026-01-01"),
]  # fmt: skip
NAMES = {f"H44.{number}": f"Đơn vị {number}" for number in range(1, 10)}


def both(events: list[dict[str, Any]]) -> tuple[Standings, Standings]:
    """The standings of the year and of the one before, by the shipped rubrics."""
    deliveries, rules = Accepted(accepted(events)), load_directory(SHIPPED)
    now, before = (recount.standings(deliveries, rules, year) for year in (YEAR, BEFORE))
    return now, before
