"""The result of the last audit, which `danchu audit` saves itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.messages import Message

FIRST_MAX = 50
"""So many differences are saved; the others are counted."""
CODE = "difference"


class AuditResult(NamedTuple):
    """When an audit began and ended, how many differences it found, and the first ones."""

    started: int
    ended: int
    differences: int
    first: tuple[Message, ...]


class _Difference(msgspec.Struct, array_like=True):
    vi: str
    en: str


def audit_result(started: int, ended: int, differences: Sequence[str]) -> AuditResult:
    """The result of an audit with these differences."""
    first = tuple(
        each if isinstance(each, Message) else Message(CODE, each, each)
        for each in differences[:FIRST_MAX]
    )
    return AuditResult(started, ended, len(differences), first)


async def save(conn: AsyncConnection, result: AuditResult) -> None:
    """Saves the result in place of the one before."""
    first = msgspec.json.encode([_Difference(each.vi, each.en) for each in result.first]).decode()
    insert = text(
        "INSERT INTO audit_results (id, started, ended, differences, first) "
        "VALUES (1, :started, :ended, :differences, :first) ON CONFLICT (id) DO UPDATE SET "
        "started = :started, ended = :ended, differences = :differences, first = :first"
    )
    await conn.execute(insert, {**result._asdict(), "first": first})


async def last(conn: AsyncConnection) -> AuditResult | None:
    """The result of the last audit; None before the first."""
    select = text("SELECT started, ended, differences, first FROM audit_results")
    row = (await conn.execute(select)).first()
    if row is None:
        return None
    first = msgspec.json.decode(row[3], type=list[_Difference])
    sentences = tuple(Message(CODE, each.vi, each.en) for each in first)
    return AuditResult(row[0], row[1], row[2], sentences)
