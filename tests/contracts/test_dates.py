"""Dates and instants: what may come in is bounded, and what came in before breaks no program."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import door, moments
from contracts.catalog import fields
from contracts.door import Emitted, Refusal
from tests.contracts.examples import KINDS, full

NOW = moments.instant("2026-06-01T00:00:00Z")
DATES = [
    (version, field.name)
    for version, kind in KINDS.items()
    for field in fields(kind.data).values()
    if field.kind == "date"
]
YEAR_US = 366 * 86_400_000_000


def read(version: str, name: str, day: str) -> Emitted | Refusal:
    """The full example of a type with another date, as read at the door."""
    event: dict[str, Any] = full(version)
    event["data"][name] = day
    _, (result,) = door.read(json.dumps(event).encode(), door.SINGLE, NOW)
    return result


def test_every_date_is_found_by_its_kind() -> None:
    """A new field with a date is bounded too, without anybody thinking of it."""
    assert {name for _, name in DATES} == {"due", "effective", "valid_from", "date"}


@pytest.mark.parametrize(("version", "name"), DATES)
@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2201-01-01", "9999-12-31"])
def test_a_date_beyond_the_bounds_is_refused_by_its_field(
    version: str, name: str, day: str
) -> None:
    """The empty date of .NET and of many databases among them."""
    result = read(version, name, day)
    assert isinstance(result, Refusal)
    assert [fault.field for fault in result.faults] == [f"data.{name}"]
    assert "2000-01-01" in result.faults[0].message and "2200-12-31" in result.faults[0].message


@pytest.mark.parametrize(("version", "name"), DATES)
@pytest.mark.parametrize("day", [moments.FIRST_DAY, moments.LAST_DAY])
def test_a_date_at_its_bound_is_taken(version: str, name: str, day: str) -> None:
    """Both ends are within."""
    assert isinstance(read(version, name, day), Emitted)


@given(st.integers(-3000 * YEAR_US, 20_000 * YEAR_US))
def test_no_instant_is_out_of_range_of_the_calendar(at: int) -> None:
    """Year, month, quarter and the year's start exist for each, and agree with the library."""
    year, month, quarter = moments.local_year(at), moments.month(at), moments.quarter(at)
    assert moments.year_start(year) <= at < moments.year_start(year + 1)
    assert month.rpartition("-")[0] == quarter.rpartition("-")[0] == f"{year:04d}"
    if 1 < year < 9999:
        local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at, hours=7)
        assert (local.year, f"{local:%m}") == (year, month[-2:])


@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59.999999-07:00", "0000-01-01T00:00:00Z"],
)
def test_an_instant_that_utc_cannot_spell_is_no_time(text: str) -> None:
    """Whatever is read can be written again."""
    with pytest.raises(ValueError, match="calendar"):
        moments.instant(text)
    assert moments.rfc3339(moments.instant("0001-01-01T00:00:00Z")) == "0001-01-01T00:00:00Z"
    assert moments.rfc3339(moments.instant("9999-12-31T23:59:59Z")) == "9999-12-31T23:59:59Z"
