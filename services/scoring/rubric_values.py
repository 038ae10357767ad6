"""Readers of single values of a rubric file: each gives the value, or a ValueError that says why.

Numbers are exact: integers, or strings with a decimal or a fraction (SCORING.md section 9).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection
from fractions import Fraction
from typing import Any

from services.scoring.rubric import Scalar
from services.scoring.rubric_yaml import Inexact

DECIMAL = re.compile(r"[-+]?[0-9]{1,9}(\.[0-9]{1,6})?|[-+]?[0-9]{1,9}/[0-9]{1,6}")
ID_MAX = 128


def near(word: object, known: Collection[str]) -> str:
    """The known word that was perhaps meant, as the end of a sentence."""
    found = difflib.get_close_matches(str(word)[:200], list(known), 1)
    return f"; did you mean {found[0]}?" if found else ""


def text(value: Any) -> str:
    """A text that is not blank."""
    if isinstance(value, int | Inexact):
        raise ValueError(f"must be a text: put {spelled(value)} in quotes if it is one")
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text")
    return value


def name(value: Any) -> str:
    """An id, as events and exports spell it."""
    found = text(value)
    if len(found) > ID_MAX or not re.fullmatch(r"[^\W_][\w./:-]*", found):
        raise ValueError(f"must be at most {ID_MAX} letters, digits and . _ : / -, not {found!r}")
    return found


def one_of(choices: Collection[str]) -> Callable[[Any], str]:
    """One of some words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            every = ", ".join(choices) or "nothing that is defined here"
            said = spelled(value)
            raise ValueError(f"must be one of {every}, not {said}{near(said, choices)}")
        return value

    return read


def integer(least: int, most: int = 10**9) -> Callable[[Any], int]:
    """An integer within bounds."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"must be an integer of at least {least}, not {spelled(value)}")
        return value

    return read


def exact(value: Any) -> Fraction:
    """An exact number, of either sign."""
    if isinstance(value, Inexact):
        mend = f'write "{value}"' if DECIMAL.fullmatch(value.spelled) else 'such as "0.5" or "1/2"'
        raise ValueError(
            f"must be an integer or a string, not the binary floating point {value}: {mend}"
        )
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(
            f'must be an integer or a string such as "0.5" or "1/2", not {spelled(value)}'
        )
    if not DECIMAL.fullmatch(str(value)) or re.search(r"/0+$", str(value)):
        raise ValueError(f'is no number: {value!r} (an integer, or such as "0.5" or "1/2")')
    return Fraction(value)


def number(least: int = 0, most: int | None = None) -> Callable[[Any], Fraction]:
    """An exact number within bounds."""

    def read(value: Any) -> Fraction:
        found = exact(value)
        if found < least or (most is not None and found > most):
            bound = f"at least {least}" if most is None else f"between {least} and {most}"
            raise ValueError(f"must be {bound}, not {value}")
        return found

    return read


def positive(value: Any) -> Fraction:
    """An exact number above 0."""
    found = exact(value)
    if found <= 0:
        raise ValueError(f"must be above 0, not {value}")
    return found


def hundredths(value: Any) -> Fraction:
    """An exact number from 0 with at most two decimals."""
    found = number()(value)
    if (found * 100).denominator != 1:
        raise ValueError(f"has more than two decimals: {value}")
    return found


def scalar(value: Any) -> Scalar:
    """A value that the data of an event may have."""
    if isinstance(value, Inexact):
        raise ValueError(f'must not be the binary floating point {value}: write "{value}"')
    if not isinstance(value, str | int):
        raise ValueError(f"must be a word, an integer, true or false, not {spelled(value)}")
    return value


def true(value: Any) -> bool:
    """The word true alone."""
    if value is not True:
        raise ValueError(f"must be true where it is given, not {spelled(value)}")
    return True


def spelled(value: Any) -> str:
    """A value as a sentence names it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    return str(value)[:200]
