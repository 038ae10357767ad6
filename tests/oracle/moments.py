"""Instants and dates as whole microseconds, in Asia/Ho_Chi_Minh where a calendar is asked."""

import re
from datetime import date

DAY = 86_400_000_000
HOUR = 3_600_000_000
EPOCH = date(1970, 1, 1).toordinal()
LOCAL = 7 * HOUR
SPELLING = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([Zz]|[+-]\d\d:\d\d)"
)


def instant(text: str) -> int:
    """Microseconds since 1970 UTC of an RFC 3339 time."""
    found = SPELLING.fullmatch(text)
    if found is None:
        raise ValueError(f"not a time: {text!r}")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    micros = int((found[7] or "").ljust(6, "0"))
    offset = 0
    if found[8] not in "Zz":
        offset = (int(found[8][1:3]) * 60 + int(found[8][4:6])) * 60
        offset = -offset if found[8][0] == "-" else offset
    days = date(year, month, day).toordinal() - EPOCH
    seconds = hour * 3600 + minute * 60 + second - offset
    return days * DAY + seconds * 1_000_000 + micros


def day_start(text: str) -> int:
    """The instant at which a date begins in Asia/Ho_Chi_Minh."""
    return (date.fromisoformat(text).toordinal() - EPOCH) * DAY - LOCAL


def year_start(year: int) -> int:
    """The instant at which a calendar year begins in Asia/Ho_Chi_Minh."""
    return day_start(f"{year:04d}-01-01")


def local_date(at: int) -> date:
    """The date that a calendar in Asia/Ho_Chi_Minh shows at an instant."""
    return date.fromordinal((at + LOCAL) // DAY + EPOCH)


def quarter(at: int) -> str:
    """`2025-Q3`."""
    shown = local_date(at)
    return f"{shown.year:04d}-Q{(shown.month + 2) // 3}"


def month(at: int) -> str:
    """`2025-07`."""
    shown = local_date(at)
    return f"{shown.year:04d}-{shown.month:02d}"
