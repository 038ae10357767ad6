"""What a start refuses: another origin, another secret, or a key that signed and is not listed."""

from __future__ import annotations

from services.chassis import key_marks
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.chassis.keys import fingerprint
from services.scoring.messages import message
from services.scoring.sealing.keyring import Keyring
from services.scoring.store import position, seals
from services.scoring.year import notes

SECRET_KIND = "seal-secret"


class OriginChanged(DanchuError):
    """A year has a checkpoint or a seal of another origin."""

    def __init__(self, year: int, before: str, now: str) -> None:
        super().__init__(message("seal-origin-changed", year=year, before=before, now=now))


class SecretChanged(DanchuError):
    """Entries that were sealed have salts of another secret."""

    def __init__(self, mark: str) -> None:
        super().__init__(message("seal-secret-changed", fingerprint=mark))


class KeyUnlisted(DanchuError):
    """A key that signed is no longer in the file of keys."""

    def __init__(self, log: str, name: str) -> None:
        super().__init__(message("seal-key-missing", log=log, name=name))


async def check_seals(db: Database, keyring: Keyring, now: int) -> None:
    """Compares origin, secret and keys with what was signed; each error says what to do.

    Before anything was signed each of them may still change.
    """
    listed = {(each.key.name, each.key.id) for each in keyring.listed()}
    async with db.write() as conn:
        await position.lock(conn)
        signed = [(row.year, row.note) for row in await seals.seals(conn)]
        signed += [(row.year, row.note) for row in await seals.checkpoints(conn)]
        for year, text in signed:
            note = notes.parse(text)
            name = notes.parse_head(note.text).origin
            origin = name.rsplit("/", 2)[0]
            if origin != keyring.origin:
                raise OriginChanged(year, origin, keyring.origin)
            for signature in note.signatures:
                if (signature.name, signature.id) not in listed:
                    raise KeyUnlisted(name, signature.name)
        if keyring.secret is None:
            return
        mark = fingerprint(keyring.secret)
        recorded = await key_marks.marks(conn, SECRET_KIND)
        if recorded == {mark}:
            return
        if recorded and (signed or await seals.has_drafts(conn)):
            raise SecretChanged(min(recorded))
        await key_marks.replace(conn, SECRET_KIND, mark, now)
