"""Days and instants as people write them, in both languages; instants in Vietnamese time."""

from __future__ import annotations

from datetime import date, datetime

from contracts import moments
from contracts.messages import Message

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_text(day: date) -> Message:
    """A day: `16/12/2024` or `16 Dec 2024`."""
    vietnamese = f"{day.day:02}/{day.month:02}/{day.year}"
    return Message("day", vietnamese, f"{day.day} {MONTHS[day.month - 1]} {day.year}")


def moment_text(instant: int, seconds: bool = False) -> Message:
    """An instant to the minute or the second: `16/12/2024 09:30` or `16 Dec 2024, 09:30`."""
    local = datetime.fromisoformat(moments.local_time(instant))
    day, clock = day_text(local.date()), f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return Message("moment", f"{day.vi} {clock}", f"{day.en}, {clock}")


def deadline_text(instant: int) -> Message:
    """An instant at which something has ended: a midnight is the end of the day before.

    Whoever reads of a deadline on the 16th at 00:00 thinks of the whole 16th.
    """
    last = moments.local_day(instant - 1)
    if instant != moments.ordinal_start(last + 1):
        return moment_text(instant)
    day = day_text(date.fromordinal(last))
    return Message("deadline", f"hết ngày {day.vi}", f"the end of {day.en}")
