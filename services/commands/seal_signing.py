"""Makes keys and signatures of seals on the machine of whoever signs; it needs no server."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import NamedTuple

from services.chassis.clock import now_us
from services.chassis.errors import DanchuError
from services.chassis.private_files import write_private_once
from services.commands.messages import message
from services.scoring.sealing.keyring import new_key
from services.scoring.year import notes
from services.scoring.year.keys import KeyRefused, ListedKey, Role, is_name, parse_signer
from services.scoring.year.notes import Head, Note
from services.scoring.year.seal import encode_root
from services.scoring.year.verify.tree import root_of


class DraftUnreadable(DanchuError):
    """A file is no draft: neither a bundle, nor a note, nor the server's answer with one."""

    def __init__(self) -> None:
        super().__init__(message("draft-unreadable"))


class DraftDiffers(DanchuError):
    """The entries of a draft do not lead to the root of its note, so it must not be signed."""

    def __init__(self, root: str) -> None:
        super().__init__(message("draft-differs", root=root))


class KeyExists(DanchuError):
    """The file of a new key exists; no key is ever overwritten."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("seal-key-exists", file=file))


class Signed(NamedTuple):
    """A signature line, and what it signs; whether the entries were there to be checked."""

    line: str
    head: Head
    entries_checked: bool

    @property
    def root(self) -> str:
        """The root in base64."""
        return encode_root(self.head.root)


def make_key(origin: str, role: str, number: int, file: Path) -> ListedKey:
    """Writes a new private key to a new file; returns its verifier key as the list has it."""
    if not is_name(origin):
        raise KeyRefused(message("seal-origin-wrong"))
    if file.exists():
        raise KeyExists(file)
    key = new_key(origin, Role(role), number)
    write_private_once(file, key.encode().encode() + b"\n")
    return ListedKey(key.verifier, Role(role), now_us())


def sign(raw: bytes, file: Path) -> Signed:
    """The signature of a private key over a draft: a bundle, a note, or the server's answer.

    Of a bundle the root is computed first; DraftDiffers where it is not that of the note.
    """
    key = parse_signer(file.read_text(encoding="utf-8").strip())
    note, entries = _read(raw)
    head = notes.parse_head(note.text)
    if entries is not None:
        lines = entries.split(b"\n")[:-1]
        root = root_of(lines)
        if (root, len(lines)) != (head.root, head.size):
            raise DraftDiffers(encode_root(root))
    return Signed(notes.sign(note.text, key).line, head, entries is not None)


def _read(raw: bytes) -> tuple[Note, bytes | None]:
    """The note of a draft, and its entries where the file has them."""
    try:
        if raw.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                note, entries = archive.read("note"), archive.read("entries.ndjson")
            return notes.parse(note.decode()), entries
        if raw.lstrip().startswith(b"{"):
            return notes.parse(str(json.loads(raw)["note"])), None
        return notes.parse(raw.decode()), None
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError):
        raise DraftUnreadable() from None
