"""The audit of seals and checkpoints: the ledger as it is now against what was signed.

Each difference names the first entry that is not as it was. The signatures are checked too, so
that a root that was exchanged together with the hashes is found.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from contracts import moments
from contracts.envelope import decode
from contracts.messages import Message
from contracts.ratings import YearCheckpointedV1
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.messages import message
from services.scoring.queries import seal_sets
from services.scoring.sealing.files import SealPending, SealUnknown, draft_set, sealed_set
from services.scoring.sealing.keyring import Keyring
from services.scoring.sealing.restoration import lacking
from services.scoring.sealing.sets import event_entries, year_log
from services.scoring.store import seals, stages
from services.scoring.store.seals import CheckpointRow, SealRow
from services.scoring.year import checkpoints, notes
from services.scoring.year.keys import VerifierKey
from services.scoring.year.merkle import Tree, first_difference, leaf_hash
from services.scoring.year.notes import Head
from services.scoring.year.seal import EventEntry, encode_hashes, log_name


async def seal_differences(db: Database, keyring: Keyring) -> list[Message]:
    """The differences of all seals and checkpoints, one sentence each; empty without any."""
    async with db.read() as conn:
        sealed = await seals.seals(conn)
        kept = await seals.checkpoints(conn)
        drafted = await seals.pending_since(conn)
        missing = await lacking(conn)
    if not sealed and not kept and not missing and not drafted:
        return []
    if keyring.secret is None:
        return [message("seal-secret-missing")]
    lines = [message("differs-seal-missing", number=missing)] if missing else []
    keys = [each.key for each in keyring.listed()]
    for row in sealed:
        lines += [line async for line in _seal(db, keyring, keys, row)]
    for year in drafted:
        lines += [line async for line in _draft(db, keyring, keys, year)]
    for year in sorted({row.year for row in kept}):
        of_year = [row for row in kept if row.year == year]
        lines += [line async for line in _checkpoints(db, keyring, keys, of_year)]
    return lines


async def _seal(
    db: Database, keyring: Keyring, keys: Sequence[VerifierKey], row: SealRow
) -> AsyncIterator[Message]:
    name = log_name(keyring.origin, row.year, row.version)
    head = Head(name, row.size, row.root)
    fault = note_fault(row.note, head, keys, 2)
    if fault is not None:
        yield message("differs-seal-note", log=name, why=fault)
    async with db.read() as conn:
        if (await stages.load(conn, row.year)).seal_of(row.version) is None:
            yield message("differs-seal-decision", log=name)
            return
        try:
            content = await sealed_set(conn, row.year, row.version)
        except (SealPending, SealUnknown) as error:  # since the audit listed the seals
            yield error.message
            return
        leaves = await seals.leaves(conn, row.year, row.version)
    assert keyring.secret is not None
    entries = await event_entries(db, keyring.secret, row.year, row.cut)
    log = await year_log(content.head, entries, content.ratings)
    names = [*map(_event_name, entries), *(rating.unit for rating in content.ratings), "year"]
    place = first_difference(log.tree.leaves, leaves)
    if place is not None:
        yield _entry_difference(name, place, names)
    elif log.tree.root() != row.root:
        yield message("differs-seal-root", log=name)
    elif fault is None and (log.events, log.events_root, _signers(row, keys)) != (
        row.events, row.events_root, row.keys,
    ):  # fmt: skip
        yield message("differs-seal-row", log=name)


async def _draft(
    db: Database, keyring: Keyring, keys: Sequence[VerifierKey], year: int
) -> AsyncIterator[Message]:
    """A draft against the ledger, the ratings that it would seal, and the operator's signature."""
    async with db.read() as conn:
        row = await seals.draft(conn, year)
        if row is None:  # it was sealed or dropped since the audit listed it
            return
        content = await draft_set(conn, year, keyring)
    assert keyring.secret is not None
    name = log_name(keyring.origin, year, row.version)
    head = Head(name, row.size, row.root)
    fault = note_fault(content.note, head, keys, 0 if row.signature is None else 1)
    if fault is not None:
        yield message("differs-seal-note", log=name, why=fault)
    entries = await event_entries(db, keyring.secret, year, row.cut)
    log = await year_log(content.head, entries, content.ratings)
    if (log.tree.root(), log.tree.size, log.events, log.events_root) != (
        row.root, row.size, row.events, row.events_root,
    ):  # fmt: skip
        yield message("differs-draft", log=name)


def _signers(row: SealRow, keys: Sequence[VerifierKey]) -> tuple[str, ...]:
    return tuple(key.encode() for key in notes.signers(notes.parse(row.note), keys))


async def _checkpoints(
    db: Database, keyring: Keyring, keys: Sequence[VerifierKey], rows: Sequence[CheckpointRow]
) -> AsyncIterator[Message]:
    year = rows[0].year
    name = checkpoints.log_name(keyring.origin, year)
    async with db.read() as conn:
        leaves = await seals.checkpoint_leaves(conn, year)
        events = map(decode, await seal_sets.checkpoint_events(conn, year))
        announced = {event.event.data.note: event.event.data for event in events}
    assert keyring.secret is not None
    entries = await event_entries(db, keyring.secret, year, rows[-1].until)
    tree = await asyncio.to_thread(lambda: Tree(leaf_hash(entry.line) for entry in entries))
    place = first_difference(tree.leaves, leaves)
    if place is not None:
        yield _entry_difference(name, place, [_event_name(entry) for entry in entries])
    for before, row in zip((0, *(row.size for row in rows)), rows, strict=False):
        fault = note_fault(row.note, Head(name, row.size, row.root), keys, 1)
        if fault is not None:
            yield message("differs-seal-note", log=name, why=fault)
        elif place is None and (row.size > tree.size or tree.root(row.size) != row.root):
            yield message("differs-seal-root", log=name)
        elif place is None and not _is_as_made(row, tree, before, announced.get(row.note)):
            yield message("differs-checkpoint-row", log=name, until=moments.rfc3339(row.until))


def _is_as_made(
    row: CheckpointRow, tree: Tree, before: int, announced: YearCheckpointedV1 | None
) -> bool:
    """Whether instant and proof of a checkpoint are those that were made and announced.

    Its event may not have come back by the stream yet.
    """
    if announced is not None and moments.instant(announced.until) != row.until:
        return False
    proof = tree.consistency(before, row.size) if before <= row.size else None
    return proof is not None and tuple(encode_hashes(proof)) == row.consistency


def _entry_difference(log: str, place: int, names: Sequence[str]) -> Message:
    """The sentence on the first entry that is not as it was; `names` are those of the entries."""
    now = names[place] if place < len(names) else "-"
    return message("differs-seal-entry", log=log, place=place, entry=now)


def _event_name(entry: EventEntry) -> str:
    return f"{entry.source} {entry.id}"


def note_fault(
    text: str, head: Head, keys: Sequence[VerifierKey], signatures: int
) -> Message | None:
    """Why a stored note is not one of this head by so many listed keys; None where it is."""
    try:
        note = notes.parse(text)
        if notes.parse_head(note.text) != head:
            return message("note-other-head")
        if len({key.public for key in notes.signers(note, keys)}) < signatures:
            return message("note-signers-few", number=signatures)
    except DanchuError as error:
        return error.message
    return None
