"""The check of a unit's proof: note, entries, and the way of each to the root (SEAL.md section 3).

It proves that these entries are in the seal, not that no other is.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from services.scoring.year.verify.discrepancies import Discrepancy, require
from services.scoring.year.verify.entries import (
    ClosingEntry,
    EventOrder,
    closing_entry,
    event_order,
    rating_unit,
)
from services.scoring.year.verify.results import Proved
from services.scoring.year.verify.seals import SignedSeal, keys_of, seal_of
from services.scoring.year.verify.signatures import NOTE
from services.scoring.year.verify.texts import (
    canonical,
    hash_of,
    is_count,
    is_text,
    members,
)
from services.scoring.year.verify.tree import leaf, proves_inclusion

MEMBERS = ("unit", "note", "keys", "entries")
PROOF_MAX = 64


def check_proof(answer: dict[str, Any], outside: Sequence[str]) -> Proved:
    """What a unit's proof proves, by these keys or else by its own."""
    members(answer, MEMBERS, "proof")
    unit, note, texts, entries = (answer[name] for name in MEMBERS)
    require(is_text(unit), "member-form", "proof", member="unit", value=unit)
    require(is_text(note), "member-form", "proof", member=NOTE, value=note)
    strings = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    require(strings, "member-form", "proof", member="keys", value=texts)
    several = isinstance(entries, list) and len(entries) > 1
    require(several, "member-form", "proof", member="entries", value=entries)
    own = keys_of(texts, "keys")
    seal = seal_of(note.encode(), own, outside, NOTE)
    for key in seal.keys:
        require(key in own, "key-missing", "keys", key=key.name)
    head = _check_entries(entries, unit, seal)
    return Proved(
        "proof", seal.origin, seal.year, head.size,
        base64.b64encode(seal.text.root).decode(), len(entries),
        tuple(key.text for key in seal.keys), bool(outside), version=seal.version,
        cut=head.cut_text, events=head.events, ratings=head.ratings, unit=unit,
    )  # fmt: skip


def _check_entries(entries: list[Any], unit: str, seal: SignedSeal) -> ClosingEntry:
    """Each entry is in the log, in its place, and the log is that of the note."""
    size = seal.text.size
    values = [_included(entry, seal, f"entries[{n}]") for n, entry in enumerate(entries)]
    indices = [index for index, _ in values]
    for number, (before, after) in enumerate(pairwise(indices), start=1):
        require(before < after, "index-order", f"entries[{number}]", index=after)
    last = f"entries[{len(values) - 1}]"
    require(indices[-1] == size - 1, "year-missing", last, index=size - 1)
    head = closing_entry(values[-1][1], last)
    same = (head.year, head.version, head.size) == (seal.year, seal.version, size)
    require(same, "year-version", last, year=head.year, version=head.version)
    ratings = [n for n, index in enumerate(indices[:-1]) if index >= head.events]
    require(len(ratings) == 1, "rating-missing", "entries", unit=unit)
    rated = rating_unit(values[ratings[0]][1], head, f"entries[{ratings[0]}]")
    require(rated == unit, "other-unit", f"entries[{ratings[0]}]", unit=rated)
    _check_events([value for _, value in values[:-2]], head)
    return head


def _check_events(events: list[Any], head: ClosingEntry) -> None:
    before: EventOrder | None = None
    identities = set()
    for number, entry in enumerate(events):
        place = f"entries[{number}]"
        order = event_order(entry, head.year, head.cut, place)
        names = {"source": order.source, "id": order.id}
        require(order[1:] not in identities, "event-twice", place, **names)
        require(before is None or before < order, "event-order", place, **names)
        identities.add(order[1:])
        before = order


def _included(entry: Any, seal: SignedSeal, place: str) -> tuple[int, Any]:
    """The index and the value of an entry whose proof leads to the root."""
    members(entry, ("index", "line", "proof"), place)
    index, line, proof = entry["index"], entry["line"], entry["proof"]
    size, root = seal.text.size, seal.text.root
    if not is_count(index) or index >= size:
        raise Discrepancy("member-form", place, member="index", value=index)
    require(is_text(line), "member-form", place, member="line", value=line)
    short = isinstance(proof, list) and len(proof) <= PROOF_MAX
    require(short, "member-form", place, member="proof", value=proof)
    hashes = [hash_of(each, place, "proof") for each in proof]
    raw = line.encode()
    holds = proves_inclusion(leaf(raw), index, size, hashes, root)
    require(holds, "inclusion", place, index=index)
    return index, canonical(raw, place)
