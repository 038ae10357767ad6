"""Messages for people in Vietnamese and English, from the catalogue of a package.

A catalogue is the file `messages.toml` beside a package's `__init__.py`: a table for each code,
with the sentence in `vi` and in `en`. Where it speaks of what a program has, such as a token, it
also stands in `page_vi` and `page_en`, as a person reads it on a page. A package creates its own
function in `messages.py`: `message = catalogue(__package__)`. A word that depends on a number
stands as `{limit:entry|entries}`, a number as `{limit:count}`, a number of bytes as
`{limit:size}`. Pure, except that it reads each file once.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from contracts.quantities import count_text, size_text

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")
SEPARATOR = " / "
"""The separator of the two languages in the text of a message."""
PLURAL = "|"
QUANTITIES = {"count": count_text, "size": size_text}
"""How a number is written, by the name after its placeholder."""
_LETTERS = re.compile("[àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ]", re.I)
"""Vietnamese letters that English does not have."""


class Message(str):
    """A sentence in both languages, with a code for programs.

    As a string it is the Vietnamese sentence, a slash, and the English sentence, unless `both` is
    given. Values that are messages themselves appear in the language of the sentence. `page` is
    what a person reads on a page instead, if that is another sentence.
    """

    __slots__ = ("code", "en", "page", "vi")
    code: str
    vi: str
    en: str
    page: Message | None

    def __new__(
        cls, code: str, vi: str, en: str, both: str | None = None, *, page: Message | None = None
    ) -> Message:
        if both is None:
            both = vi if vi == en else f"{vi}{SEPARATOR}{en}"
        sentence = super().__new__(cls, both)
        sentence.code, sentence.vi, sentence.en, sentence.page = code, vi, en, page
        return sentence

    def __getnewargs_ex__(self) -> tuple[tuple[str, str, str, str], dict[str, Message | None]]:
        return (self.code, self.vi, self.en, str(self)), {"page": self.page}

    @property
    def on_page(self) -> Message:
        """The sentence as a person reads it on a page."""
        return self.page or self

    def text(self, language: Language | None) -> str:
        """The sentence in one language, or in both for None."""
        if language is None:
            return str(self)
        return self.vi if language == "vi" else self.en


def has_vietnamese(text: str) -> bool:
    """Whether a text has letters that Vietnamese has and English has not."""
    return _LETTERS.search(text) is not None


def join_messages(messages: list[Message], between: str = "; ") -> Message:
    """Several messages as one, with the code of the first."""
    vi, en = (between.join(each.text(language) for each in messages) for language in LANGUAGES)
    return Message(messages[0].code, vi, en)


def at_line(file: str, line: int, reason: Message) -> Message:
    """A message about a line of a file, `file:line: reason`; its full text has the place once."""
    place = f"{file}:{line}: "
    return Message(reason.code, place + reason.vi, place + reason.en, place + reason)


def join_lines(messages: list[Message]) -> Message:
    """Several messages as one, each on a line of its own, also in the bilingual text."""
    whole = join_messages(messages, "\n")
    return Message(whole.code, whole.vi, whole.en, "\n".join(messages))


def shorten(full: Message, most: int) -> Message:
    """The message with a bilingual text of at most `most` characters, cut in each language.

    `split_languages` can split that text again, even if values contain the separator.
    """
    room = (most - len(SEPARATOR)) // 2
    vi, en = (
        text if len(text) <= room else f"{text[: room - 1]}…"
        for text in (full.text(language) for language in LANGUAGES)
    )
    # a cut may leave separators in one half only: then they are replaced in both
    again = split_languages(f"{vi}{SEPARATOR}{en}")
    if not isinstance(again, Message) or (again.vi, again.en) != (vi, en):
        vi, en = (re.sub(r"\s*/\s*", "/", text) for text in (vi, en))
    return Message(full.code, vi, en)


def split_languages(text: str, code: str = "") -> str:
    """The message of a stored bilingual text; the text itself if it has only one language.

    Values occur in both languages, so the separator in the middle is the one between them.
    """
    if isinstance(text, Message):
        return text
    parts = text.split(SEPARATOR)
    middle = len(parts) // 2
    vi, en = (SEPARATOR.join(half) for half in (parts[:middle], parts[middle:]))
    return Message(code, vi, en) if len(parts) % 2 == 0 and has_vietnamese(vi) else text


@cache
def templates(package: str) -> Mapping[str, Mapping[str, str]]:
    """The catalogue of a package: by code and language, the sentence with its placeholders."""
    return tomllib.loads(files(package).joinpath("messages.toml").read_text(encoding="utf-8"))


def catalogue(package: str) -> Callable[..., Message]:
    """The function that creates a package's messages from a code and the placeholders' values.

    It raises KeyError for a code that is not in the catalogue, and for a missing value.
    """

    def message(code: str, /, **values: Any) -> Message:
        sentences = templates(package)[code]
        vi, en = (_filled(sentences[language], values, language) for language in LANGUAGES)
        whole = f"{package.rpartition('.')[2]}.{code}"
        if "page_vi" not in sentences:
            return Message(whole, vi, en)
        words = {
            name: value.on_page if isinstance(value, Message) else value
            for name, value in values.items()
        }
        page = (_filled(sentences[f"page_{each}"], words, each) for each in LANGUAGES)
        return Message(whole, vi, en, page=Message(whole, *page))

    return message


def sentence(package: str, code: str, language: Language, values: Mapping[str, Any]) -> str:
    """The sentence of a package's catalogue in one language alone; errors as of `catalogue`."""
    return _filled(templates(package)[code][language], values, language)


def _filled(sentence: str, values: Mapping[str, Any], language: Language) -> str:
    texts = {
        name: value.text(language) if isinstance(value, Message) else value
        for name, value in values.items()
    }
    if _SPEC.search(sentence):
        return _FORMATTERS[language].vformat(sentence, (), texts)
    return sentence.format_map(texts)


class _Formatter(string.Formatter):
    """Formats `{number:entry|entries}` as the first word for one, as the second for others.

    `{number:count}` and `{number:size}` are written as the language writes numbers.
    """

    def __init__(self, language: Language) -> None:
        self.language = language

    def format_field(self, value: Any, spec: str) -> str:
        """The word that fits the number, the number, or the value itself."""
        one, has_plural, many = spec.partition(PLURAL)
        if has_plural:
            return one if str(value) == "1" else many
        if spec in QUANTITIES:
            return QUANTITIES[spec](value, self.language)
        return str(super().format_field(value, spec))


_SPEC = re.compile(r"\{\w+:")
_FORMATTERS = {language: _Formatter(language) for language in LANGUAGES}


message = catalogue(__package__)
"""The messages of the contracts themselves, from `contracts/messages.toml`."""
