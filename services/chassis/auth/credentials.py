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
ANY = ("*",)
Scope = MutableMapping[str, Any]
UNIT_SOURCE = "urn:danchu:unit:"
"""The prefix of a unit's default `source`."""

ROLES: dict[str, str] = {
    "emitter": "sends events of its units",
    "registrar": "keeps the register of units",
    "clerk": "works in the systems of record of its units",
    "reader": "reads the ratings of its units",
    "hr": "reads everything",
    "council": "decides on exemptions, adjustments and appeals, and reads everything",
    "auditor": "reads everything, outboxes and quarantine among it",
    "operator": "runs the system and reads everything",
}
READS_ALL = frozenset(("hr", "council", "auditor", "operator"))
READS_MACHINERY = frozenset(("operator", "auditor"))


@dataclass(frozen=True)
class Credential:
    """The permissions of a token's bearer; `expires` in seconds since 1970.

    `name` is the bearer as known to the issuer (claim `sub`).
    """

    role: str
    units: frozenset[str] = frozenset(ANY)
    sources: tuple[str, ...] = ANY
    types: frozenset[str] = frozenset(ANY)
    expires: int = 2**53
    name: str = ""

    def speaks_for(self, unit: str) -> bool:
        """Whether the unit (its key or a code) is one of the credential's."""
        return "*" in self.units or unit in self.units

    def may_use_source(self, source: str) -> bool:
        """Whether the source begins with one of the credential's prefixes."""
        return any(prefix == "*" or source.startswith(prefix) for prefix in self.sources)

    @property
    def names_sources(self) -> bool:
        """Whether it is restricted to sources, as a credential of single units must be.

        Otherwise a unit could retract events of another, and use its identities.
        """
        return "*" in self.units or not any(map(is_open, self.sources))

    def may_use_type(self, *names: str) -> bool:
        """Whether one of the names of a type (short or full) is one of the credential's."""
        return "*" in self.types or any(name in self.types for name in names)


def own_sources(units: Iterable[str]) -> list[str]:
    """The prefix of `source` of each unit; its last colon keeps H44.1 apart from H44.10."""
    return [f"{UNIT_SOURCE}{unit}:" for unit in units]


def is_open(prefix: str) -> bool:
    """Whether a prefix of `source` matches every source."""
    return prefix.strip() in ("", "*")


@dataclass
class Verifier:
    """Verifies tokens with a public key, and caches the verified ones."""

    key: Ed25519PublicKey
    clock: Clock = now_us
    issuer: str | None = None
    _verified: OrderedDict[str, Credential] = field(default_factory=OrderedDict)

    def credential(self, authorization: str | None) -> Credential:
        """The credential of an `Authorization` header; Problem 401 for an invalid one."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("token-missing")
        credential = self._verified.get(token)
        if credential is None:
            credential = self._verify(token)
            self._verified[token] = credential
            if len(self._verified) > CACHED_MAX:
                self._verified.popitem(last=False)
        self._verified.move_to_end(token)
        if credential.expires <= self.clock() // 1_000_000:
            raise _unauthorized("token-expired")
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

    def _verify(self, token: str) -> Credential:
        if len(token) > TOKEN_BYTES_MAX:
            raise _unauthorized("token-long")
        try:
            claims = read_token(token, self.key)
        except TokenInvalid as error:
            raise _unauthorized("token-invalid") from error
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
            raise _unauthorized("token-role")
        if self.issuer is not None and claims.iss != self.issuer:
            raise _unauthorized("token-issuer")
        latest = self.clock() // 1_000_000 + LEEWAY_SECONDS
        if (claims.iat or 0) > latest or (claims.nbf or 0) > latest:
            raise _unauthorized("token-early")


def _unauthorized(code: str) -> Problem:
    return Problem(401, message(code), headers={"WWW-Authenticate": "Bearer"})


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

    KeysMissing if the latter does not exist and the service's data is on a database server.
    """
    if settings.token_public_key is None:
        if not (settings.home / KEY_FILE).exists():
            check_may_make(settings, service, TOKENS, settings.home / KEY_FILE)
        return Verifier(development_issuer(settings.home, clock).key.public_key(), clock)
    with _refuse_invalid_key("DANCHU_TOKEN_PUBLIC_KEY", "public"):
        key = serialization.load_pem_public_key(settings.token_public_key.read_bytes())
        if isinstance(key, Ed25519PublicKey):
            return Verifier(key, clock, settings.token_issuer)
        raise ValueError("it is of another kind")
