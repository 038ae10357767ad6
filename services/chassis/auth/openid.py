"""Access and id tokens of an OpenID Connect issuer: RS256, ES256 or EdDSA, by its own keys.

The caller hears of every refusal the same; the reason is in the log of denials alone.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
import msgspec

from services.chassis.auth.issuer_keys import ALGORITHMS, IssuerKeys, PublicKey
from services.chassis.auth.permissions import ANY, ROLES, Credential, own_sources
from services.chassis.auth.revocation import token_id
from services.chassis.clock import Clock, now_us
from services.chassis.http.problems import Problem
from services.chassis.messages import message

LEEWAY_SECONDS = 60
NAME_MAX = 200
UNITS_MAX = 1000
TOKEN_TYPES = (None, "jwt", "at+jwt", "application/at+jwt")
ACCESS_TYPES = ("at+jwt", "application/at+jwt")
ID_TOKEN_MARKS = ("nonce", "at_hash", "c_hash", "s_hash", "events")
"""Claims of id tokens (OpenID Connect Core 2, 3.3.2.11) and of logout tokens."""
OF_ANY_UNIT = frozenset(("registrar", "hr", "council", "auditor", "operator"))
"""Roles that need no units in their token."""


class Refused(Exception):
    """A token is refused; `code` is the reason as the log has it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Head(msgspec.Struct, frozen=True):
    alg: str
    typ: str | None = None
    kid: str | None = None
    crit: Any = msgspec.UNSET
    b64: Any = msgspec.UNSET


_heads = msgspec.json.Decoder(_Head)
_payloads = msgspec.json.Decoder(dict[str, Any])
_signatures = jwt.PyJWS(algorithms=list(ALGORITHMS))


def unauthorized(code: str, reason: str | None = None) -> Problem:
    """Problem 401; `reason` is the code of the sentence in the log, where it differs."""
    problem = Problem(401, message(code), headers={"WWW-Authenticate": "Bearer"})
    if reason is not None:
        problem.reason = message(reason)
    return problem


@dataclass(frozen=True)
class RoleMap:
    """From claims to role and units: paths into the claims, and the role of each group.

    Of several groups the first of `roles` counts.
    """

    roles: Mapping[str, str]
    role_claim: str = "roles"
    units_claim: str = "units"

    def role(self, claims: Mapping[str, Any]) -> str:
        """The role; Refused where no group has one."""
        groups = _texts(claim_at(claims, self.role_claim))
        for group, role in self.roles.items():
            if group in groups:
                return role
        raise Refused("oidc-role")

    def units(self, claims: Mapping[str, Any], role: str) -> frozenset[str]:
        """The units; of roles that need none any, where the claim is absent."""
        value = claim_at(claims, self.units_claim)
        if value is None and role in OF_ANY_UNIT:
            return frozenset(ANY)
        return frozenset(_texts(value))


def claim_at(claims: Any, path: str) -> Any:
    """The value at a path with dots, such as `realm_access.roles`; None where there is none.

    A name may contain dots itself (`https://example.org/roles`): the longest one that leads to a
    value counts.
    """
    if not isinstance(claims, Mapping):
        return None
    if path in claims:
        return claims[path]
    head, dot, rest = path.rpartition(".")
    while dot:
        value = claim_at(claims.get(head), rest)
        if value is not None:
            return value
        head, dot, tail = head.rpartition(".")
        rest = f"{tail}.{rest}"
    return None


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [each for each in values[:UNITS_MAX] if isinstance(each, str)]


