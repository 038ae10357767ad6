"""The note of a seal: its origin, year and version, and the two keys that signed it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.scoring.year.verify.discrepancies import Discrepancy, require
from services.scoring.year.verify.signatures import (
    AUDITOR,
    OPERATOR,
    NoteKey,
    NoteText,
    note_text,
    role_key,
    signer,
    signers,
    split_note,
)

_ORIGIN = re.compile(r"([^\s+\x00-\x1f\x7f]+)/([1-9][0-9]{3})/v([1-9][0-9]{0,8})")
OPTION = "--key"


class SignedSeal(NamedTuple):
    """A note that both keys signed; the operator's key is the first."""

    text: NoteText
    origin: str
    year: int
    version: int
    keys: tuple[NoteKey, NoteKey]


def keys_of(texts: Iterable[str], place: str) -> list[NoteKey]:
    """Verifier keys by their texts; a repeated one counts once."""
    unique = dict.fromkeys(texts)
    return [role_key(text, f"{place}:{number}") for number, text in enumerate(unique, start=1)]


def seal_of(note: bytes, own: Sequence[NoteKey], outside: Sequence[str], place: str) -> SignedSeal:
    """The note's text, signed by an operator's and by an auditor's key.

    Keys from outside replace those of the file, which must then be among them.
    """
    text, lines = split_note(note, place)
    content = note_text(text, place)
    match = _ORIGIN.fullmatch(content.origin)
    if match is None:
        raise Discrepancy("note-origin", f"{place}:1", value=content.origin)
    trusted = keys_of(outside, OPTION) if outside else list(own)
    every = {*trusted, *own}
    signed = signers(text, lines, sorted(every), place)
    by_trusted = [key for key in signed if key in trusted]
    pair = (
        signer(by_trusted, OPERATOR, match[1], place),
        signer(by_trusted, AUDITOR, match[1], place),
    )
    require(pair[0].public != pair[1].public, "key-twice", place, key=pair[1].name)
    return SignedSeal(content, match[1], int(match[2]), int(match[3]), pair)
