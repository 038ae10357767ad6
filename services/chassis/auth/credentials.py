"""Credentials: bearer tokens (JWT, Ed25519) with a role, units, sources and event types.

The development key is created at the first start. An office with its own issuer sets its public
key (DANCHU_TOKEN_PUBLIC_KEY) instead; then no token is signed here.
"""

import contextlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from contracts.messages import Message
from services.chassis.auth.bearer_tokens import (
    ALGORITHM,
    AUDIENCE,
    Claims,
    TokenInvalid,
    read_token,
)
from services.chassis.auth.bearer_tokens import NAME_MAX as NAME_MAX
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
from services.chassis.clock import Clock, now_us
from services.chassis.denials import CREDENTIAL
from services.chassis.errors import SettingWrong
from services.chassis.http.problems import Problem
from services.chassis.keys import TOKENS, Keys, check_may_make, fingerprint
from services.chassis.messages import message
from services.chassis.private_files import write_private
from services.chassis.settings import Settings

KEY_FILE = "keys/tokens.pem"
TOKENS_FILE = "tokens.json"
CACHED_MAX = 4096
TOKEN_BYTES_MAX = 16 * 1024
DEVELOPMENT_DAYS = 366
LEEWAY_SECONDS = 60
"""How far the clock of an issuer may be ahead of ours."""
Scope = MutableMapping[str, Any]


@dataclass
class Verifier:
    """Verifies tokens with a public key or by an OpenID issuer, and caches the verified ones."""

    key: Ed25519PublicKey
    clock: Clock = now_us
    issuer: str | None = None
    openid: OpenIdVerifier | None = None
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

        Problem 401 without a valid one; 400 for two headers, which are ambiguous.
        """
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

    def _verify(self, token: str) -> Credential:
        if len(token) > TOKEN_BYTES_MAX:
            raise unauthorized("token-long")
        if self.openid is not None and self.openid.issued(token):
            return self.openid.credential(token)
        try:
            claims = read_token(token, self.key)
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
        )

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
    """Problem 403 that names the roles, one of which is needed."""
    *others, last = sorted(roles)
    needed = message("one-of", others=", ".join(others), last=last) if others else last
    return Problem(403, message("role-missing", what=what, needed=needed, role=credential.role))


def unit_missing(unit: str) -> Problem:
    """Problem 403 that names the unit that the token lacks."""
    return Problem(403, message("unit-missing", unit=unit))


@dataclass
class Issuer:
    """Signs development tokens with the key in `<home>/keys`."""

    key: Ed25519PrivateKey
    clock: Clock = now_us

    def mint(
        self,
        role: str,
        units: Sequence[str] = ANY,
        sources: Sequence[str] = ANY,
        types: Sequence[str] = ANY,
        days: int = DEVELOPMENT_DAYS,
        name: str = "",
    ) -> str:
        """A token for the bearer `name`; ValueError for an unknown role."""
        if role not in ROLES:
            raise ValueError(f"unknown role {role!r}")
        now = self.clock() // 1_000_000
        claims = {
            "aud": AUDIENCE, "iat": now, "exp": now + days * 86_400, "role": role,
            "units": list(units), "sources": list(sources), "types": list(types),
            "sub": name or role,
        }  # fmt: skip
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)


def development_issuer(home: Path, clock: Clock = now_us) -> Issuer:
    """The issuer of the home, whose key is created at the first start."""
    path = home / KEY_FILE
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write_private(path, pem)
    with _refuse_invalid_key(str(path), "private"):
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        if isinstance(key, Ed25519PrivateKey):
            return Issuer(key, clock)
        raise ValueError("it is of another kind")


@contextlib.contextmanager
def _refuse_invalid_key(where: str, what: str) -> Iterator[None]:
    """Raises SettingWrong for an invalid key file."""
    try:
        yield
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SettingWrong(where, message(f"key-{what}")) from error


def write_tokens(home: Path, clock: Clock = now_us) -> dict[str, str]:
    """Writes a development token of every role to `<home>/tokens.json`, and returns them."""
    issuer = development_issuer(home, clock)
    tokens = {role: issuer.mint(role) for role in ROLES}
    write_private(home / TOKENS_FILE, json.dumps(tokens, indent=1))
    return tokens


def make_key(settings: Settings) -> bool:
    """Creates the development key if the home has none; whether it did."""
    path = settings.home / KEY_FILE
    if settings.token_public_key is not None or path.exists():
        return False
    development_issuer(settings.home)
    return True


def token_keys(settings: Settings) -> list[Keys]:
    """The development key, whose fingerprint databases record; none with an issuer of the office.

    The office may replace its own public key at any time.
    """
    if settings.token_public_key is not None:
        return []
    public = development_issuer(settings.home).key.public_key().public_bytes_raw()
    return [Keys(TOKENS, settings.home / KEY_FILE, (fingerprint(public),))]


def verifier(settings: Settings, clock: Clock = now_us, service: str = "") -> Verifier:
    """The verifier of a process: with the office's public key, else with the development key.

    Beside it an OpenID issuer, where one is set. KeysMissing if the development key does not exist
    and the service's data is on a database server.
    """
    openid = openid_verifier(settings, clock)
    if settings.token_public_key is None:
        if not (settings.home / KEY_FILE).exists():
            check_may_make(settings, service, TOKENS, settings.home / KEY_FILE)
        development_key = development_issuer(settings.home, clock).key.public_key()
        return Verifier(development_key, clock, openid=openid)
    with _refuse_invalid_key("DANCHU_TOKEN_PUBLIC_KEY", "public"):
        key = serialization.load_pem_public_key(settings.token_public_key.read_bytes())
        if isinstance(key, Ed25519PublicKey):
            return Verifier(key, clock, settings.token_issuer, openid)
        raise ValueError("it is of another kind")
