"""Strict JSON parsing at bounded cost: well-formed, not nested too deeply, no duplicate names.

A batch is split into its elements one by one, so a batch of too many events is refused when the
first excess event is reached, and an element too large for an event is skipped without being
decoded. No step holds the interpreter lock for more than some hundredths of a second, whatever the
body contains, so other requests are answered meanwhile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import msgspec

from contracts.messages import Message, message
from contracts.texts import has_excess_marks, normalise

NESTING_MAX = 8
DIGITS_MAX = 17
BEYOND = 2**62
VALUES_MAX = 300_000
ELEMENT_MAX, ELEMENT_VALUES_MAX = 2 * 2**20, 20_000
WINDOW = 64 * 2**10
_CHARSET = re.compile(r"(?:^|;)\s*charset\s*=\s*\"?([^\s\";]*)")
_CHARSETS = ("utf-8", "utf8", "us-ascii")
_UTF8 = re.compile(r'charset\s*=\s*(utf-?8|"utf-?8")\s*;?', re.ASCII)
_BLANKS = re.compile(r"[ \t\r\n]*+")
_TEXT = r'"(?:[^"\\]++|\\.)*+"'
_LONG_TEXT = re.compile(_TEXT, re.DOTALL)


def _insides() -> list[re.Pattern[str]]:
    """Patterns of the text between two brackets, by the number of nested brackets allowed."""
    inner = f'(?:[^"\\[\\]{{}}]++|{_TEXT})*+'
    patterns = [inner]
    for _ in range(NESTING_MAX):
        inner = f'(?:[^"\\[\\]{{}}]++|{_TEXT}|[\\[{{]{inner}[\\]}}])*+'
        patterns.append(inner)
    return [re.compile(pattern, re.DOTALL) for pattern in patterns]


_INSIDE = _insides()


class BodyRefused(Exception):
    """The whole body is refused: `status` is the HTTP status, `detail` says why."""

    def __init__(self, status: int, detail: Message) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Element(NamedTuple):
    """The place of a value in a text."""

    start: int
    end: int


def media_of(content_type: str, accepted: Sequence[str]) -> str:
    """The media type; BodyRefused if it is not accepted, or the charset is not UTF-8 or ASCII."""
    media, _, parameters = content_type.lower().partition(";")
    media, charset = media.strip(), _CHARSET.search(parameters)
    if media not in accepted:
        *others, last = accepted
        media = message("media-or", others=", ".join(others), last=last) if others else last
        raise BodyRefused(415, message("media", media=media))
    if charset is not None and charset[1] not in _CHARSETS:
        raise BodyRefused(415, message("charset", charset=charset[1][:40]))
    return media


def is_json(declared: str) -> bool:
    """Whether a `datacontenttype` is JSON in UTF-8, such as `application/json; charset="UTF-8"`."""
    media, _, parameter = declared.lower().partition(";")
    if media.strip() != "application/json":
        return False
    return not parameter.strip() or bool(_UTF8.fullmatch(parameter.strip()))


def check_structured(content_type: str, headers: Mapping[str, str]) -> None:
    """Raises BodyRefused for an event in binary mode, whose attributes are `ce-…` headers."""
    structured = content_type.lower().startswith("application/cloudevents")
    if not structured and any(name.lower().startswith("ce-") for name in headers):
        raise BodyRefused(415, message("media-binary"))


def decode_utf8(raw: bytes) -> str:
    """The text of a body; BodyRefused if it is not UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BodyRefused(400, message("not-utf8", byte=error.start)) from None


def parse(raw: bytes, values_max: int = VALUES_MAX) -> Any:
    """The JSON value of a body, with every text in NFC.

    BodyRefused if it is not well-formed or nested too deeply, and with status 413 if it may have
    more than `values_max` values.
    """
    text = decode_utf8(raw)
    if text.count(",") + text.count("[") + text.count("{") > values_max:
        raise BodyRefused(413, message("body-values", most=values_max))
    start = after_blanks(text, 0)
    batch = text[start : start + 1] == "["
    element = element_at(text, start, NESTING_MAX + batch)
    if after_blanks(text, element.end) < len(text):
        raise syntax(text, element.end)
    return value_of(text, element)


