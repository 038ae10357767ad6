"""How far the fold is: its row, the lock on it, and why it stands still."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.messages import Message

_REASON = msgspec.json.Decoder(tuple[str, str, str])
WRONG_PLANS = ("enable_seqscan", "jit")
"""What PostgreSQL must not do for the fold: its statistics are outrun by a bulk load."""


class Position(NamedTuple):
    """How far the fold is; `stream_*` are for progress and for noticing a lost stream alone.

    `halted` says why it stands still. Where it fails, `faulty` is the identity of the event over
    which it does, empty where it does over no single one; None while it does not fail. All up to
    `stream_floor` was folded for certain: there the consumer begins again where it has to.
    """

    stamp: int
    registry_stamp: int
    rubrics: str
    folded: int
    stream_created: int | None
    stream_seq: int
    halted: str | None
    faulty: bytes | None = None
    stream_floor: int = 0


async def lock(conn: AsyncConnection) -> Position:
    """The position, held until the transaction ends: two folders never fold at once."""
    if conn.dialect.name == "sqlite":
        return await load(conn)
    for setting in WRONG_PLANS:
        await conn.execute(text(f"SET LOCAL {setting} = off"))
    return await load(conn, " FOR UPDATE")


async def load(conn: AsyncConnection, suffix: str = "") -> Position:
    """The position as it stands."""
    names = ", ".join(Position._fields)
    row = (await conn.execute(text(f"SELECT {names} FROM position{suffix}"))).one()
    place = Position(*row)
    return place._replace(halted=_reason_in(place.halted))


async def save(conn: AsyncConnection, place: Position) -> None:
    """Moves the position."""
    moved = ", ".join(f"{name} = :{name}" for name in Position._fields)
    values = place._replace(halted=_reason_out(place.halted))._asdict()
    await conn.execute(text(f"UPDATE position SET {moved}"), values)


def _reason_in(stored: str | None) -> str | None:
    """A reason out of its text: a message where it was one."""
    if stored is None or not stored.startswith("["):
        return stored
    return Message(*_REASON.decode(stored))


def _reason_out(reason: str | None) -> str | None:
    if not isinstance(reason, Message):
        return reason
    return msgspec.json.encode((reason.code, reason.vi, reason.en)).decode()
