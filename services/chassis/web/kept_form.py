"""A form whose sender's session had ended: what was typed, sealed until the person is back.

It travels in the page that asks to sign in, and lies nowhere else. Files cannot be carried along;
their names can.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec
from starlette.requests import Request

from services.chassis.web.form_tokens import FormTokens, from_here
from services.chassis.web.forms import Form
from services.chassis.web.sealed_text import open_text, seal_text
from services.chassis.web.sessions import Owner, Sessions

PURPOSE = b"danchu kept form 1"
KEPT_SECONDS = 24 * 3600
PLAIN_MAX = 4 * 2**20


class KeptForm(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed by whom, on which page and when (in seconds since 1970)."""

    owner: str
    page: str
    at: int
    id: str
    version: str
    values: dict[str, list[str]]
    files: list[str]

    @property
    def address(self) -> str:
        """The address of the page, without the number of the form."""
        return self.page.partition(" ")[2]

    def fill(self, form: Form) -> Form:
        """A blank form of the page with what was typed; sent, it is the same command as before."""
        form.id, form.version = self.id, self.version
        form.values, form.restored, form.lost = dict(self.values), True, self.files
        return form


_decoder = msgspec.json.Decoder(KeptForm)


def owner_of(sessions: Sessions, tokens: FormTokens, request: Request, form: Form) -> Owner | None:
    """For whom one of our pages made a form; None for a forged one, or one of another site."""
    owner = sessions.open_owner(form.owner)
    if owner is None or not from_here(request, tokens.public):
        return None
    return owner if tokens.fits(form.token, owner.session) else None


def keep(form: Form, owner: str, now: int) -> KeptForm:
    """The form as it was sent by `owner`."""
    files = [file.filename for file in form.files.values() if file.filename]
    return KeptForm(
        owner=owner, page=form.page, at=now, id=form.id, version=form.version, values=form.values,
        files=files,
    )  # fmt: skip


def seal_form(keys: Sequence[bytes], draft: KeptForm) -> str:
    """A text that only this installation can read."""
    return seal_text(keys, PURPOSE, zlib.compress(msgspec.json.encode(draft)))


def open_form(keys: Sequence[bytes], text: str, now: int) -> KeptForm | None:
    """The form that was sealed within the last day; None for anything else."""
    plain = open_text(keys, PURPOSE, text)
    if plain is None:
        return None
    try:
        kept = _decoder.decode(zlib.decompressobj().decompress(plain, PLAIN_MAX))
    except (zlib.error, msgspec.DecodeError):  # sealed by another version
        return None
    return kept if now - kept.at <= KEPT_SECONDS else None
