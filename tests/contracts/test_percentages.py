"""Shares in percent: rounded half up, and never to all or nothing where they are neither."""

from __future__ import annotations

from fractions import Fraction

import pytest

from contracts.percentages import percentage


@pytest.mark.parametrize(
    ("share", "places", "text"),
    [
        (Fraction(7, 8), 1, "87.5"),
        (Fraction(1, 8), 0, "13"),
        (Fraction(3, 8), 0, "38"),
        (Fraction(15, 16), 2, "93.75"),
        (Fraction(1), 1, "100.0"),
        (Fraction(0), 1, "0.0"),
        (Fraction(1999, 2000), 1, ">99.9"),
        (Fraction(9994, 10000), 1, "99.9"),
        (Fraction(1, 3000), 1, "<0.1"),
        (Fraction(499, 500), 0, ">99"),
        (Fraction(1, 500), 0, "<1"),
        (Fraction(99999, 100000), 2, ">99.99"),
        (Fraction(-1, 8), 1, "-12.5"),
        (Fraction(3, 2), 0, "150"),
    ],
)
def test_only_all_is_a_hundred_percent_and_only_nothing_is_none(
    share: Fraction, places: int, text: str
) -> None:
    """A target of 100 % is not reached by 1,999 of 2,000, and a page does not say so."""
    assert percentage(share, places) == text
