"""Instants, years and due days, as SCORING.md section 1 defines them. Pure.

An instant is an integer of microseconds since 1970-01-01T00:00:00Z. Years, quarters and due days
are those of Asia/Ho_Chi_Minh, which is UTC+07:00 without daylight saving.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from contracts.messages import message

_OFFSET = 7 * 3_600_000_000
_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LATEST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""The first and the last instant that can be written in UTC with a year of four digits."""
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ERA_YEARS, _ERA_DAYS = 400, 146_097
"""The period of the Gregorian calendar, by which years outside `datetime.date` are computed."""
FIRST_DAY, LAST_DAY = "2000-01-01", "2200-12-31"
"""The first and the last date that is accepted from outside, both inclusive."""


def instant(text: str) -> int:
    """The instant of an RFC 3339 text with an offset; ValueError with a Message if invalid."""
    if not _RFC3339.fullmatch(text):
        raise ValueError(message("time-form"))
    try:
        us = (datetime.fromisoformat(text.upper()) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        us = _LATEST + 1  # refused below
    if not _EARLIEST <= us <= _LATEST:
        raise ValueError(message("time-calendar"))
    return us


def rfc3339(us: int) -> str:
    """An instant in UTC, with six decimal digits of the second, or none if it is whole."""
    moment = _EPOCH + timedelta(microseconds=us)
    return moment.isoformat().replace("+00:00", "Z")


def local_time(us: int) -> str:
    """The instant in Vietnamese time: RFC 3339 with +07:00."""
    return rfc3339(us + _OFFSET).replace("Z", "+07:00")


@lru_cache(maxsize=4096)
def _of_day(ordinal: int) -> tuple[int, int]:
    """Year and month of a day of the proleptic calendar, also before year 1 and after 9999."""
    eras, within = divmod(ordinal - 1, _ERA_DAYS)
    day = date.fromordinal(within + 1)
    return day.year + eras * _ERA_YEARS, day.month


def local_day(us: int) -> int:
    """The proleptic ordinal of the +07:00 date on which the instant lies."""
    return (us + _OFFSET) // _DAY + _EPOCH_ORDINAL


def local_year(us: int) -> int:
    """The rating year of an instant: the calendar year in Asia/Ho_Chi_Minh."""
    return _of_day(local_day(us))[0]


def month(us: int) -> str:
    """The +07:00 month of the instant, such as 2025-07."""
    year, number = _of_day(local_day(us))
    return f"{year:04d}-{number:02d}"


def quarter(us: int) -> str:
    """The +07:00 quarter of the instant, such as 2025-Q3."""
    year, number = _of_day(local_day(us))
    return f"{year:04d}-Q{(number + 2) // 3}"


@lru_cache(maxsize=4096)
def day_ordinal(text: str) -> int:
    """The proleptic ordinal of a date YYYY-MM-DD; ValueError with a Message if invalid."""
    if not _DATE.fullmatch(text):
        raise ValueError(message("day"))
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        raise ValueError(message("day")) from None


def bounded_day(text: str) -> str:
    """The date itself; ValueError if it does not exist, or is outside FIRST_DAY to LAST_DAY."""
    day_ordinal(text)
    if not FIRST_DAY <= text <= LAST_DAY:
        raise ValueError(message("day-between", first=FIRST_DAY, last=LAST_DAY))
    return text


def day_start(text: str) -> int:
    """The instant at which a date begins: 00:00+07:00."""
    return ordinal_start(day_ordinal(text))


def ordinal_start(ordinal: int) -> int:
    """The instant at which a day begins, by its proleptic ordinal, also after the year 9999."""
    return (ordinal - _EPOCH_ORDINAL) * _DAY - _OFFSET


@lru_cache(maxsize=256)
def year_start(year: int) -> int:
    """The instant at which a rating year begins, for any year."""
    eras, within = divmod(year - 1, _ERA_YEARS)
    ordinal = date(within + 1, 1, 1).toordinal() + eras * _ERA_DAYS
    return ordinal_start(ordinal)
