"""Revoked tokens: one by its id, or all of a bearer that were issued before an instant.

A revocation stands until the last token that it covers has expired by itself, so the list stays
short. The rows are in the database of each service (`revocation_table`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import jwt

ID_MAX = 200
FOR_EVER = 2**53
"""The end of a revocation whose tokens have no known end."""
Kind = Literal["token", "subject", "session"]


def token_id(jti: Any, token: str) -> str:
    """The id of a token: its claim `jti`, else a digest of its signed part.

    The signature itself is left out: its text can be varied without becoming invalid.
    """
    if isinstance(jti, str) and 1 <= len(jti) <= ID_MAX:
        return jti
    return f"sha256:{hashlib.sha256(token.rpartition('.')[0].encode()).hexdigest()}"


def id_of(token: str) -> str:
    """The id of a token, whose signature is not verified; a PyJWTError for what is none."""
    return token_id(unverified_claims(token).get("jti"), token)


def unverified_claims(token: str) -> dict[str, Any]:
    """What a token says, whose signature is not verified; a PyJWTError for what is none."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@dataclass(frozen=True)
class Revocation:
    """One row; instants in seconds since 1970.

    `value` is the id of a token or of a session that was signed out, or the name of a bearer (claim
    `sub`) whose tokens issued before `issued_before` are revoked. After `ends` all have expired.
    """

    kind: Kind
    value: str
    issued_before: int = 0
    ends: int = FOR_EVER


class Revocations:
    """The revocations that stand."""

    def __init__(self, rows: Iterable[Revocation] = ()) -> None:
        self._tokens: set[str] = set()
        self._subjects: dict[str, int] = {}
        for row in rows:
            if row.kind != "subject":
                self._tokens.add(row.value)
            else:
                self._subjects[row.value] = max(row.issued_before, self._subjects.get(row.value, 0))

    def cover(self, token: str, subject: str, issued: float) -> bool:
        """Whether a token is revoked; one that does not say when it was issued has `issued` 0."""
        return token in self._tokens or issued < self._subjects.get(subject, 0)
