"""The check of a list of checkpoints: each note, and that each log continues the one before."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from services.scoring.year.verify.discrepancies import Discrepancy, UnreadableFile, require
from services.scoring.year.verify.results import Proved
from services.scoring.year.verify.seals import OPTION, keys_of
from services.scoring.year.verify.signatures import (
    OPERATOR,
    NoteKey,
    NoteText,
    note_text,
    signer,
    signers,
    split_note,
)
from services.scoring.year.verify.texts import hash_of, is_text, members, utc_instant
from services.scoring.year.verify.tree import EMPTY, proves_consistency

MEMBERS = ("note", "size", "root", "until", "consistency")
PROOF_MAX = 128
_ORIGIN = re.compile(r"([^\s+\x00-\x1f\x7f]+)/([1-9][0-9]{3})/events")


class _Item(NamedTuple):
    """A checkpoint of the list, whose note is signed."""

    text: NoteText
    origin: str
    year: int
    until: datetime
    key: NoteKey


def check_checkpoints(answer: dict[str, Any], outside: Sequence[str]) -> Proved:
    """What a list of checkpoints proves, by these keys: it has none of its own."""
    items = answer["items"]
    require(isinstance(items, list), "member-form", "items", member="items", value=items)
    require(len(items) > 0, "no-checkpoints", "items")
    if not outside:
        raise UnreadableFile("checkpoint-keys")
    keys = keys_of(outside, OPTION)
    before, signed = None, dict[str, None]()
    for number, item in enumerate(items):
        before = _check_item(item, before, keys, f"items[{number}]")
        signed[before.key.text] = None
    assert before is not None
    return Proved(
        "checkpoints", before.origin, before.year, before.text.size,
        base64.b64encode(before.text.root).decode(), before.text.size, tuple(signed), True,
        until=items[-1]["until"], checkpoints=len(items),
    )  # fmt: skip


def _check_item(item: Any, before: _Item | None, keys: Sequence[NoteKey], place: str) -> _Item:
    members(item, MEMBERS, place)
    this = _signed(item, keys, place)
    earlier = NoteText(this.text.origin, 0, EMPTY) if before is None else before.text
    require(this.text.origin == earlier.origin, "other-log", place, origin=this.text.origin)
    rises = before is None or before.until <= this.until
    require(rises, "checkpoint-order", place, until=item["until"])
    proof = item["consistency"]
    short = isinstance(proof, list) and len(proof) <= PROOF_MAX
    require(short, "member-form", place, member="consistency", value=proof)
    hashes = [hash_of(each, place, "consistency") for each in proof]
    holds = proves_consistency(earlier.size, earlier.root, this.text.size, this.text.root, hashes)
    require(holds, "consistency", place, before=earlier.size, size=this.text.size)
    return this


def _signed(item: dict[str, Any], keys: Sequence[NoteKey], place: str) -> _Item:
    """The item, whose members say what its note says; the operator signed it."""
    note = item["note"]
    require(is_text(note), "member-form", place, member="note", value=note)
    text, lines = split_note(note.encode(), f"{place}.note")
    content = note_text(text, f"{place}.note")
    match = _ORIGIN.fullmatch(content.origin)
    if match is None:
        raise Discrepancy("note-origin", f"{place}.note:1", value=content.origin)
    signed = signers(text, lines, keys, f"{place}.note")
    key = signer(signed, OPERATOR, match[1], f"{place}.note")
    same = type(item["size"]) is int and item["size"] == content.size
    require(same, "member-form", place, member="size", value=item["size"])
    root = hash_of(item["root"], place, "root")
    require(root == content.root, "member-form", place, member="root", value=item["root"])
    until = utc_instant(item["until"])
    if until is None:
        raise Discrepancy("member-form", place, member="until", value=item["until"])
    return _Item(content, match[1], int(match[2]), until, key)
