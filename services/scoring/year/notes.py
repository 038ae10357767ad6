"""Signed notes (C2SP signed-note) whose text is the head of a log (tlog-checkpoint). Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.chassis.errors import DanchuError
from services.scoring.messages import message
from services.scoring.year.keys import (
    ID_BYTES,
    SigningKey,
    VerifierKey,
    decode_base64,
    is_name,
)
from services.scoring.year.merkle import HASH_BYTES

SIGNATURE_BYTES = 64
NOTE_MAX = 100_000
"""The most characters of a note; C2SP asks for a limit."""
_DASH = "— "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


class NoteRefused(DanchuError):
    """A text is no note, or a signature of it is not what it claims to be."""


class Signature(NamedTuple):
    """One signature: the name and id of its key, and what the key made."""

    name: str
    id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """The line of the note, without a line feed."""
        return f"{_DASH}{self.name} {base64.b64encode(self.id + self.value).decode()}"

    def is_by(self, key: VerifierKey) -> bool:
        """Whether it claims to be made by the key."""
        return (self.name, self.id) == (key.name, key.id)


class Head(NamedTuple):
    """What a note signs: which log, its number of entries, and its root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The signed text, up to and with the line feed before the blank line."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class Note(NamedTuple):
    """A text and its signatures."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def encode(self) -> str:
        """The note; without signatures it ends with the blank line, ready for them."""
        lines = "".join(f"{signature.line}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}"

    def signed(self, *signatures: Signature) -> Note:
        """The note with further signatures."""
        return self._replace(signatures=(*self.signatures, *signatures))


def sign(text: str, key: SigningKey) -> Signature:
    """The signature of a key over the text of a note."""
    return Signature(key.name, key.verifier.id, key.sign(text.encode()))


def parse_signature(line: str) -> Signature:
    """The signature of a line, with or without its line feed; raises NoteRefused."""
    bare = line.removesuffix("\n")
    name, space, encoded = bare.removeprefix(_DASH).partition(" ")
    raw = decode_base64(encoded)
    if not bare.startswith(_DASH) or not space or not is_name(name) or raw is None:
        raise NoteRefused(message("note-signature"))
    if len(raw) != ID_BYTES + SIGNATURE_BYTES:
        raise NoteRefused(message("note-signature"))
    return Signature(name, raw[:ID_BYTES], raw[ID_BYTES:])


def parse(note: str) -> Note:
    """The note of a text, unsigned or signed; raises NoteRefused. Nothing is verified."""
    if len(note) > NOTE_MAX or _CONTROL.search(note):
        raise NoteRefused(message("note-form"))
    head, blank, lines = note.rpartition("\n\n")
    if not blank or not head or (lines and not lines.endswith("\n")):
        raise NoteRefused(message("note-form"))
    return Note(f"{head}\n", tuple(parse_signature(line) for line in lines.split("\n")[:-1]))


def parse_head(text: str) -> Head:
    """The head of a log in the text of a note; NoteRefused for any other text."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not is_name(lines[0]) or not _NUMBER.fullmatch(lines[1]):
        raise NoteRefused(message("note-head"))
    root = decode_base64(lines[2])
    if root is None or len(root) != HASH_BYTES:
        raise NoteRefused(message("note-head"))
    return Head(lines[0], int(lines[1]), root)


def check(text: str, signature: Signature, key: VerifierKey) -> None:
    """Raises NoteRefused unless the signature over a note's text is this key's."""
    if not signature.is_by(key) or not key.verifies(text.encode(), signature.value):
        raise NoteRefused(message("note-signature-false", name=signature.name))


def signers(note: Note, keys: Iterable[VerifierKey]) -> Sequence[VerifierKey]:
    """The keys among these that signed, in the order of the note.

    Lines of unknown keys are ignored; one of a known key that fails raises NoteRefused.
    """
    by_name = {(key.name, key.id): key for key in keys}
    verified: list[VerifierKey] = []
    for signature in note.signatures:
        key = by_name.get((signature.name, signature.id))
        if key is not None:
            check(note.text, signature, key)
            verified.append(key)
    return verified