@dataclass
class OpenIdVerifier:
    """Verifies access tokens of one issuer for one audience."""

    keys: IssuerKeys
    audience: str
    mapping: RoleMap
    clock: Clock = now_us

    def issued(self, token: str) -> bool:
        """Whether the token says that it is of this issuer; nothing is verified yet."""
        try:
            return bool(_payloads.decode(_part(token, 1)).get("iss") == self.keys.issuer)
        except (ValueError, IndexError, msgspec.MsgspecError):
            return False

    async def prepare(self, token: str) -> None:
        """Has the keys fetched that a token of the issuer needs; as `IssuerKeys.prepare`."""
        try:
            head = _read_head(token)
        except Refused:
            return
        if self.issued(token):
            await self.keys.prepare(head.kid, head.alg)

    def credential(self, token: str) -> Credential:
        """The credential of an access token; Problem 401 with its reason for the log."""
        try:
            return self.access(token)
        except Refused as refused:
            raise unauthorized("token-invalid", refused.code) from None

    def access(self, token: str) -> Credential:
        """The credential of an access token; Refused for any other token."""
        claims = self._claims(token, _read_head(token))
        return self.permissions(claims, token_id(claims.get("jti"), token))

    def login(self, token: str, client: str, nonce: str) -> dict[str, Any]:
        """The claims of an id token of one login of a client; Refused for any other token.

        OpenID Connect Core 1.0, section 3.1.3.7.
        """
        head = _read_head(token)
        claims = self._signed(token, head)
        if (head.typ or "").lower() in ACCESS_TYPES or claims.get("typ", "ID") != "ID":
            raise Refused("oidc-type")
        audiences, party = _audiences(claims), claims.get("azp")
        shared = len(audiences) > 1 and party is None
        if client not in audiences or party not in (None, client) or shared:
            raise Refused("oidc-audience")
        self._check_times(claims)
        if claims.get("nonce") != nonce:
            raise Refused("oidc-nonce")
        return claims

    def _claims(self, token: str, head: _Head) -> dict[str, Any]:
        """The claims of a token whose signature, issuer, audience, times and kind are right."""
        claims = self._signed(token, head)
        # An id token is for its client, so the audience would hide what is wrong with it.
        if (head.typ or "").lower() not in ACCESS_TYPES and _is_no_access_token(claims):
            raise Refused("oidc-id-token")
        if self.audience not in _audiences(claims):
            raise Refused("oidc-audience")
        self._check_times(claims)
        return claims

    def _signed(self, token: str, head: _Head) -> dict[str, Any]:
        """What the issuer has signed, whatever kind of token it is."""
        if not self.issued(token):
            raise Refused("oidc-issuer")
        return _verify_signature(token, head, self._key(head))

    def _key(self, head: _Head) -> PublicKey:
        key = self.keys.find(head.kid, head.alg)
        if key is None:
            raise Refused("oidc-key" if self.keys.present else "oidc-keys-away")
        return key

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self.clock() / 1_000_000
        expires, begins = claims.get("exp"), (claims.get("nbf", 0), claims.get("iat", 0))
        if not _is_instant(expires) or not all(map(_is_instant, begins)):
            raise Refused("oidc-times")
        if claims["exp"] + LEEWAY_SECONDS <= now:
            raise Refused("oidc-expired")
        if max(begins) > now + LEEWAY_SECONDS:
            raise Refused("oidc-early")

    def permissions(self, claims: Mapping[str, Any], token: str) -> Credential:
        """The credential by the claims of a verified token; Refused without a name or a role."""
        name = claims.get("sub")
        if not isinstance(name, str) or not name.isprintable() or not 1 <= len(name) <= NAME_MAX:
            raise Refused("oidc-subject")
        role = self.mapping.role(claims)
        units = self.mapping.units(claims, role)
        sources = ANY if "*" in units else tuple(own_sources(sorted(units)))
        expires = int(claims["exp"]) + LEEWAY_SECONDS
        issued = claims.get("iat", 0)
        return Credential(
            role, units, sources, expires=expires, name=name, token=token, issued=issued
        )


def _part(token: str, number: int) -> bytes:
    part = token.split(".")[number]
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _read_head(token: str) -> _Head:
    """The head of a token; Refused for another algorithm, type, or an extension."""
    try:
        head = _heads.decode(_part(token, 0))
    except (ValueError, IndexError, msgspec.MsgspecError):
        raise Refused("oidc-form") from None
    if head.alg.lower() == "none":
        raise Refused("oidc-unsigned")
    if head.alg not in ALGORITHMS:
        raise Refused("oidc-algorithm")
    if head.typ is not None and head.typ.lower() not in TOKEN_TYPES:
        raise Refused("oidc-type")
    if head.crit is not msgspec.UNSET or head.b64 is not msgspec.UNSET:
        raise Refused("oidc-extension")
    return head


def _verify_signature(token: str, head: _Head, key: PublicKey) -> dict[str, Any]:
    try:
        payload = _signatures.decode(token, key, algorithms=[head.alg])
        return _payloads.decode(payload)
    except Exception:  # libraries raise many errors on malformed input
        raise Refused("oidc-signature") from None


def _audiences(claims: Mapping[str, Any]) -> list[Any]:
    audience = claims.get("aud")
    return audience if isinstance(audience, list) else [audience]


def _is_instant(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 2**53


def _is_no_access_token(claims: Mapping[str, Any]) -> bool:
    """Whether it has the marks of an id token, or says itself that it is of another kind."""
    kind = claims.get("typ", "Bearer")
    return kind != "Bearer" or any(mark in claims for mark in ID_TOKEN_MARKS)


ROLES_IN_ORDER = (
    "operator", "auditor", "council", "hr", "registrar", "clerk", "emitter", "reader",
)  # fmt: skip
"""Where no groups are mapped, a group is the name of a role, and of several the first counts."""
assert set(ROLES_IN_ORDER) == set(ROLES)
