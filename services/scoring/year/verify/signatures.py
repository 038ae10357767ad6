"""Signed notes and keys: C2SP signed-note and tlog-checkpoint with Ed25519 (SEAL.md section 2).

The one call of a library: the verification of a signature. It shares no code with
`services.scoring.year.notes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.scoring.year.verify.discrepancies import Discrepancy, require
from services.scoring.year.verify.texts import is_unicode, of_base64

NOTE = "note"
OPERATOR, AUDITOR = "operator", "auditor"
ED25519 = b"\x01"
SIGNATURES_MAX = 100
_KEY = re.compile(r"([^\s+\x00-\x1f\x7f]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")
_ROLE = re.compile(r"(.+)/(operator|auditor)/[0-9]{1,9}")
_SIGNATURE = re.compile("\u2014 ([^\\s+\\x00-\\x1f\\x7f]+) ([A-Za-z0-9+/]+={0,2})")
_SIZE = re.compile("0|[1-9][0-9]{0,15}")
_PRIME = 2**255 - 19
_LOW_ORDER = frozenset({
    0, 1, _PRIME - 1,
    2707385501144840649318225287225658788936804267575313519463743609750303402022,
    55188659117513257062467267217118295137698188065244968500265048394206261417927,
})  # fmt: skip
"""The y coordinates of points of small order, for which anybody can forge a signature."""


class NoteKey(NamedTuple):
    """A verifier key: its name, id and public key, and its whole text."""

    name: str
    id: bytes
    public: bytes
    text: str

    @property
    def role(self) -> str:
        """`operator` or `auditor`; empty for the name of anybody else."""
        match = _ROLE.fullmatch(self.name)
        return match[2] if match else ""

    @property
    def origin(self) -> str:
        """The origin that the key speaks for."""
        match = _ROLE.fullmatch(self.name)
        return match[1] if match else ""


class SignatureLine(NamedTuple):
    """A line of a signature: the name of a key, its id, and what it says."""

    name: str
    id: bytes
    signature: bytes


class NoteText(NamedTuple):
    """The text of a note: the origin's line, the number of entries, and the root."""

    origin: str
    size: int
    root: bytes


def key_of(text: str, place: str) -> NoteKey:
    """The verifier key of a text; Discrepancy where it is none for Ed25519."""
    match = _KEY.fullmatch(text) if is_unicode(text) else None
    content = of_base64(match[3]) if match else None
    if match is None or content is None or len(content) != 33 or content[:1] != ED25519:
        raise Discrepancy("key", place, key=text)
    name = match[1]
    id_ = sha256(name.encode() + b"\n" + content).digest()[:4]
    require(id_.hex() == match[2], "key-id", place, key=text, id=id_.hex())
    y = int.from_bytes(content[1:], "little") & (2**255 - 1)
    require(y < _PRIME and y not in _LOW_ORDER, "key-weak", place, key=name)
    return NoteKey(name, id_, content[1:], text)


def role_key(text: str, place: str) -> NoteKey:
    """A verifier key whose name says its origin and its role."""
    key = key_of(text, place)
    require(key.role != "", "key-role", place, key=key.name)
    return key


def split_note(content: bytes, place: str, least: int = 1) -> tuple[str, list[SignatureLine]]:
    """The text that is signed, with its last line feed, and at least so many signatures."""
    try:
        note = content.decode()
    except UnicodeDecodeError:
        raise Discrepancy("note", place) from None
    text, blank, last = note.rpartition("\n\n")
    plain = not any(each < " " and each != "\n" for each in note)
    rows = last.split("\n")
    require(plain and bool(blank and text) and rows.pop() == "", "note", place)
    require(least <= len(rows) <= SIGNATURES_MAX, "note", place)
    first = text.count("\n") + 3
    return f"{text}\n", [_line(row, f"{place}:{n}") for n, row in enumerate(rows, start=first)]


def _line(row: str, place: str) -> SignatureLine:
    match = _SIGNATURE.fullmatch(row)
    content = of_base64(match[2]) if match else None
    if match is None or content is None or len(content) < 5:
        raise Discrepancy("signature-form", place, line=row)
    return SignatureLine(match[1], content[:4], content[4:])


def note_text(text: str, place: str) -> NoteText:
    """The three lines of a note's text."""
    lines = text.split("\n")
    require(len(lines) == 4 and lines[3] == "", "note-lines", place)
    origin, size, root = lines[:3]
    require(bool(_SIZE.fullmatch(size)), "note-size", f"{place}:2", value=size)
    content = of_base64(root)
    if content is None or len(content) != 32:
        raise Discrepancy("note-root", f"{place}:3", value=root)
    return NoteText(origin, int(size), content)


def signers(
    text: str, lines: Iterable[SignatureLine], keys: Sequence[NoteKey], place: str
) -> list[NoteKey]:
    """The keys that signed; Discrepancy where a signature of one of the keys fails.

    Lines of other keys are ignored. No key signs twice.
    """
    by_line = {(key.name, key.id): key for key in keys}
    signed: list[NoteKey] = []
    for line in lines:
        key = by_line.get((line.name, line.id))
        if key is not None:
            require(key not in signed, "signature-twice", place, key=key.name)
            require(_verifies(key, line.signature, text), "signature", place, key=key.name)
            signed.append(key)
    return signed


def _verifies(key: NoteKey, signature: bytes, text: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def signer(signed: Iterable[NoteKey], role: str, origin: str, place: str) -> NoteKey:
    """The one key of a role that signed, of this origin."""
    of_role = [key for key in signed if key.role == role]
    require(len(of_role) > 0, f"no-{role}", place)
    require(len(of_role) == 1, "role-twice", place, role=role)
    key = of_role[0]
    require(key.origin == origin, "key-origin", place, key=key.name, origin=origin)
    return key
