"""The day and the year in Vietnam, and whether the last day for something has passed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from contracts import moments
from services.chassis.web.site import Site


def today(site: Site) -> str:
    """The day in Vietnam."""
    return date.fromordinal(moments.local_day(site.sessions.clock())).isoformat()


def this_year(site: Site) -> str:
    """The year in Vietnam."""
    return str(moments.local_year(site.sessions.clock()))


def days_until(day: str, since: str) -> int:
    """How many days lie between two days; below 0 where `day` has passed."""
    return (date.fromisoformat(day) - date.fromisoformat(since)).days


def is_overdue(record: Mapping[str, Any], day: str) -> bool:
    """Whether the last day of a record for what comes next has passed."""
    return bool(record.get("due")) and str(record["due"]) < day
