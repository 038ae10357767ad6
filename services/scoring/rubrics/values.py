"""Readers of single values of a rubric file: each gives the value, or an Unreadable that says why.

Numbers are exact: integers, or strings with a decimal or a fraction (SCORING.md section 9).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection
from fractions import Fraction
from typing import Any, TypeVar, cast

from services.scoring.messages import message
from services.scoring.rubrics.model import Scalar
from services.scoring.rubrics.yaml_tree import Inexact, Unreadable

DECIMAL = re.compile(r"[-+]?[0-9]{1,9}(\.[0-9]{1,6})?|[-+]?[0-9]{1,9}/[0-9]{1,6}")
ID_MAX = 128
Word = TypeVar("Word", bound=str)


def near(word: object, known: Collection[str]) -> str:
    """The known word that was perhaps meant, as the end of a sentence."""
    found = difflib.get_close_matches(str(word)[:200], list(known), 1)
    return message("rubric-near", word=found[0]) if found else ""


def text(value: Any) -> str:
    """A text that is not blank."""
    if isinstance(value, int | Inexact):
        raise Unreadable(message("rubric-text-quotes", value=spelled(value)))
    if not isinstance(value, str) or not value.strip():
        raise Unreadable(message("rubric-text"))
    return value


def name(value: Any) -> str:
    """An id, as events and exports spell it."""
    found = text(value)
    if len(found) > ID_MAX or not re.fullmatch(r"[^\W_][\w./:-]*", found):
        raise Unreadable(message("rubric-id", most=ID_MAX, value=repr(found)))
    return found


def one_of(choices: Collection[Word]) -> Callable[[Any], Word]:
    """One of some words."""

    def read(value: Any) -> Word:
        if not isinstance(value, str) or value not in choices:
            every = ", ".join(choices) or message("rubric-nothing")
            reason = message(
                "rubric-one-of",
                every=every,
                value=spelled(value),
                near=near(spelled(value), choices),
            )
            raise Unreadable(reason)
        return cast(Word, value)

    return read


def integer(least: int, most: int = 10**9) -> Callable[[Any], int]:
    """An integer within bounds."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            reason = message("rubric-integer", least=least, most=most, value=spelled(value))
            raise Unreadable(reason)
        return value

    return read


def exact(value: Any) -> Fraction:
    """An exact number, of either sign."""
    if isinstance(value, Inexact):
        if DECIMAL.fullmatch(value.spelled):
            raise Unreadable(message("rubric-inexact", value=value))
        raise Unreadable(message("rubric-inexact-strange", value=value))
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Unreadable(message("rubric-exact", value=spelled(value)))
    if not DECIMAL.fullmatch(str(value)) or re.search(r"/0+$", str(value)):
        raise Unreadable(message("rubric-number", value=repr(value)))
    return Fraction(value)


def number(least: int = 0, most: int | None = None) -> Callable[[Any], Fraction]:
    """An exact number within bounds."""

    def read(value: Any) -> Fraction:
        found = exact(value)
        if found < least or (most is not None and found > most):
            if most is None:
                raise Unreadable(message("rubric-at-least", least=least, value=value))
            raise Unreadable(message("rubric-between", least=least, most=most, value=value))
        return found

    return read


def positive(value: Any) -> Fraction:
    """An exact number above 0."""
    found = exact(value)
    if found <= 0:
        raise Unreadable(message("rubric-positive", value=value))
    return found


def hundredths(value: Any) -> Fraction:
    """An exact number from 0 with at most two decimals."""
    found = number()(value)
    if (found * 100).denominator != 1:
        raise Unreadable(message("rubric-hundredths", value=value))
    return found


def scalar(value: Any) -> Scalar:
    """A value that the data of an event may have."""
    if isinstance(value, Inexact):
        raise Unreadable(message("rubric-inexact-word", value=value))
    if not isinstance(value, str | int):
        raise Unreadable(message("rubric-scalar", value=spelled(value)))
    return value


def true(value: Any) -> bool:
    """The word true alone."""
    if value is not True:
        raise Unreadable(message("rubric-true", value=spelled(value)))
    return True


def spelled(value: Any) -> str:
    """A value as a sentence names it: a Message where it is named by words of ours."""
    if value is None:
        return message("rubric-value-empty")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return message("rubric-value-list" if isinstance(value, list) else "rubric-value-mapping")
    return str(value)[:200]
