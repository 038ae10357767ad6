"""The form of keys, persons' keys and names: no spaces at the ends, no hidden characters. Pure.

Source: DESIGN section 3. Most keys that differ but look the same contain one of these: a space
after the key, a no-break space from a table, a direction mark from a copied text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from contracts.data import (
    CARD_NUMBER,
    DIGEST,
    FORMS,
    KEY_FORM,
    KEY_MAX,
    NAMED_KEY_MAX,
    PERSON_FORM,
    UNIT,
    UNPRINTED,
)
from contracts.faults import must_be
from contracts.messages import Message, message

CARD_DIGITS_LEAST = 9
_DIGIT = re.compile("[0-9]")
_HIDDEN = re.compile(f"[{UNPRINTED}\U000e0000-\U000e0fff]")
_OWNER = re.compile(f"{UNIT}/(?=.)", re.ASCII | re.DOTALL)
_NUMBER = re.compile(CARD_NUMBER)
_WORD = re.compile(r"[^\W_]+")
_WORD_NUMBER = re.compile(r"[^0-9]*([0-9]{9}|[0-9]{12})[^0-9]*")
_DIGEST = re.compile(DIGEST, re.ASCII)
_CARD = re.compile(r"(cccd|cc)[0-9]+", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def has_hidden(text: str) -> bool:
    """Whether a text has an invisible character, or a space other than U+0020."""
    return not text.isprintable() or (not text.isascii() and bool(_HIDDEN.search(text)))


def name_fault(text: str) -> Message | None:
    """The fault of a name: hidden characters, or spaces at its ends; None if it has no fault."""
    if text.isascii() and text.isprintable() and text[:1] != " " != text[-1:]:
        return None
    if has_hidden(text):
        return message("invisible")
    if text and not text.strip(" "):
        return message("blank-alone")
    return None if text == text.strip(" ") else message("blank-ends")


def key_faults(text: str, person: bool) -> Iterator[Message]:
    """The faults of a key, which may name a predecessor's key as `<unit>/<key>`."""
    owner = _OWNER.match(text) if "/" in text else None
    own = text[owner.end() :] if owner else text
    fault = name_fault(text) or (name_fault(own) if owner else None)
    if fault is not None:
        yield fault
    elif len(text) > (NAMED_KEY_MAX if owner else KEY_MAX):
        yield must_be(FORMS[PERSON_FORM if person else KEY_FORM])
    if person and own:
        # a prefix without letters may be the first digits of a number: then all of it is checked
        whole = own if owner and re.search("[A-Z]", owner[0]) else text.replace("/", "-")
        yield from _person_faults(own, whole)


def _person_faults(own: str, whole: str) -> Iterator[Message]:
    if not whole.isascii():
        whole = "".join(map(_digit, whole))
    if names_number(whole):
        yield message("person-number")
    elif " " in own or not _DIGIT.search(own):
        yield message("person-name")


def _digit(letter: str) -> str:
    """The ASCII digit for a digit of any script; other characters unchanged."""
    value = unicodedata.digit(letter, None) if not letter.isascii() else None
    return letter if value is None else str(value)


def names_number(own: str) -> bool:
    """Whether a text contains the 9 or 12 digits of an identity card number.

    Letters may precede and follow the digits, separators may be anywhere. A UUID, and a digest of
    16 or more hexadecimal digits, are keys whatever decimal digits they have.
    """
    if len(own) < CARD_DIGITS_LEAST or _UUID.fullmatch(own):
        return False
    if _DIGEST.fullmatch(own) and not _CARD.fullmatch(own):
        return False
    words = (_WORD_NUMBER.fullmatch(word) for word in _WORD.findall(own))
    return bool(_NUMBER.fullmatch(own)) or any(words)
