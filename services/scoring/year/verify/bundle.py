"""The check of a bundle: files, note, entries, root, rubrics, keys (SEAL.md sections 1 to 3)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from services.scoring.year.verify.archive import ArchivePart, Content, check_sum, parts
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
from services.scoring.year.verify.texts import canonical
from services.scoring.year.verify.tree import leaf, root_of_leaves

ENTRIES, RUBRICS, KEYS, GUIDE = "entries.ndjson", "rubrics/", "keys.txt", "VERIFY.md"
SUFFIX = ".yaml"
GUIDES = {1: "9fe000e9dca4c60a9d137b2df4268b7eb16bfb1027d251c1e0e736b4f2145e52"}
"""The SHA-256 of VERIFY.md, by format."""
LINE_MAX = 16 * 2**20
SMALL_MAX = 2**20
STEP = 1000
Step = Callable[[int, int], None]
"""Called with the number of entries that were checked, and of all."""


def check_bundle(data: Content, outside: Sequence[str], step: Step, draft: bool = False) -> Proved:
    """What the bundle proves, by these keys or else by its own; Discrepancy where it does not.

    The bundle of a draft may lack signatures, and the keys of those.
    """
    files = parts(data)
    note, log, rubrics, keys, guide = _by_name(files)
    own = keys_of(_key_lines(_small(data, keys), draft), KEYS)
    seal = seal_of(_small(data, note), own, outside, NOTE, draft)
    head = _head(data, log, seal)
    _check_entries(data, log, head, seal, step)
    _check_rubrics(data, rubrics, head)
    signed = tuple(key.text for key in seal.keys)
    require([key.text for key in own] == list(signed), "keys-order", KEYS)
    require(sha256(_small(data, guide)).hexdigest() == GUIDES[1], "guide", GUIDE)
    for part in files:
        check_sum(data, part)
    return Proved(
        "bundle", seal.origin, seal.year, head.size, _base64(seal.text.root), head.size,
        signed, bool(outside), version=seal.version, cut=head.cut_text, events=head.events,
        ratings=head.ratings, draft=draft,
    )  # fmt: skip


def _by_name(
    files: list[ArchivePart],
) -> tuple[ArchivePart, ArchivePart, list[ArchivePart], ArchivePart, ArchivePart]:
    """The files of a bundle, which stand in their order."""
    rubrics = files[2:-2]
    fixed = [NOTE, ENTRIES, *(part.name for part in rubrics), KEYS, GUIDE]
    for part, name in zip(files, fixed, strict=False):
        require(part.name == name, "file", part.name, name=name)
    require(len(files) > 4, "files", "ZIP")
    names = [part.name for part in rubrics]
    for number, name in enumerate(names):
        form = name.startswith(RUBRICS) and name.endswith(SUFFIX)
        require(form, "file", name, name=f"{RUBRICS}…{SUFFIX}")
        require(not number or _id(names[number - 1]) < _id(name), "file-order", name)
    return files[0], files[1], rubrics, files[-2], files[-1]


def _id(name: str) -> str:
    return name.removeprefix(RUBRICS).removesuffix(SUFFIX)


def _small(data: Content, part: ArchivePart) -> bytes:
    require(part.end - part.start <= SMALL_MAX, "file-long", part.name)
    return part.content(data)


def _key_lines(content: bytes, draft: bool) -> list[str]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Discrepancy("keys", KEYS) from None
    lines = text.split("\n")
    require(lines.pop() == "" and (len(lines) == 2 or (draft and len(lines) < 2)), "keys", KEYS)
    return lines


def _head(data: Content, log: ArchivePart, seal: SignedSeal) -> ClosingEntry:
    """The entry of the year, which is the last line, and agrees with the note."""
    require(log.end > log.start and data[log.end - 1 : log.end] == b"\n", "last-line", ENTRIES)
    start = max(data.rfind(b"\n", log.start, log.end - 1) + 1, log.start)
    place = f"{ENTRIES}:{seal.text.size}"
    require(log.end - start <= LINE_MAX, "line-long", place)
    head = closing_entry(canonical(data[start : log.end - 1], place), place)
    same = (head.year, head.version) == (seal.year, seal.version)
    require(same, "year-version", place, year=head.year, version=head.version)
    require(head.size == seal.text.size, "size", place, size=seal.text.size,
            events=head.events, ratings=head.ratings)  # fmt: skip
    return head


class BundleContent(NamedTuple):
    """What a checked bundle holds: its last entry, and the lines and files that it speaks of."""

    head: ClosingEntry
    events: Iterator[bytes]
    ratings: Iterator[bytes]
    rubrics: dict[str, bytes]


def content_of(data: Content) -> BundleContent:
    """The content of a bundle that was checked before, or whose entries have their form."""
    _, log, rubrics, _, _ = _by_name(parts(data))
    start = data.rfind(b"\n", log.start, log.end - 1) + 1
    head = closing_entry(canonical(data[max(start, log.start) : log.end - 1], ENTRIES), ENTRIES)
    return BundleContent(
        head, islice(entry_lines(data, log), head.events),
        islice(entry_lines(data, log), head.events, head.size - 1),
        {part.name: part.content(data) for part in rubrics},
    )  # fmt: skip


def entry_lines(data: Content, log: ArchivePart) -> Iterator[bytes]:
    """The lines of the log without their line feeds."""
    position, number = log.start, 0
    while position < log.end:
        number += 1
        end = data.find(b"\n", position, log.end)
        require(0 <= end <= position + LINE_MAX, "line-long", f"{ENTRIES}:{number}")
        yield data[position:end]
        position = end + 1


def _check_entries(
    data: Content, log: ArchivePart, head: ClosingEntry, seal: SignedSeal, step: Step
) -> None:
    """Every line in its form and order, and the two roots over them."""
    leaves: list[bytes] = []
    order = _Sequence(head)
    for number, line in enumerate(entry_lines(data, log), start=1):
        require(number <= head.size, "lines", ENTRIES, size=head.size)
        if number < head.size:
            order.take(number, line)
        leaves.append(leaf(line))
        if number % STEP == 0:
            step(number, head.size)
    require(len(leaves) == head.size, "lines", ENTRIES, size=head.size)
    events = f"{ENTRIES}:1-{head.events}" if head.events else ENTRIES
    same = root_of_leaves(leaves[: head.events]) == head.events_root
    require(same, "events-root", events, events=head.events)
    root = root_of_leaves(leaves)
    rest = f"{ENTRIES}:{head.events + 1}-{head.size}"
    require(root == seal.text.root, "root", rest, root=_base64(root),
            note=_base64(seal.text.root))  # fmt: skip


class _Sequence:
    """The order of the entries: events, then ratings, each greater than the one before."""

    def __init__(self, head: ClosingEntry) -> None:
        self.head = head
        self.event: EventOrder | None = None
        self.unit = ""
        self.identities: set[tuple[str, str]] = set()

    def take(self, number: int, line: bytes) -> None:
        """The next entry; Discrepancy where it has not the form or the place that it must have."""
        place = f"{ENTRIES}:{number}"
        entry = canonical(line, place)
        kind = "event" if number <= self.head.events else "rating"
        same = isinstance(entry, dict) and entry.get("entry") == kind
        require(same, "entry-kind", place, kind=kind)
        if kind == "event":
            self._event(event_order(entry, self.head.year, self.head.cut, place), place)
        else:
            unit = rating_unit(entry, self.head, place)
            require(self.unit < unit, "rating-order", place, unit=unit)
            self.unit = unit

    def _event(self, order: EventOrder, place: str) -> None:
        identity = (order.source, order.id)
        if identity in self.identities:
            raise Discrepancy("event-twice", place, source=order.source, id=order.id)
        self.identities.add(identity)
        if self.event is not None and not self.event < order:
            raise Discrepancy("event-order", place, source=order.source, id=order.id)
        self.event = order


def _check_rubrics(data: Content, rubrics: list[ArchivePart], head: ClosingEntry) -> None:
    """The files are those of the year's entry, with the digests that stand there."""
    ids = [_id(part.name) for part in rubrics]
    for id_ in head.rubrics:
        require(id_ in ids, "rubric-missing", f"{RUBRICS}{id_}{SUFFIX}")
    for id_, part in zip(ids, rubrics, strict=True):
        require(id_ in head.rubrics, "rubric-unknown", part.name)
        digest = sha256(_small(data, part)).hexdigest()
        require(digest == head.rubrics[id_], "rubric-digest", part.name, digest=digest)


def _base64(root: bytes) -> str:
    return base64.b64encode(root).decode()
