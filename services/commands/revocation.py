"""Revokes tokens in the databases of all services, and lists what is revoked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt

from contracts import moments
from contracts.messages import Message
from services.chassis import revocation_table
from services.chassis.auth.revocation import (
    FOR_EVER,
    ID_MAX,
    Revocation,
    token_id,
    unverified_claims,
)
from services.chassis.clock import now_us
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError, DatabaseAway, DiskFull
from services.chassis.settings import Settings
from services.commands.homes import require_databases
from services.commands.messages import message
from services.commands.service_registry import SERVICES, migrations_of

SECOND = 1_000_000
EXPIRY_GRACE_SECONDS = 3600
"""More than the tolerance with which an expired token is still accepted."""


class RevocationUnclear(DanchuError):
    """The options do not say what to revoke."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)


class RevocationPartial(DanchuError):
    """Some databases could not be written: their services still accept the token."""

    def __init__(self, away: dict[str, DanchuError]) -> None:
        first = next(iter(away.values()))
        names = ", ".join(away)
        super().__init__(message("revocation-partial", services=names, cause=first.message))


def read_options(
    token: str | None, jti: str | None, subject: str | None, issued_before: str | None,
    ends: str | None,
) -> Revocation:  # fmt: skip
    """The revocation that the options name; RevocationUnclear unless it is exactly one."""
    if sum(option is not None for option in (token, jti, subject)) != 1:
        raise RevocationUnclear(message("revocation-of-what"))
    if issued_before is not None and subject is None:
        raise RevocationUnclear(message("revocation-before"))
    until = FOR_EVER if ends is None else _seconds("--ends", ends)
    if token is not None:
        return _of_token(token, until)
    value = jti or subject or ""
    if not (value.strip() and len(value) <= ID_MAX and value.isprintable()):
        raise RevocationUnclear(message("revocation-value", most=ID_MAX))
    if subject is None:
        return Revocation("token", value, ends=until)
    # tokens of the current second are among them; `revoke` waits until it is over
    before = (
        now_us() // SECOND + 1
        if issued_before is None
        else _seconds("--issued-before", issued_before)
    )
    return Revocation("subject", value, before, until)


def _seconds(option: str, text: str) -> int:
    """The first whole second at or after an instant."""
    try:
        return -(-moments.instant(text) // SECOND)
    except ValueError as error:
        why = error.args[0]
        raise RevocationUnclear(message("usage-value", what=option, why=why)) from None


def _of_token(token: str, until: int) -> Revocation:
    """Of a token itself, whose signature is not verified; with the end that it names."""
    try:
        claims = unverified_claims(token)
    except jwt.PyJWTError:
        raise RevocationUnclear(message("revocation-token")) from None
    expires = claims.get("exp")
    if until == FOR_EVER and isinstance(expires, int | float) and 0 <= expires < FOR_EVER:
        until = int(expires) + EXPIRY_GRACE_SECONDS
    return Revocation("token", token_id(claims.get("jti"), token), ends=until)


async def revoke(settings: Settings, revocation: Revocation) -> list[str]:
    """Adds the row to every database; RevocationPartial names those that it could not reach.

    It returns when no token can be issued any more in the second that it covers.
    """
    require_databases(settings, SERVICES)
    written, away = [], dict[str, DanchuError]()
    for name in SERVICES:
        try:
            async with _open(settings, name) as db, db.write() as conn:
                await revocation_table.add(conn, revocation, now_us())
            written.append(name)
        except (DatabaseAway, DiskFull) as failure:
            away[name] = failure
    if away:
        raise RevocationPartial(away)
    if revocation.kind == "subject":
        rest = revocation.issued_before - now_us() / SECOND
        await asyncio.sleep(min(1.0, max(0.0, rest)))
    return written


async def revoked(settings: Settings) -> list[dict[str, Any]]:
    """All revocations, each with the services whose database lacks it, as after a restore."""
    require_databases(settings, SERVICES)
    places: dict[Revocation, list[str]] = {}
    for name in SERVICES:
        async with _open(settings, name) as db, db.read() as conn:
            for row in await revocation_table.load(conn):
                places.setdefault(row, []).append(name)
    return [
        {**members(row), "lacking": [name for name in SERVICES if name not in names]}
        for row, names in places.items()
    ]


def members(row: Revocation) -> dict[str, Any]:
    """A revocation for a machine; instants as RFC 3339, null where there is none."""
    before = moments.rfc3339(row.issued_before * SECOND) if row.kind == "subject" else None
    ends = None if row.ends == FOR_EVER else moments.rfc3339(row.ends * SECOND)
    return {"kind": row.kind, "value": row.value, "issued_before": before, "ends": ends}


def line(entry: dict[str, Any]) -> str:
    """A revocation for a person."""
    words = [entry["kind"], entry["value"], entry["issued_before"] or "-", entry["ends"] or "-"]
    if entry["lacking"]:
        words.append(message("revocation-lacking", services=", ".join(entry["lacking"])))
    return "  ".join(words)


@asynccontextmanager
async def _open(settings: Settings, name: str) -> AsyncIterator[Database]:
    db = Database(settings.database(name), name, settings.database_limits)
    try:
        await db.open(migrations_of(name))
        yield db
    finally:
        await db.close()
