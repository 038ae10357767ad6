"""Checks the signature of one role over the note of a draft."""

from __future__ import annotations

from services.chassis.errors import DanchuError
from services.scoring.messages import message
from services.scoring.sealing.files import draft_note
from services.scoring.sealing.keyring import Keyring
from services.scoring.store.seals import DraftRow
from services.scoring.year import notes
from services.scoring.year.keys import Role, VerifierKey
from services.scoring.year.notes import NoteRefused, Signature


class SignatureRefused(DanchuError):
    """A signature that is not one of a key of the caller's role over this note."""


def check_signature(
    keyring: Keyring, row: DraftRow, line: str, role: Role, now: int
) -> tuple[Signature, VerifierKey]:
    """The signature of a line and its key, which must be a key of the role that may sign now.

    An auditor's key must differ from the key that signed as operator, also by its public half.
    """
    text = notes.parse(draft_note(row, keyring.origin)).text
    keys = [each.key for each in keyring.of_role(role, now)]
    try:
        signature = notes.parse_signature(line)
        key = next((each for each in keys if signature.is_by(each)), None)
        if key is None:
            raise SignatureRefused(
                message("seal-signature-key", name=signature.name, role=role.value)
            )
        notes.check(text, signature, key)
    except NoteRefused as error:
        raise SignatureRefused(error.message) from None
    if role == Role.AUDITOR and key.public == operator_key(keyring, row).public:
        raise SignatureRefused(message("seal-key-same"))
    return signature, key


def operator_key(keyring: Keyring, row: DraftRow) -> VerifierKey:
    """The key that signed a draft as operator, which the file lists still."""
    signature = notes.parse_signature(row.signature or "")
    for each in keyring.listed():
        if signature.is_by(each.key):
            return each.key
    raise SignatureRefused(message("seal-key-gone", name=signature.name))
