"""Ratings as CSV: RFC 4180 for programs, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.exports.csv import SEPARATORS, Decimals, write_csv
from services.scoring.exports.texts import FORMULAS
from services.scoring.ratings.json import rating_members
from tests.scoring.exports.town import HEAD, NOW, rated, rating

FIRST = [
    "unit", "name", "kind", "year", "rubric", "stage", "version", "basic", "bonus", "deduction",
    "adjustment", "total", "class", "rank", "part_year", "until", "head_ceiling", "heads",
    "results", "successors", "predecessors", "reasons", "as_of",
]  # fmt: skip


def lines(raw: bytes, separator: str = ",") -> list[dict[str, str]]:
    """The lines of the file by the names of its columns."""
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), ""), delimiter=separator))


def test_each_unit_is_one_line_that_says_what_its_rating_says() -> None:
    """UTF-8 with BOM, CRLF, stable names, and the texts of the JSON."""
    raw = write_csv(HEAD, rated())
    assert raw.startswith(b"\xef\xbb\xbfunit,name,kind,") and raw.count(b"\r\n") == len(rated()) + 1
    table = lines(raw)
    assert list(table[0])[: len(FIRST)] == FIRST
    for line, each in zip(table, rated(), strict=True):
        members = rating_members(each)
        for name in ("unit", "name", "kind", "stage", "basic", "deduction", "total", "class"):
            assert line[name] == members[name]
        assert line["rank"] == str(members["rank"] or "")
        assert line["part_year"] == ("true" if members["part_year"] else "false")
        scores = {name[7:]: text for name, text in line.items()
                  if name.startswith("scores.") and text}  # fmt: skip
        assert scores == members["scores"]
        empty = {name[6:]: text for name, text in line.items()
                 if name.startswith("empty.") and text}  # fmt: skip
        assert empty == members["empty"]


def test_the_columns_do_not_depend_on_which_units_are_listed() -> None:
    """A program that reads a filtered list finds every column of the year."""
    header = write_csv(HEAD, rated()).split(b"\r\n")[0]
    assert write_csv(HEAD, rated()[:1]).split(b"\r\n")[0] == header
    assert write_csv(HEAD, []) == header + b"\r\n"


def test_an_instant_of_a_list_in_the_past_is_on_every_line() -> None:
    """RFC 3339, as in the JSON."""
    assert lines(write_csv(HEAD, [rating(as_of=NOW)]))[0]["as_of"] == "2025-12-01T00:00:00Z"


@pytest.mark.parametrize("separator", sorted(set(SEPARATORS.values())))
@pytest.mark.parametrize("decimals", ["point", "comma"])
def test_separator_and_decimals_are_independent(separator: str, decimals: Decimals) -> None:
    """Points have a decimal point whatever the separator, unless a comma is asked for."""
    raw = write_csv(HEAD, [rating(total=9_876)], separator, decimals)
    assert lines(raw, separator)[0]["total"] == ("98.76" if decimals == "point" else "98,76")


@settings(max_examples=40)
@given(st.text(max_size=30), st.integers(-10_000, 10_000))
def test_no_text_begins_like_a_formula_and_no_number_is_changed(name: str, points: int) -> None:
    """A text that does gets an apostrophe; negative points keep their sign."""
    (line,) = lines(write_csv(HEAD, [rating(name=name, adjustment=points)]))
    assert not line["name"].startswith(FORMULAS)
    assert line["name"] in (name, f"'{name}")
    assert line["adjustment"] == rating_members(rating(adjustment=points))["adjustment"]
