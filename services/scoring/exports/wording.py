"""How exports write numbers, days and sentences, in one language. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

from contracts import moments
from contracts.messages import Language, Message
from contracts.percentages import percentage
from services.scoring.ratings.scores import points_text
from services.scoring.ratings.sheet.numbers import figure, points

NONE = "–"
"""Where there is no value."""


class Wording:
    """The texts of one document in one language; `sentence` makes those of its catalogue."""

    def __init__(self, language: Language, sentence: Callable[..., Message]) -> None:
        self.language: Language = language
        self._sentence = sentence

    def say(self, text: Message) -> str:
        """A message in the language of the document."""
        return text.text(self.language)

    def text(self, code: str, **values: Any) -> str:
        """A message of the catalogue in the language of the document."""
        return self.say(self._sentence(code, **values))

    def number(self, hundredths: int) -> str:
        """Points as the language writes them."""
        return self.say(figure(points_text(hundredths)))

    def change(self, hundredths: int) -> str:
        """A change of points with its sign."""
        return f"{'+' if hundredths > 0 else ''}{self.number(hundredths)}"

    def fraction(self, number: Fraction) -> str:
        """Points of a rule as the language writes them."""
        return self.say(figure(points(number).removesuffix(".00")))

    def share(self, share: Fraction | None) -> str:
        """A share of one in percent, with one decimal."""
        if share is None:
            return NONE
        text = percentage(share, 1)
        return f"{text.replace('.', ',')} %" if self.language == "vi" else f"{text}%"

    def count(self, number: int | None) -> str:
        """A whole number, with its thousands apart."""
        if number is None:
            return NONE
        return f"{number:,}".replace(",", "." if self.language == "vi" else ",")

    def day(self, when: date) -> str:
        """A day as the language writes it."""
        return f"{when:%d/%m/%Y}" if self.language == "vi" else when.isoformat()

    def instant(self, us: int) -> str:
        """An instant in Vietnamese time, to the second."""
        local = moments.local_time(us)
        day = self.day(date.fromisoformat(local[:10]))
        clock = local[11:19]
        return f"{clock}, {day}" if self.language == "vi" else f"{day} {clock} +07:00"

    def day_of(self, us: int | None) -> str:
        """The day of an instant in Vietnam."""
        return NONE if us is None else self.day(date.fromordinal(moments.local_day(us)))
