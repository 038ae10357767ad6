"""How a sheet spells numbers: as the interface has them, and as people read them. Pure."""

from __future__ import annotations

from fractions import Fraction

from contracts.messages import Message
from services.scoring.ratings.scores import hundredths, spelled

PLACES = 10_000


def points(number: Fraction) -> str:
    """Points of a rubric as a string of at least two decimals."""
    return spelled(int(number * 100)) if (number * 100).denominator == 1 else str(number)


def points_of(number: Fraction) -> str:
    """A number for people: two decimals, half up, exact values alone being stored."""
    return spelled(hundredths(number))


def percent(number: Fraction) -> str:
    """A quantity for people: in percent where two decimals hold it, else as the fraction it is."""
    shown = points(number * 100)
    return str(number) if "/" in shown else f"{shown.removesuffix('.00')} %"


def percent_of(number: Fraction) -> Message:
    """A quantity in percent with two decimals, half up, as each language writes it."""
    return figure(f"{points_of(number * 100)} %")


def figure(number: str) -> Message:
    """A number as each language writes it."""
    return Message("figure", comma(number), number)


def comma(number: str) -> str:
    """A decimal as Vietnamese sentences write it."""
    return number.replace(".", ",")
