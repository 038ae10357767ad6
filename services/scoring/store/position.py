"""The position of the fold: its row, the lock on it, and the reason of a halt."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.messages import Message

_REASON = msgspec.json.Decoder(tuple[str, str, str])
BAD_PLANS = ("enable_seqscan", "jit")
"""Settings of PostgreSQL that the fold switches off: during a bulk load the statistics are always
out of date, and the planner would choose sequential scans."""


class Position(NamedTuple):
    """The position of the fold; `stream_*` serve progress and the detection of a lost stream only.

    `halted` is the reason of a halt. If the fold failed, `faulty` is the identity of the event that
    made it fail, empty where no single event did; otherwise None. Every message up to
    `stream_floor` is folded for certain: from there a consumer is started again.
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
    """The position, locked until the transaction ends: two processes never fold at once."""
    if conn.dialect.name == "sqlite":
        return await load(conn)
    for setting in BAD_PLANS:
        await conn.execute(text(f"SET LOCAL {setting} = off"))
    return await load(conn, " FOR UPDATE")


async def load(conn: AsyncConnection, suffix: str = "") -> Position:
    """The position as of the last commit, or of this transaction."""
    names = ", ".join(Position._fields)
    row = (await conn.execute(text(f"SELECT {names} FROM position{suffix}"))).one()
    place = Position(*row)
    return place._replace(halted=_decode_reason(place.halted))


async def save(conn: AsyncConnection, place: Position) -> None:
    """Saves the position."""
    columns = ", ".join(f"{name} = :{name}" for name in Position._fields)
    values = place._replace(halted=_encode_reason(place.halted))._asdict()
    await conn.execute(text(f"UPDATE position SET {columns}"), values)


def _decode_reason(stored: str | None) -> str | None:
    """A reason from its stored text; a Message where it was saved as one."""
    if stored is None or not stored.startswith("["):
        return stored
    return Message(*_REASON.decode(stored))


def _encode_reason(reason: str | None) -> str | None:
    if not isinstance(reason, Message):
        return reason
    return msgspec.json.encode((reason.code, reason.vi, reason.en)).decode()
