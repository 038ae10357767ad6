"""Vietnamese words on English pages: each stands in an element with `lang="vi"`.

Names of units, titles and clauses exist in Vietnamese alone; a screen reader pronounces them by
the attribute. An extension of Jinja finds the places of a template where text is printed, not
within tags nor within elements that hold text alone, and passes what is printed there through
`mark_vietnamese`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup, escape

from contracts.messages import Message, has_vietnamese, sentence, templates
from services.chassis.http.language import for_reader, page_language

FILTER = "mark_vietnamese"
PLAIN_ELEMENTS = frozenset({"option", "script", "style", "text", "textarea", "title"})
"""Elements that cannot hold a `<span>`; `text` is that of SVG."""
_BEGIN, _END = "\ue000", "\ue001"
"""Of the private use area: no text of a page has them."""
_BRACKETS = re.compile(f"[{_BEGIN}{_END}]")
_WORD = re.compile(r"[^\W\d_]+")
_WORDS = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+)*")
"""Words without other signs or digits between them."""
_NAME = re.compile(r"/?[a-z0-9]*", re.I)


class VietnameseMarks(Extension):
    """Passes whatever is printed as text through `mark_vietnamese`."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The tokens of a template, with the filter at the end of each printed expression."""
        place, tokens = _Place(), iter(stream)
        for token in tokens:
            if token.type == "data":
                place.read(token.value)
            if token.type == "block_begin":
                yield token
                token = next(tokens)
                if token.test("name:block"):
                    yield token
                    token = next(tokens)
                    place.title = token.value == "title"
                elif token.test("name:endblock"):
                    place.title = False
            if token.type == "variable_begin" and place.holds_elements:
                yield from (token, Token(token.lineno, "lparen", "("))
            elif token.type == "variable_end" and place.holds_elements:
                yield from (
                    Token(token.lineno, "rparen", ")"), Token(token.lineno, "pipe", "|"),
                    Token(token.lineno, "name", FILTER), token,
                )  # fmt: skip
            else:
                yield token


class _Place:
    """Where in a page a template has arrived."""

    def __init__(self) -> None:
        self.title = False
        self._tag = self._quote = self._within = ""

    @property
    def holds_elements(self) -> bool:
        """Whether an element may stand here."""
        return not (self.title or self._tag or self._within)

    def read(self, data: str) -> None:
        """Goes on over the text of a template."""
        for number, letter in enumerate(data):
            if self._quote:
                self._quote = "" if letter == self._quote else self._quote
            elif self._tag and letter in "\"'":
                self._quote = letter
            elif self._tag and letter == ">":
                self._within = self._tag if self._tag in PLAIN_ELEMENTS else ""
                self._tag = ""
            elif letter == "<" and not self._tag:
                tag = _NAME.match(data, number + 1)
                name = tag.group().lower() if tag else ""
                if not self._within or name == f"/{self._within}":
                    self._tag = name or "!"


class Sentence(str):
    """A sentence of a page, and the same with its Vietnamese words marked."""

    __slots__ = ("marked",)
    marked: Markup

    def __new__(cls, text: str, marked: Markup) -> Sentence:
        sentence = super().__new__(cls, text)
        sentence.marked = marked
        return sentence


def page_sentence(package: str, code: str, values: Mapping[str, Any]) -> str:
    """A sentence of a catalogue in the language of the page, with its Vietnamese words known."""
    text = sentence(package, code, page_language(), values)
    if page_language() == "vi" or not has_vietnamese(text):
        return text
    if has_vietnamese(templates(package)[code]["en"]):
        both = Message(code, sentence(package, code, "vi", values), text)
        return Sentence(text, _markup(_bracketed(both)))
    bracketed = {
        name: _bracketed(value) if isinstance(value, str) else value
        for name, value in values.items()
    }
    return Sentence(text, _markup(sentence(package, code, "en", bracketed)))


def mark_vietnamese(value: Any) -> Any:
    """What is printed on an English page, with its Vietnamese words marked; else the value.

    A text is marked as a whole, a message where a value has Vietnamese letters.
    """
    if not isinstance(value, str) or isinstance(value, Markup) or page_language() == "vi":
        return value
    if isinstance(value, Sentence):
        return value.marked
    text = _bracketed(value)
    return _markup(text) if _BEGIN in text else value


def language_mark(text: object) -> Markup:
    """The attribute of an element that holds a Vietnamese text alone, on an English page."""
    plain = isinstance(text, str) and not isinstance(text, Message | Sentence)
    vietnamese = plain and page_language() == "en" and has_vietnamese(str(text))
    return Markup(' lang="vi"' if vietnamese else "")


def _markup(text: str) -> Markup:
    marked = str(escape(text)).replace(_BEGIN, '<span lang="vi">').replace(_END, "</span>")
    return Markup(marked)


def _bracketed(value: str) -> str:
    """The text in the language of the page, with its Vietnamese words between brackets."""
    read = for_reader(value)
    text = _BRACKETS.sub("", read.en if isinstance(read, Message) else read)
    if not has_vietnamese(text):
        return text
    if not isinstance(read, Message):
        return f"{_BEGIN}{text}{_END}"
    return _WORDS.sub(lambda words: "".join(_runs(words.group(), read.vi)), text)


def _runs(words: str, vi: str) -> Iterator[str]:
    """Words of an English sentence; brackets stand around those that are a value's.

    A value stands in the Vietnamese sentence too: so does the widest run that begins at its word.
    """
    ends = [each.span() for each in _WORD.finditer(words)]
    first = end = 0
    while first < len(ends):
        start = ends[first][0]
        last = next(
            (n for n in range(len(ends) - 1, first, -1) if words[start : ends[n][1]] in vi), first
        )
        run = words[start : ends[last][1]]
        yield words[end:start]
        yield f"{_BEGIN}{run}{_END}" if has_vietnamese(run) else run
        end, first = ends[last][1], last + 1
