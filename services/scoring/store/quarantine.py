"""The quarantine: what breaks the contract on the stream, kept with its reason and its bytes.

A message that comes twice is kept once: its id is a digest of reason and bytes. Each is published
to the stream QUARANTINE too, by the outbox of scoring. An event that ended the fold is kept as
faulty; it comes into quarantine when the operator sets it aside.
"""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from contracts.messages import Message, separated, shortened
from services.chassis import outbox
from services.chassis.database.engine import bulk_insert, select_among
from services.chassis.http.language import members
from services.chassis.outbox import Outgoing
from services.scoring import tables
from services.scoring.store import doors
from services.scoring.store.doors import Label

ASIDE, BELOW_MARK = "aside", "below-mark"
WAITING, REPLAYED, DROPPED = "waiting", "replayed", "dropped"
DETAIL_MAX = 2000
COLUMNS = (
    "id", "reason", "detail", "subject", "receipt", "came", "state", "raw", "door", "recorded",
)  # fmt: skip


class Rejected(NamedTuple):
    """A message that is not folded; `receipt` where it could be read, `label` where it has one."""

    reason: str
    detail: str
    subject: str
    raw: bytes
    receipt: bytes | None
    label: Label | None = None

    @property
    def id(self) -> bytes:
        """The same for the same bytes and reason."""
        return hashlib.sha256(f"{self.reason}\0".encode() + self.raw).digest()[:16]


async def add(conn: AsyncConnection, rejected: Sequence[Rejected], now: int) -> int:
    """Keeps and announces what was not known yet; answers how many that were."""
    labels = {one.id: one.label for one in rejected}
    by_id = {one.id: one for one in rejected}
    select = "SELECT id, door, recorded FROM quarantine WHERE id"
    for id_, door, recorded in await select_among(conn, select, by_id, "bytea"):
        labels[bytes(id_)] = None if door is None else Label(door, recorded)
        del by_id[bytes(id_)]
    again = [one.label for one in rejected if one.label not in (None, labels[one.id])]
    await doors.add_repeats(conn, [label for label in again if label is not None])
    rows: list[tuple[Any, ...]] = [
        (id_, one.reason, _kept_text(one.detail), _clean(one.subject), one.receipt, now,
         WAITING, one.raw, *(one.label or (None, None)))
        for id_, one in by_id.items()
    ]  # fmt: skip
    await bulk_insert(conn, tables.quarantine, rows, COLUMNS)
    await outbox.add(conn, [_outgoing(id_, one, now) for id_, one in by_id.items()])
    return len(rows)


async def bodies_known(conn: AsyncConnection, bodies: Collection[bytes]) -> set[bytes]:
    """Those bodies that are in quarantine, for whatever reason."""
    select = "SELECT raw FROM quarantine WHERE raw"
    return {bytes(row[0]) for row in await select_among(conn, select, bodies, "bytea")}


def _kept_text(detail: str) -> str:
    """A detail as one text that has room, from which both languages are read again."""
    short = shortened(detail, DETAIL_MAX) if isinstance(detail, Message) else detail
    return _clean(short)[:DETAIL_MAX]


def _clean(words: str) -> str:
    """Text that every database takes: no NUL, no lone surrogates."""
    return words.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _outgoing(id_: bytes, one: Rejected, now: int) -> Outgoing:
    headers = {"Danchu-Reason": one.reason, "Danchu-Quarantine-Id": id_.hex()}
    return Outgoing(id_, f"danchu.quarantine.{one.reason}", one.raw, now, headers)


class Kept(NamedTuple):
    """Why an event is not folded; `aside` where the operator took it out, with a reason."""

    reason: str
    aside: bool


async def reason_of(conn: AsyncConnection, receipt: bytes) -> Kept | None:
    """Why the event of a receipt is kept here; None where it is not."""
    for table, aside in (("faulty_events", True), ("quarantine", False)):
        row = await conn.execute(
            text(f"SELECT reason FROM {table} WHERE receipt = :receipt AND reason IS NOT NULL"),
            {"receipt": receipt},
        )
        reason = row.scalar()
        if reason is not None:
            return Kept(str(reason), aside)
    return None


async def settle(
    conn: AsyncConnection, id_: bytes, state: str, replaced_by: bytes | None = None
) -> None:
    """Marks an entry as replayed (by which receipt) or dropped."""
    await conn.execute(
        text("UPDATE quarantine SET state = :state, replaced_by = :by WHERE id = :id"),
        {"state": state, "by": replaced_by, "id": id_},
    )


class Faulty(NamedTuple):
    """An event that ended the fold; `reason` is why it was set aside, None where it was not."""

    identity: bytes
    receipt: bytes | None
    source: str
    id: str
    subject: str
    year: int
    time: int
    fault: str
    reason: str | None
    raw: bytes


FAULTY = ", ".join(Faulty._fields)


async def write_faulty(conn: AsyncConnection, one: Faulty) -> None:
    """Keeps an event that ended the fold, in place of what was kept of it before."""
    await delete_faulty(conn, one.identity)
    await bulk_insert(conn, tables.faulty_events, [tuple(one)], Faulty._fields)


async def delete_faulty(conn: AsyncConnection, identity: bytes) -> None:
    """Forgets that the event ended the fold, as before it is folded once more."""
    delete = text("DELETE FROM faulty_events WHERE identity = :identity")
    await conn.execute(delete, {"identity": identity})


async def set_aside(conn: AsyncConnection, identity: bytes, reason: str) -> bool:
    """Takes an event that ended the fold out of it; whether there is such an event."""
    update = text("UPDATE faulty_events SET reason = :reason WHERE identity = :identity")
    done = await conn.execute(update, {"reason": reason, "identity": identity})
    return bool(done.rowcount)


async def aside(conn: AsyncConnection) -> dict[bytes, Faulty]:
    """The events that were set aside, by identity: a handful at most."""
    rows = await conn.execute(text(f"SELECT {FAULTY} FROM faulty_events WHERE reason IS NOT NULL"))
    return {one.identity: one for one in (Faulty(*row) for row in rows)}


def shown(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of the quarantine as people read it; its bytes, where asked for, as text.

    `detail` is in each language too, but for entries of a version that had it in English alone.
    """
    spelled = {"came": moments.spelled(entry["came"])}
    for name, value in entry.items():
        if isinstance(value, bytes):
            spelled[name] = value.decode(errors="replace") if name == "raw" else value.hex()
    detail = separated(entry["detail"], f"scoring.{entry['reason']}")
    return {**entry, **spelled, **members("detail", detail)}
