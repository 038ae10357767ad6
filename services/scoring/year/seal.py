"""The sealed set of a year: its entries, their order, and the files that prove them. Pure.

Source: SEAL.md sections 1 to 3. An entry is one line of canonical JSON; its salt keeps the hash of
a neighbour in a proof from being guessed. The log of a year is every event entry, every rating
entry, and one year entry at the end.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from contracts import moments
from contracts.texts import normalise
from services.scoring.year import guide
from services.scoring.year.merkle import Tree, leaf_hash
from services.scoring.year.notes import Head

SALT_DIGITS = 32
RETRACTION = "event.retracted"
TRACING = ("traceparent", "tracestate")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_ZIP_MODE = 0o644 << 16
_ZIP_UNIX = 3
_PARSER = msgspec.json.Decoder(dict[str, Any])


class EventEntry(NamedTuple):
    """An event entry with what orders it, as texts compare by code point; and what finds it.

    `target` are source and id of the event that a retraction names, empty for any other event.
    """

    recorded: int
    source: str
    id: str
    line: bytes
    subject: str
    time: str
    target: tuple[str, ...] = ()


class GoverningRubric(NamedTuple):
    """A rubric of the year: its id, and the bytes of its file."""

    id: str
    raw: bytes

    @property
    def sha256(self) -> str:
        """The digest of the file's bytes, in hexadecimal digits."""
        return hashlib.sha256(self.raw).hexdigest()


class DecisionEntry(NamedTuple):
    """A decision of the council or of the operator about a year."""

    decision: str
    date: str
    reason: str


class YearHead(NamedTuple):
    """What the year entry says besides the counts and the root of the events.

    `cut` is in microseconds. `previous` is the root of the version before, and `reopened` the
    decision that began this version; None for version 1.
    """

    year: int
    version: int
    cut: int
    sealed: DecisionEntry
    rubrics: tuple[GoverningRubric, ...]
    previous: bytes | None = None
    reopened: DecisionEntry | None = None


def canonical(value: Any) -> bytes:
    """Canonical JSON: names by code point, no white space, UTF-8, every text in NFC."""
    line = msgspec.json.encode(value, order="deterministic")
    if line.isascii() or unicodedata.is_normalized("NFC", line.decode()):
        return line
    return msgspec.json.encode(normalise(value), order="deterministic")


def encode_root(root: bytes) -> str:
    """A root as entries, notes and answers spell it."""
    return base64.b64encode(root).decode()


def salt_key(secret: bytes, year: int) -> bytes:
    """The key of a year's salts, from the seal secret."""
    return hmac.digest(secret, f"danchu-salt\0{year}".encode(), "sha256")


def _salt(key: bytes, *parts: str) -> str:
    return hmac.digest(key, "\0".join(parts).encode(), "sha256").hex()[:SALT_DIGITS]


def event_entry(raw: bytes, key: bytes) -> EventEntry:
    """The entry of an event as accepted, from its body on the stream."""
    event = _PARSER.decode(raw)
    for name in TRACING:
        event.pop(name, None)
    source, id_, data = event["source"], event["id"], event["data"]
    line = canonical({"entry": "event", "event": event, "salt": _salt(key, "event", source, id_)})
    target = (data["source"], data["id"]) if f".{RETRACTION}." in event["type"] else ()
    recorded = moments.instant(event["recordedtime"])
    return EventEntry(recorded, source, id_, line, event["subject"], event["time"], target)


def event_entries(bodies: Iterable[bytes], key: bytes) -> list[EventEntry]:
    """The event entries of a set in the order of the log."""
    return sorted(event_entry(raw, key) for raw in bodies)


def rating_entry(members: Mapping[str, Any], key: bytes) -> bytes:
    """The line of a rating, given as the members of its JSON."""
    salt = _salt(key, "rating", members["unit"])
    return canonical({"entry": "rating", "rating": dict(members), "salt": salt})


def year_entry(head: YearHead, events: int, events_root: bytes, ratings: int) -> bytes:
    """The line of the year entry, the last of the log."""
    rubrics = [{"id": each.id, "sha256": each.sha256} for each in sorted(head.rubrics)]
    return canonical({
        "cut": moments.rfc3339(head.cut), "date": head.sealed.date,
        "decision": head.sealed.decision, "entry": "year", "events": events,
        "events_root": encode_root(events_root), "format": guide.FORMAT,
        "previous": None if head.previous is None else encode_root(head.previous),
        "ratings": ratings, "reason": head.sealed.reason,
        "reopened": None if head.reopened is None else head.reopened._asdict(),
        "rubrics": rubrics, "version": head.version, "year": head.year,
    })  # fmt: skip


class Log(NamedTuple):
    """The log of a year: its lines in order, and the tree over them."""

    lines: list[bytes]
    tree: Tree
    events: int

    @property
    def events_root(self) -> bytes:
        """The root over the event entries alone."""
        return self.tree.root(self.events)

    @property
    def ratings(self) -> list[bytes]:
        """The lines of the ratings, by unit key."""
        return self.lines[self.events : -1]

    @property
    def text(self) -> bytes:
        """The content of `entries.ndjson`."""
        return b"".join(line + b"\n" for line in self.lines)

    def head(self, origin: str, head: YearHead) -> Head:
        """What the note of the seal signs."""
        return Head(log_name(origin, head.year, head.version), self.tree.size, self.tree.root())


def log_name(origin: str, year: int, version: int) -> str:
    """The first line of a seal's note."""
    return f"{origin}/{year}/v{version}"


def year_log(head: YearHead, entries: Sequence[EventEntry], ratings: Iterable[bytes]) -> Log:
    """The log of a version, from its event entries in order and its rating lines by unit key."""
    lines = [entry.line for entry in entries]
    lines += ratings
    leaves = [leaf_hash(line) for line in lines]
    events_root = Tree(leaves[: len(entries)]).root()
    lines.append(year_entry(head, len(entries), events_root, len(lines) - len(entries)))
    leaves.append(leaf_hash(lines[-1]))
    return Log(lines, Tree(leaves), len(entries))


def bundle(
    note: str, entries: bytes, rubrics: Iterable[GoverningRubric], keys: Iterable[str]
) -> bytes:
    """The bundle of a seal: a ZIP file with the same bytes for the same version for ever.

    `entries` is the content of `entries.ndjson`.
    """
    files = [("note", note.encode()), ("entries.ndjson", entries)]
    files += [(f"rubrics/{each.id}.yaml", each.raw) for each in sorted(rubrics)]
    files.append(("keys.txt", "".join(f"{key}\n" for key in keys).encode()))
    files.append((guide.NAME, guide.GUIDE))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.external_attr, info.create_system = _ZIP_MODE, _ZIP_UNIX
            archive.writestr(info, content, zipfile.ZIP_STORED)
    return buffer.getvalue()


def unit_proof(
    unit: str, note: str, keys: Sequence[str], tree: Tree, lines: Mapping[int, bytes]
) -> dict[str, Any]:
    """What proves that these lines, by their index, are in the log."""
    entries = [
        {
            "index": index, "line": lines[index].decode(),
            "proof": encode_hashes(tree.inclusion(index)),
        }
        for index in sorted(lines)
    ]  # fmt: skip
    return {"unit": unit, "note": note, "keys": list(keys), "entries": entries}


def encode_hashes(hashes: Iterable[bytes]) -> list[str]:
    """The hashes of a proof, as answers spell them."""
    return [base64.b64encode(each).decode() for each in hashes]
