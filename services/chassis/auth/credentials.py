"""Credentials: bearer tokens (JWT, Ed25519) with a role, units, sources and event types.

The development key is created at the first start. An office with its own issuer sets its public
keys (DANCHU_TOKEN_PUBLIC_KEY) instead; then no token is signed here.
"""

from collections import OrderedDict
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.messages import Message, join_messages
from services.chassis.auth.bearer_tokens import NAME_MAX as NAME_MAX
from services.chassis.auth.bearer_tokens import (
    Claims,
    TokenInvalid,
    read_token,
)
from services.chassis.auth.development_keys import KEY_FILE as KEY_FILE
from services.chassis.auth.development_keys import TOKENS_FILE as TOKENS_FILE
from services.chassis.auth.development_keys import Issuer as Issuer
from services.chassis.auth.development_keys import add_key as add_key
from services.chassis.auth.development_keys import development_issuer as development_issuer
from services.chassis.auth.development_keys import make_key as make_key
from services.chassis.auth.development_keys import refuse_invalid_key
from services.chassis.auth.development_keys import remove_key as remove_key
from services.chassis.auth.development_keys import token_keys as token_keys
from services.chassis.auth.development_keys import write_tokens as write_tokens
from services.chassis.auth.openid import OpenIdVerifier, unauthorized
from services.chassis.auth.openid_settings import openid_verifier
from services.chassis.auth.permissions import ANY as ANY
from services.chassis.auth.permissions import AUDITS as AUDITS
from services.chassis.auth.permissions import READS_ALL as READS_ALL
from services.chassis.auth.permissions import READS_MACHINERY as READS_MACHINERY
from services.chassis.auth.permissions import ROLES as ROLES
from services.chassis.auth.permissions import Credential as Credential
from services.chassis.auth.permissions import is_open as is_open
from services.chassis.auth.permissions import own_sources as own_sources
from services.chassis.auth.public_keys import (
    TokenKeys,
    public_keys_of_private,
    read_public_keys,
)
from services.chassis.auth.revocation import Revocations, token_id
from services.chassis.changing_file import ChangingFile
from services.chassis.clock import Clock, now_us
from services.chassis.denials import CREDENTIAL
from services.chassis.http.problems import Problem
from services.chassis.keys import TOKENS, check_may_make
from services.chassis.messages import message
from services.chassis.settings import Settings

CACHED_MAX = 4096
TOKEN_BYTES_MAX = 16 * 1024
PAGE_CALLER = "danchu.page_caller"
"""The key of the credential of a session in the scope of a call by a page."""
LEEWAY_SECONDS = 60
"""How far the clock of an issuer may be ahead of ours."""
Scope = MutableMapping[str, Any]


