"""The quarantine: what breaks the contract on the stream, kept with its reason and its bytes.

A message that comes twice is kept once: its id is a digest of reason and bytes. Each is published
to the stream QUARANTINE too, by the outbox of scoring.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis import outbox
from services.chassis.database import bulk_insert, select_among
from services.chassis.outbox import Outgoing
from services.scoring import tables

WAITING, REPLAYED, DROPPED = "waiting", "replayed", "dropped"
DETAIL_MAX = 2000
COLUMNS = ("id", "reason", "detail", "subject", "receipt", "came", "state", "raw")


class Rejected(NamedTuple):
    """A message that is not folded; `receipt` where it could be read."""

    reason: str
    detail: str
    subject: str
    raw: bytes
    receipt: bytes | None

    @property
    def id(self) -> bytes:
        """The same for the same bytes and reason."""
        return hashlib.sha256(f"{self.reason}\0".encode() + self.raw).digest()[:16]


async def add(conn: AsyncConnection, rejected: Sequence[Rejected], now: int) -> int:
    """Keeps and announces what was not known yet; answers how many that were."""
    by_id = {one.id: one for one in rejected}
    select = "SELECT id FROM quarantine WHERE id"
    for row in await select_among(conn, select, by_id, "bytea"):
        del by_id[bytes(row[0])]
    rows: list[tuple[Any, ...]] = [
        (id_, one.reason, _clean(one.detail)[:DETAIL_MAX], _clean(one.subject), one.receipt, now,
         WAITING, one.raw)
        for id_, one in by_id.items()
    ]  # fmt: skip
    await bulk_insert(conn, tables.quarantine, rows, COLUMNS)
    await outbox.add(conn, [_outgoing(id_, one, now) for id_, one in by_id.items()])
    return len(rows)


def _clean(words: str) -> str:
    """Text that every database takes: no NUL, no lone surrogates."""
    return words.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _outgoing(id_: bytes, one: Rejected, now: int) -> Outgoing:
    headers = {"Danchu-Reason": one.reason, "Danchu-Quarantine-Id": id_.hex()}
    return Outgoing(id_, f"danchu.quarantine.{one.reason}", one.raw, now, headers)


async def settle(
    conn: AsyncConnection, id_: bytes, state: str, replaced_by: bytes | None = None
) -> None:
    """Marks an entry as replayed (by which receipt) or dropped."""
    await conn.execute(
        text("UPDATE quarantine SET state = :state, replaced_by = :by WHERE id = :id"),
        {"state": state, "by": replaced_by, "id": id_},
    )