def after_blanks(text: str, start: int) -> int:
    """The place of the next character that is not JSON white space."""
    match = _BLANKS.match(text, start)
    assert match is not None
    return match.end()


def elements(text: str, start: int) -> Iterator[Element]:
    """The elements of the array that begins at `start`; nothing may follow the array."""
    place = after_blanks(text, start + 1)
    if text[place : place + 1] == "]":
        place += 1
    else:
        while True:
            element = element_at(text, place)
            yield element
            place = after_blanks(text, element.end)
            if text[place : place + 1] != ",":
                break
            place = after_blanks(text, place + 1)
        if text[place : place + 1] != "]":
            raise syntax(text, place)
        place += 1
    if after_blanks(text, place) < len(text):
        raise syntax(text, place)


def element_at(text: str, start: int, depth: int = NESTING_MAX) -> Element:
    """The place of the value that begins at `start`; objects and arrays are not decoded yet.

    BodyRefused if it is nested more than `depth` deep, or not closed.
    """
    if text[start : start + 1] in ("{", "["):
        return Element(start, _closing(text, start + 1, depth))
    try:
        return Element(start, _DECODER.raw_decode(text, start)[1])
    except ValueError as error:
        raise syntax(text, getattr(error, "pos", start)) from None


def _closing(text: str, place: int, depth: int) -> int:
    """The place after the bracket that closes the one before `place`, searched window by window."""
    left = depth - 1  # how many brackets may still be opened
    while True:
        match = _INSIDE[min(left, NESTING_MAX)].match(text, place, place + WINDOW)
        assert match is not None
        place = match.end()
        sign = text[place : place + 1]
        if sign in ("]", "}"):
            place, left = place + 1, left + 1
            if left == depth:
                return place
        elif sign in ("[", "{") and left:
            place, left = place + 1, left - 1
        elif sign == '"' and (long := _LONG_TEXT.match(text, place)) is not None:
            place = long.end()  # a text that is longer than the window
        elif sign == "" or sign in '[{"':
            raise BodyRefused(400, message("nesting", most=NESTING_MAX))
        # any other character: the window has ended, and the next one begins here


def is_costly(text: str, element: Element) -> bool:
    """Whether an element is too large, or has too many values, to be decoded."""
    if element.end - element.start > ELEMENT_MAX:
        return True
    return sum(text.count(sign, *element) for sign in ',[{"') > ELEMENT_VALUES_MAX


def value_of(text: str, element: Element) -> Any:
    """The value of an element, with every text in NFC.

    An element without escapes is normalised as one text, before it is decoded.
    """
    spelled = text[element.start : element.end]
    plain = "\\" not in spelled and not has_excess_marks(spelled)
    if plain:
        spelled = normalise(spelled)
    try:
        value, end = _DECODER.raw_decode(spelled)
        if "\\" in spelled:
            msgspec.json.encode(value)  # raises UnicodeEncodeError for a lone surrogate
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        raise BodyRefused(400, message("half-character", half=half)) from None
    except (ValueError, RecursionError) as error:
        raise syntax(text, element.start + getattr(error, "pos", 0)) from None
    if end < len(spelled):
        raise syntax(text, element.start + end)
    composed = plain or (spelled.isascii() and "\\u" not in spelled)
    return value if composed else normalise(value)


def syntax(text: str, place: int) -> BodyRefused:
    """The refusal of a body whose JSON is malformed at this place."""
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    return BodyRefused(400, message("syntax", line=line, column=column))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BodyRefused(400, message("name-twice", name=repr(_twice(pairs)[:40])))
    return members


def _twice(pairs: list[tuple[str, Any]]) -> str:
    """The first repeated name; in one pass, since a body may have very many names."""
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            return name
        names.add(name)
    return ""


def _integer(digits: str) -> int:
    """The integer; one with too many digits becomes a value that is refused later."""
    return int(digits) if len(digits) <= DIGITS_MAX else BEYOND


def _fraction(_: str) -> float:
    """A placeholder: fractions are refused later whatever their value, so none is computed."""
    return 0.5


def _no_constant(name: str) -> NoReturn:
    raise BodyRefused(400, message("no-number", constant=name))


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_integer,
    parse_float=_fraction,
)  # fmt: skip
