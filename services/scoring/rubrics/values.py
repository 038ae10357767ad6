"""Readers of single values of a rubric file; a reader raises UnreadableValue with the reason.

Numbers are exact: integers, or strings with a decimal or a fraction (SCORING.md section 9).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection
from fractions import Fraction
from typing import Any, TypeVar, cast

from services.scoring.messages import message
from services.scoring.rubrics.errors import UnreadableValue
from services.scoring.rubrics.model import Scalar
from services.scoring.rubrics.yaml_tree import Inexact

DECIMAL = re.compile(r"[-+]?[0-9]{1,9}(\.[0-9]{1,6})?|[-+]?[0-9]{1,9}/[0-9]{1,6}")
ID_MAX = 128
Word = TypeVar("Word", bound=str)


def near(word: object, choices: Collection[str]) -> str:
    """The choice that was perhaps meant, as the end of a sentence; empty where none is near."""
    matches = difflib.get_close_matches(str(word)[:200], list(choices), 1)
    return message("rubric-near", word=matches[0]) if matches else ""


def text(value: Any) -> str:
    """A text that is not blank."""
    if isinstance(value, int | Inexact):
        raise UnreadableValue(message("rubric-text-quotes", value=spelled(value)))
    if not isinstance(value, str) or not value.strip():
        raise UnreadableValue(message("rubric-text"))
    return value


def name(value: Any) -> str:
    """An id, as events and exports spell it."""
    id_ = text(value)
    if len(id_) > ID_MAX or not re.fullmatch(r"[^\W_][\w./:-]*", id_):
        raise UnreadableValue(message("rubric-id", most=ID_MAX, value=repr(id_)))
    return id_


def one_of(choices: Collection[Word]) -> Callable[[Any], Word]:
    """A reader of one of some words."""

    def read(value: Any) -> Word:
        if not isinstance(value, str) or value not in choices:
            every = ", ".join(choices) or message("rubric-nothing")
            reason = message(
                "rubric-one-of",
                every=every,
                value=spelled(value),
                near=near(spelled(value), choices),
            )
            raise UnreadableValue(reason)
        return cast(Word, value)

    return read


def integer(least: int, most: int = 10**9) -> Callable[[Any], int]:
    """A reader of an integer within bounds."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            reason = message("rubric-integer", least=least, most=most, value=spelled(value))
            raise UnreadableValue(reason)
        return value

    return read


def exact(value: Any) -> Fraction:
    """An exact number, of either sign."""
    if isinstance(value, Inexact):
        if DECIMAL.fullmatch(value.spelled):
            raise UnreadableValue(message("rubric-inexact", value=value))
        raise UnreadableValue(message("rubric-inexact-strange", value=value))
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise UnreadableValue(message("rubric-exact", value=spelled(value)))
    if not DECIMAL.fullmatch(str(value)) or re.search(r"/0+$", str(value)):
        raise UnreadableValue(message("rubric-number", value=repr(value)))
    return Fraction(value)


def number(least: int = 0, most: int | None = None) -> Callable[[Any], Fraction]:
    """A reader of an exact number within bounds."""

    def read(value: Any) -> Fraction:
        amount = exact(value)
        if amount < least or (most is not None and amount > most):
            if most is None:
                raise UnreadableValue(message("rubric-at-least", least=least, value=value))
            raise UnreadableValue(message("rubric-between", least=least, most=most, value=value))
        return amount

    return read


def positive(value: Any) -> Fraction:
    """An exact number above 0."""
    amount = exact(value)
    if amount <= 0:
        raise UnreadableValue(message("rubric-positive", value=value))
    return amount


def hundredths(value: Any) -> Fraction:
    """An exact number from 0 with at most two decimals."""
    amount = number()(value)
    if (amount * 100).denominator != 1:
        raise UnreadableValue(message("rubric-hundredths", value=value))
    return amount


def scalar(value: Any) -> Scalar:
    """A value that a field of an event may have."""
    if isinstance(value, Inexact):
        raise UnreadableValue(message("rubric-inexact-word", value=value))
    if not isinstance(value, str | int):
        raise UnreadableValue(message("rubric-scalar", value=spelled(value)))
    return value


def true(value: Any) -> bool:
    """The value true, and no other."""
    if value is not True:
        raise UnreadableValue(message("rubric-true", value=spelled(value)))
    return True


def spelled(value: Any) -> str:
    """A value as it appears in a sentence; a Message where it is described in words."""
    if value is None:
        return message("rubric-value-empty")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return message("rubric-value-list" if isinstance(value, list) else "rubric-value-mapping")
    return str(value)[:200]