@dataclass
class Verifier:
    """Verifies tokens with public keys or by an OpenID issuer, and caches the verified ones."""

    keys: TokenKeys
    clock: Clock = now_us
    issuer: str | None = None
    openid: OpenIdVerifier | None = None
    revocations: Revocations = field(default_factory=Revocations)
    _verified: OrderedDict[str, Credential] = field(default_factory=OrderedDict)

    def credential(self, authorization: str | None) -> Credential:
        """The credential of an `Authorization` header; Problem 401 for an invalid one."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("token-missing")
        credential = self._verified.get(token)
        if credential is None:
            credential = self._verify(token)
            self._verified[token] = credential
            if len(self._verified) > CACHED_MAX:
                self._verified.popitem(last=False)
        self._verified.move_to_end(token)
        if credential.expires <= self.clock() // 1_000_000:
            raise unauthorized("token-expired")
        return credential

    def caller(self, scope: Scope) -> Credential:
        """The credential of a request, stored in its scope for the log of denials.

        A page that calls an interface in its own process puts the credential of the session there;
        nothing that a caller sends becomes a part of the scope. Problem 401 without a valid one;
        400 for two headers, which are ambiguous.
        """
        if PAGE_CALLER in scope:
            credential: Credential = scope[PAGE_CALLER]
            scope[CREDENTIAL] = credential
            return credential
        headers = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(headers) > 1:
            raise Problem(400, message("token-twice"))
        credential = self.credential(headers[0].decode("latin-1") if headers else None)
        scope[CREDENTIAL] = credential
        return credential

    async def prepare(self, scope: Scope) -> None:
        """Has the keys of the OpenID issuer fetched, where the token of a request needs them."""
        token = next((v for name, v in scope["headers"] if name == b"authorization"), b"")
        text = token.decode("latin-1").partition(" ")[2].strip()
        if self.openid is None or not text:
            return
        keys = self.openid.keys
        if text not in self._verified:
            await self.openid.prepare(text)
        elif keys.present:
            keys.begin_fetch()
        if keys.has_lost_key():
            self._verified.clear()

    async def close(self) -> None:
        """Ends what runs beside the requests."""
        if self.openid is not None:
            await self.openid.keys.close()

    def revoke(self, revocations: Revocations) -> None:
        """Refuses these tokens from now on, also those that were verified before."""
        self.revocations = revocations
        self._verified.clear()

    def refresh_keys(self) -> bool:
        """Takes other keys where their file changed; whether it did."""
        changed = self.keys.refresh()
        if changed:
            self._verified.clear()
        return changed

    def _verify(self, token: str) -> Credential:
        if len(token) > TOKEN_BYTES_MAX:
            raise unauthorized("token-long")
        credential = self._credential(token)
        if self.revocations.cover(credential.token, credential.name, credential.issued):
            raise unauthorized("token-revoked")
        return credential

    def _credential(self, token: str) -> Credential:
        if self.openid is not None and self.openid.issued(token):
            return self.openid.credential(token)
        try:
            claims = self._claims(token)
        except TokenInvalid as error:
            if self.openid is not None:
                return self.openid.credential(token)
            raise unauthorized("token-invalid") from error
        self._check(claims)
        return Credential(
            role=claims.role,
            units=frozenset(claims.units or ()),
            sources=tuple(claims.sources or ()),
            types=frozenset(claims.types or ()),
            expires=int(claims.exp),
            name=claims.sub,
            token=token_id(claims.jti, token),
            issued=claims.iat or 0,
        )

    def _claims(self, token: str) -> Claims:
        """The claims; a key that is new in its file is looked for once more."""
        try:
            return read_token(token, self.keys.keys)
        except TokenInvalid:
            if not self.refresh_keys():
                raise
        return read_token(token, self.keys.keys)

    def _check(self, claims: Claims) -> None:
        """Refuses an unknown role, another issuer, and a token that is not valid yet."""
        if claims.role not in ROLES:
            raise unauthorized("token-role")
        if self.issuer is not None and claims.iss != self.issuer:
            raise unauthorized("token-issuer")
        latest = self.clock() // 1_000_000 + LEEWAY_SECONDS
        if (claims.iat or 0) > latest or (claims.nbf or 0) > latest:
            raise unauthorized("token-early")


def require(credential: Credential, roles: Iterable[str], what: str) -> None:
    """Problem 403 unless the credential has one of the roles."""
    allowed = tuple(roles)
    if credential.role not in allowed:
        raise role_missing(credential, allowed, what if isinstance(what, Message) else f'"{what}"')


def role_missing(credential: Credential, roles: Iterable[str], what: str) -> Problem:
    """Problem 403 that names the roles, one of which is needed; to a person in words."""
    codes = sorted(roles)
    words = [message(f"role-{role}") for role in ROLES if role in codes]
    return Problem(
        403,
        message(
            "role-missing", what=what, needed=_one_of(codes), role=credential.role,
            what_words=what if isinstance(what, Message) else message("this-work"),
            needed_words=_one_of(words or codes), role_words=message(f"role-{credential.role}"),
        ),
    )  # fmt: skip


def _one_of(names: Sequence[str]) -> str:
    """Names as a choice; the name itself of a single one."""
    *others, last = names
    if not others:
        return last
    words = [each for each in others if isinstance(each, Message)]
    listed = join_messages(words, ", ") if words else ", ".join(others)
    return message("one-of", others=listed, last=last)


def unit_missing(unit: str) -> Problem:
    """Problem 403 that names the unit that the token lacks."""
    return Problem(403, message("unit-missing", unit=unit))


def verifier(settings: Settings, clock: Clock = now_us, service: str = "") -> Verifier:
    """The verifier of a process: with the office's public keys, else with the development keys.

    Beside it an OpenID issuer, where one is set. KeysMissing if the development key does not exist
    and the service's data is on a database server.
    """
    openid = openid_verifier(settings, clock)
    if settings.token_public_key is None:
        path = settings.home / KEY_FILE
        if not path.exists():
            check_may_make(settings, service, TOKENS, path)
        development_issuer(settings.home, clock)
        keys = TokenKeys.of_file(ChangingFile(path), public_keys_of_private)
        return Verifier(keys, clock, openid=openid)
    with refuse_invalid_key("DANCHU_TOKEN_PUBLIC_KEY", "public"):
        keys = TokenKeys.of_file(ChangingFile(settings.token_public_key), read_public_keys)
        return Verifier(keys, clock, settings.token_issuer, openid)
