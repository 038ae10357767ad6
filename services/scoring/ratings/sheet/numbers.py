"""The spelling of numbers on a sheet: for the interface, and for people. Pure."""

from __future__ import annotations

from fractions import Fraction

from contracts.messages import Message
from contracts.percentages import percentage
from services.scoring.ratings.scores import hundredths, points_text

PLACES = 10_000
"""Values of events are summed as integers of 1/10,000."""


def points(number: Fraction) -> str:
    """Points as a string of two decimals, or as the fraction where two do not hold them."""
    return points_text(int(number * 100)) if (number * 100).denominator == 1 else str(number)


def points_of(number: Fraction) -> str:
    """A number for people: two decimals, rounded half up."""
    return points_text(hundredths(number))


def percent(number: Fraction) -> str:
    """A quantity for people: in percent where two decimals hold it, else as the fraction it is."""
    spelling = points(number * 100)
    return str(number) if "/" in spelling else f"{spelling.removesuffix('.00')} %"


def percent_of(number: Fraction) -> Message:
    """A quantity in percent with two decimals, half up, as each language writes it."""
    return figure(f"{percentage(number, 2)} %")


def figure(number: str) -> Message:
    """A number as each language writes it."""
    return Message("figure", number.replace(".", ","), number)
