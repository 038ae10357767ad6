"""The quarantine: rejected messages of the stream, each with its reason and its bytes.

The id of an entry is a digest of reason and bytes, so that a message that arrives twice has one
entry. New entries are also published to the stream QUARANTINE, through the outbox of scoring. An
event that makes the fold fail is saved as faulty; it enters the quarantine when the operator sets
it aside.
"""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from contracts.messages import Message, shorten, split_languages
from services.chassis import outbox
from services.chassis.database.engine import bulk_insert, select_among
from services.chassis.http.language import members
from services.chassis.outbox import Outgoing
from services.scoring import tables
from services.scoring.store import doors
from services.scoring.store.door_state import DoorLabel

ASIDE = "aside"
REASONS = (
    "syntax", "unknown-type", "contract", "authorship", "conflict", doors.BELOW_MARK, ASIDE,
)  # fmt: skip
"""Why a message is not folded."""
WAITING, REPLAYED, DROPPED = "waiting", "replayed", "dropped"
STATES = (WAITING, REPLAYED, DROPPED)
DETAIL_MAX = 2000
COLUMNS = (
    "id", "reason", "detail", "subject", "receipt", "came", "state", "raw", "door", "recorded",
)  # fmt: skip


class Rejection(NamedTuple):
    """A message that is not folded; `receipt` is None where the message could not be decoded."""

    reason: str
    detail: str
    subject: str
    raw: bytes
    receipt: bytes | None
    label: DoorLabel | None = None

    @property
    def id(self) -> bytes:
        """The id of the entry, the same for equal reason and bytes."""
        return hashlib.sha256(f"{self.reason}\0".encode() + self.raw).digest()[:16]


async def add(conn: AsyncConnection, rejections: Sequence[Rejection], now: int) -> int:
    """Saves and publishes those that have no entry yet; returns their number."""
    labels = {rejection.id: rejection.label for rejection in rejections}
    by_id = {rejection.id: rejection for rejection in rejections}
    select = "SELECT id, door, recorded FROM quarantine WHERE id"
    for id_, door, recorded in await select_among(conn, select, by_id, "bytea"):
        labels[bytes(id_)] = None if door is None else DoorLabel(door, recorded)
        del by_id[bytes(id_)]
    # a message that another door recorded, or at another moment, counts for the mark of that door
    repeats = [r.label for r in rejections if r.label is not None and r.label != labels[r.id]]
    await doors.add_repeats(conn, repeats)
    rows: list[tuple[Any, ...]] = [
        (id_, r.reason, _bounded_text(r.detail), _clean(r.subject), r.receipt, now, WAITING, r.raw,
         *(r.label or (None, None)))
        for id_, r in by_id.items()
    ]  # fmt: skip
    await bulk_insert(conn, tables.quarantine, rows, COLUMNS)
    await outbox.add(conn, [_outgoing(id_, each, now) for id_, each in by_id.items()])
    return len(rows)


async def find_bodies(conn: AsyncConnection, bodies: Collection[bytes]) -> set[bytes]:
    """Those of the bodies that are in quarantine, for whatever reason."""
    select = "SELECT raw FROM quarantine WHERE raw"
    return {bytes(row[0]) for row in await select_among(conn, select, bodies, "bytea")}


def _bounded_text(detail: str) -> str:
    """A detail as one text of bounded length, from which both languages can be separated again."""
    short = shorten(detail, DETAIL_MAX) if isinstance(detail, Message) else detail
    return _clean(short)[:DETAIL_MAX]


def _clean(words: str) -> str:
    """Text that every database accepts: without NUL and lone surrogates."""
    return words.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _outgoing(id_: bytes, rejection: Rejection, now: int) -> Outgoing:
    reason = rejection.reason
    headers = {"Danchu-Reason": reason, "Danchu-Quarantine-Id": id_.hex()}
    return Outgoing(id_, f"danchu.quarantine.{reason}", rejection.raw, now, headers)


class QuarantineReason(NamedTuple):
    """Why an event is not folded; `aside` is true where the operator set it aside."""

    reason: str
    aside: bool


async def reason_of(conn: AsyncConnection, receipt: bytes) -> QuarantineReason | None:
    """Why the event of a receipt is in quarantine or set aside; None where it is neither."""
    for table, aside in (("faulty_events", True), ("quarantine", False)):
        row = await conn.execute(
            text(f"SELECT reason FROM {table} WHERE receipt = :receipt AND reason IS NOT NULL"),
            {"receipt": receipt},
        )
        reason = row.scalar()
        if reason is not None:
            return QuarantineReason(str(reason), aside)
    return None


class Settlement(NamedTuple):
    """Who settled an entry, when and why; empty texts where nobody said."""

    at: int
    by: str = ""
    reason: str = ""


async def settle(
    conn: AsyncConnection, id_: bytes, state: str, settlement: Settlement,
    replaced_by: bytes | None = None,
) -> None:  # fmt: skip
    """Marks an entry as dropped, or as replayed, with the receipt of the event that replaced it."""
    update = text(
        "UPDATE quarantine SET state = :state, replaced_by = :replacement, settled = :at, "
        "settled_by = :by, settled_reason = :reason WHERE id = :id"
    )
    values = {
        "state": state, "replacement": replaced_by, "id": id_, "at": settlement.at,
        "by": _clean(settlement.by) or None, "reason": _clean(settlement.reason) or None,
    }  # fmt: skip
    await conn.execute(update, values)


class FaultyEvent(NamedTuple):
    """An event that makes the fold fail; `reason` is why the operator set it aside, or None."""

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


FAULTY = ", ".join(FaultyEvent._fields)


async def write_faulty(conn: AsyncConnection, event: FaultyEvent) -> None:
    """Saves a faulty event, in place of an earlier row of the same event."""
    await delete_faulty(conn, event.identity)
    await bulk_insert(conn, tables.faulty_events, [tuple(event)], FaultyEvent._fields)


async def delete_faulty(conn: AsyncConnection, identity: bytes) -> None:
    """Deletes a faulty event, so that it is folded like any other."""
    delete = text("DELETE FROM faulty_events WHERE identity = :identity")
    await conn.execute(delete, {"identity": identity})


async def set_aside(conn: AsyncConnection, identity: bytes, reason: str) -> bool:
    """Sets a faulty event aside; whether there is such an event."""
    update = text("UPDATE faulty_events SET reason = :reason WHERE identity = :identity")
    result = await conn.execute(update, {"reason": reason, "identity": identity})
    return bool(result.rowcount)


async def aside(conn: AsyncConnection) -> dict[bytes, FaultyEvent]:
    """The events that the operator set aside, by identity; there are only ever a few."""
    rows = await conn.execute(text(f"SELECT {FAULTY} FROM faulty_events WHERE reason IS NOT NULL"))
    return {event.identity: event for event in (FaultyEvent(*row) for row in rows)}


def readable(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of the quarantine for people: instants and bytes as texts.

    `detail` is in both languages, except where an earlier version saved it in English only.
    """
    texts = {"came": moments.rfc3339(entry["came"])}
    if entry.get("settled") is not None:
        texts["settled"] = moments.rfc3339(entry["settled"])
    for name, value in entry.items():
        if isinstance(value, bytes):
            texts[name] = value.decode(errors="replace") if name == "raw" else value.hex()
    detail = split_languages(entry["detail"], f"scoring.{entry['reason']}")
    return {**entry, **texts, **members("detail", detail)}
