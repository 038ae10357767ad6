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
ROLES = (OPERATOR, AUDITOR)


class SignedSeal(NamedTuple):
    """A note that both keys signed, the operator's first; a draft may still lack them."""

    text: NoteText
    origin: str
    year: int
    version: int
    keys: tuple[NoteKey, ...]


def keys_of(texts: Iterable[str], place: str) -> list[NoteKey]:
    """Verifier keys by their texts; a repeated one counts once."""
    unique = dict.fromkeys(texts)
    return [role_key(text, f"{place}:{number}") for number, text in enumerate(unique, start=1)]


def seal_of(
    note: bytes, own: Sequence[NoteKey], outside: Sequence[str], place: str, draft: bool = False
) -> SignedSeal:
    """The note's text, signed by an operator's and by an auditor's key.

    Keys from outside replace those of the file, which must then be among them. A draft has no
    more than the operator's signature.
    """
    text, lines = split_note(note, place, 0 if draft else 1)
    content = note_text(text, place)
    match = _ORIGIN.fullmatch(content.origin)
    if match is None:
        raise Discrepancy("note-origin", f"{place}:1", value=content.origin)
    trusted = keys_of(outside, OPTION) if outside else list(own)
    signed = signers(text, lines, sorted({*trusted, *own}), place)
    roles = ROLES[: len(lines)] if draft else ROLES
    by_trusted = [key for key in signed if key in trusted]
    keys = tuple(signer(by_trusted, role, match[1], place) for role in roles)
    if len(keys) == len(ROLES):
        require(keys[0].public != keys[1].public, "key-twice", place, key=keys[1].name)
    return SignedSeal(content, match[1], int(match[2]), int(match[3]), keys)
