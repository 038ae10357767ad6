"""Shares of one in percent, rounded half up, and never to all or nothing where they are neither."""

from __future__ import annotations

from fractions import Fraction

WHOLE = 100


def percentage(share: Fraction, places: int) -> str:
    """The digits of a share in percent: `87.5`.

    Whoever reads of 100 or 0 percent takes it for all or nothing, so what is rounded to one of them
    is written as a bound: `>99.9`, `<0.1`.
    """
    unit = 10**places
    rounded = (share * WHOLE * unit + Fraction(1, 2)).__floor__()
    if 0 < share < 1 and rounded in (0, WHOLE * unit):
        return f"<{_digits(1, places)}" if not rounded else f">{_digits(rounded - 1, places)}"
    return _digits(rounded, places)


def _digits(number: int, places: int) -> str:
    whole, rest = divmod(abs(number), 10**places)
    text = f"{whole}.{rest:0{places}}" if places else str(whole)
    return f"-{text}" if number < 0 else text
