"""How pages write numbers, days and instants, in the language of the page.

Points come as integers in hundredths, instants as microseconds since 1970 or RFC 3339, days as
dates or `2025-03-01`. Whatever is missing is a dash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from contracts import moments
from contracts.moment_texts import day_text, deadline_text, moment_text
from contracts.percentages import percentage
from contracts.quantities import MINUS, count_text
from services.chassis.http.language import page_language

MISSING = "–"
DAY_LENGTH = len("2025-03-01")


def points(hundredths: int | str | None) -> str:
    """Points with two decimals: `87,25` or `87.25`."""
    return MISSING if hundredths is None else _decimal(_hundredths(hundredths), "")


def signed(hundredths: int | str | None) -> str:
    """A change of points with its sign: `+1,25`, `−0,50`, `0,00`."""
    if hundredths is None:
        return MISSING
    number = _hundredths(hundredths)
    return _decimal(number, "+" if number > 0 else "")


def count(number: int | None) -> str:
    """A whole number, with its thousands apart: `1.234` or `1,234`."""
    if number is None:
        return MISSING
    return count_text(number, page_language())


def percent(share: Fraction | float | None, places: int = 0) -> str:
    """A share of one as a percentage: `87,5 %` or `87.5%`; `>99 %` where it is not all."""
    if share is None:
        return MISSING
    text = percentage(Fraction(share), places)
    return f"{text.replace('.', ',')} %" if page_language() == "vi" else f"{text}%"


def decimal(text: str | None) -> str:
    """A number that is written as a decimal: `7,5` or `7.5`."""
    if text is None:
        return MISSING
    return text.replace(".", ",") if page_language() == "vi" else text


def day(value: date | str | int | None) -> str:
    """A day: `16/12/2024` or `16 Dec 2024`."""
    if value is None or value == "":
        return MISSING
    if isinstance(value, str) and len(value) == DAY_LENGTH:
        return day_text(date.fromisoformat(value)).text(page_language())
    if isinstance(value, date) and not isinstance(value, datetime):
        return day_text(value).text(page_language())
    return day_text(_local(value).date()).text(page_language())


def ordinal_day(ordinal: int) -> str:
    """A day by its proleptic ordinal, as due days have it."""
    return day_text(date.fromordinal(ordinal)).text(page_language())


def moment(value: str | int | None) -> str:
    """An instant in Vietnam: `16/12/2024 09:30` or `16 Dec 2024, 09:30`."""
    if value is None or value == "":
        return MISSING
    return moment_text(_instant(value)).text(page_language())


def deadline(value: str | int | None) -> str:
    """An instant at which something has ended: `hết ngày 15/12/2024`, or as a moment."""
    if value is None or value == "":
        return MISSING
    return deadline_text(_instant(value)).text(page_language())


def term(item: Mapping[str, Any], name: str) -> str:
    """A member of an answer of an interface in words: `stage` as `stage_vi` or `stage_en`."""
    word = item.get(f"{name}_{page_language()}", item.get(name))
    return MISSING if word in (None, "") else str(word)


def machine_time(value: str | int | None) -> str:
    """An instant for the attribute `datetime` of `<time>`."""
    return "" if value in (None, "") else _local(value).isoformat()


def _hundredths(value: int | str) -> int:
    if isinstance(value, int):
        return value
    whole, _, rest = value.lstrip("-").partition(".")
    number = int(whole or 0) * 100 + int(f"{rest}00"[:2])
    return -number if value.startswith("-") else number


def _decimal(number: int, plus: str) -> str:
    whole, rest = divmod(abs(number), 100)
    mark = "," if page_language() == "vi" else "."
    sign = MINUS if number < 0 else plus
    return f"{sign}{whole}{mark}{rest:02}"


def _instant(value: Any) -> int:
    if isinstance(value, datetime):
        value = value.isoformat()
    return value if isinstance(value, int) else moments.instant(value)


def _local(value: Any) -> datetime:
    return datetime.fromisoformat(moments.local_time(_instant(value)))


FILTERS: Mapping[str, Callable[..., str]] = {
    "points": points, "signed": signed, "count": count, "percent": percent, "decimal": decimal,
    "day": day, "ordinal_day": ordinal_day, "moment": moment, "deadline": deadline,
    "machine_time": machine_time, "term": term,
}  # fmt: skip
"""The formats as templates know them: `{{ rating.total | points }}`."""
