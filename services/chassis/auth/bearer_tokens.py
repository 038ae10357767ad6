"""Strict decoding of bearer tokens: JWT with Ed25519 (RFC 7519, RFC 8037), claims by type.

The sender controls the header of a token, and an issuer its claims: every deviation raises
`TokenInvalid`, never another error.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Sequence
from typing import Annotated, Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALGORITHM = "EdDSA"
AUDIENCE = "danchu"
TYPES = ("jwt", "at+jwt", "application/at+jwt")
NAME_MAX = 200
_Instant = Annotated[float, msgspec.Meta(ge=0, le=2**53)]
"""Seconds since 1970, possibly with a fraction."""


class TokenInvalid(Exception):
    """The token is malformed, or not signed for danchu."""


class Claims(msgspec.Struct, frozen=True):
    """The claims of a token; other claims are ignored."""

    aud: str | list[str]
    exp: _Instant
    role: str
    sub: str = ""
    units: list[str] | None = None
    sources: list[str] | None = None
    types: list[str] | None = None
    iss: str | None = None
    iat: _Instant | None = None
    nbf: _Instant | None = None
    jti: Any = None


class _Head(msgspec.Struct, frozen=True):
    alg: str
    typ: str | None = None
    crit: Any = msgspec.UNSET
    b64: Any = msgspec.UNSET


_heads = msgspec.json.Decoder(_Head)
_claims = msgspec.json.Decoder(Claims)
_signatures = jwt.PyJWS(algorithms=[ALGORITHM])


def read_token(token: str, keys: Sequence[Ed25519PublicKey]) -> Claims:
    """The claims of a token signed with one of the keys; TokenInvalid for anything else."""
    try:
        _check_head(token.partition(".")[0])
        claims = _claims.decode(_payload(token, keys))
    except Exception as error:  # libraries raise many errors on malformed input
        raise TokenInvalid(str(error)) from error
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if AUDIENCE not in audiences:
        raise TokenInvalid("it is for another audience")
    if len(claims.sub) > NAME_MAX or not (claims.sub.isprintable() or not claims.sub):
        raise TokenInvalid("a subject is a short printable text")
    return claims


def _payload(token: str, keys: Sequence[Ed25519PublicKey]) -> bytes:
    """What is signed, by the first key that fits."""
    for key in keys[:-1]:
        with contextlib.suppress(jwt.InvalidSignatureError):
            return bytes(_signatures.decode(token, key, algorithms=[ALGORITHM]))
    return bytes(_signatures.decode(token, keys[-1], algorithms=[ALGORITHM]))


def _check_head(part: str) -> None:
    """Refuses other algorithms, types and critical extensions."""
    raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    head = _heads.decode(raw)
    if head.alg != ALGORITHM or (head.typ is not None and head.typ.lower() not in TYPES):
        raise TokenInvalid("another algorithm or kind")
    if head.crit is not msgspec.UNSET or head.b64 is not msgspec.UNSET:
        raise TokenInvalid("it has an extension")
