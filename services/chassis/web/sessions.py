"""Sessions of persons who signed in: everything lies sealed in the cookie, nothing in a database.

A session ends after some time without use, and in any case some hours after it began. Signing out
revokes its id like that of a token (`auth.revocation`), so that a copy of the cookie is worthless.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import msgspec

from services.chassis.auth.permissions import ANY, ROLES, Credential
from services.chassis.clock import Clock, now_us
from services.chassis.errors import DanchuError
from services.chassis.identifiers import new_id
from services.chassis.settings import Settings
from services.chassis.web.messages import message
from services.chassis.web.sealed_text import open_text, seal_text
from services.chassis.web.session_keys import session_keys

COOKIE = "danchu_session"
COOKIE_MAX = 3800
PLAIN_MAX = 256 * 1024
RESEAL_SECONDS = 60
PURPOSE, OWNER_PURPOSE = b"danchu session 1", b"danchu owner 1"
VOUCHER_SECONDS = 60


class SessionTooLarge(DanchuError):
    """The units of a person do not fit into a cookie."""

    def __init__(self, name: str) -> None:
        super().__init__(message("session-large", name=name))


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in, and what this person may do; instants in seconds since 1970.

    `last` is when it was last used, `expires` when it ends in any case. `title` is what the person
    is called, shown to this person alone; `by_issuer` says who has verified the password.
    """

    id: str
    name: str
    role: str
    units: tuple[str, ...] = ANY
    sources: tuple[str, ...] = ANY
    types: tuple[str, ...] = ANY
    issued: int
    last: int
    expires: int
    title: str = ""
    by_issuer: bool = False

    def credential(self) -> Credential:
        """The permissions of a token of this person."""
        return Credential(
            self.role, frozenset(self.units), self.sources, frozenset(self.types), self.expires,
            self.name, self.id, self.issued,
        )  # fmt: skip


class Owner(NamedTuple):
    """The session for which a form was made, by its id, and the name of its person."""

    session: str
    name: str


_decoder = msgspec.json.Decoder(Session)


@dataclass(frozen=True)
class Sessions:
    """Opens and seals sessions with the keys of an installation, for one purpose."""

    keys: Sequence[bytes]
    idle_seconds: int
    whole_seconds: int
    clock: Clock = now_us
    purpose: bytes = PURPOSE

    def vouchers(self, purpose: bytes, content: bytes) -> Sessions:
        """What one process passes on to another for a person: a session that opens for this
        purpose and content alone, within a minute, and is no cookie.
        """
        bound = purpose + b"\0" + hashlib.sha256(content).digest()
        return replace(self, purpose=bound, idle_seconds=VOUCHER_SECONDS)

    def vouch(self, session: Session) -> str:
        """A voucher of a person, as of now."""
        return self.seal_again(msgspec.structs.replace(session, last=self.clock() // 1_000_000))

    def begin(self, name: str, role: str, units: Sequence[str] = ANY,
              sources: Sequence[str] = ANY, types: Sequence[str] = ANY, title: str = "",
              by_issuer: bool = False) -> Session:  # fmt: skip
        """A new session of a person."""
        now = self.clock() // 1_000_000
        return Session(
            id=new_id(self.clock()), name=name, role=role, units=tuple(units),
            sources=tuple(sources), types=tuple(types), issued=now, last=now,
            expires=now + self.whole_seconds, title=title, by_issuer=by_issuer,
        )  # fmt: skip

    def seal(self, session: Session) -> str:
        """The value of the cookie; SessionTooLarge where it would be refused by browsers."""
        text = self.seal_again(session)
        if len(text) > COOKIE_MAX:
            raise SessionTooLarge(session.name)
        return text

    def seal_again(self, session: Session) -> str:
        """The value of the cookie of a session that is in use, which is longer by a few bytes."""
        return seal_text(self.keys, self.purpose, zlib.compress(msgspec.json.encode(session), 9))

    def seal_owner(self, session: Session) -> str:
        """Whose form it is, so that it is shown again to this person alone."""
        return seal_text(self.keys, OWNER_PURPOSE, f"{session.id} {session.name}".encode())

    def open_owner(self, text: str) -> Owner | None:
        """Whose form it is; None for anything that was not sealed for that."""
        plain = open_text(self.keys, OWNER_PURPOSE, text)
        if plain is None:
            return None
        session, _, name = plain.decode().partition(" ")
        return Owner(session, name)

    def open(self, text: str) -> Session | None:
        """The session of a cookie; None for one that has ended, or was not sealed here."""
        session = self._unsealed(text)
        now = self.clock() // 1_000_000
        if session is None or session.role not in ROLES:
            return None
        ended = now >= session.expires or now - session.last > self.idle_seconds
        return None if ended else session

    def renewed(self, session: Session) -> Session | None:
        """The session as used now; None while it need not be sealed anew."""
        now = self.clock() // 1_000_000
        if now - session.last < RESEAL_SECONDS:
            return None
        return msgspec.structs.replace(session, last=now)

    def _unsealed(self, text: str) -> Session | None:
        plain = open_text(self.keys, self.purpose, text)
        if plain is None:
            return None
        # sealed here, and so bounded and well-formed unless another version sealed it
        try:
            return _decoder.decode(zlib.decompressobj().decompress(plain, PLAIN_MAX))
        except (zlib.error, msgspec.DecodeError):
            return None


def open_sessions(settings: Settings, clock: Clock = now_us, service: str = "") -> Sessions:
    """The sessions of a process that serves pages of a service, by its settings."""
    return Sessions(
        session_keys(settings, service), settings.session_idle_minutes * 60,
        settings.session_hours * 3600, clock,
    )  # fmt: skip
