"""Seals built from SEAL.md alone: entries, notes, bundles, proofs and checkpoints.

A program of its own: it shares no code with `services/scoring/year`, spells JSON, base64 and ZIP
itself, and takes the tree by its recursive definition. Only signing is a library's.
"""

from __future__ import annotations

import hmac
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
}


def canonical(value: Any) -> str:
    """Canonical JSON, as section 1 spells it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(map(escaped, value)) + '"'
    if isinstance(value, dict):
        members = (f"{canonical(name)}:{canonical(value[name])}" for name in sorted(value))
        return "{" + ",".join(members) + "}"
    return "[" + ",".join(map(canonical, value)) + "]"


def escaped(character: str) -> str:
    """A character of a text."""
    if character in ESCAPES:
        return ESCAPES[character]
    return f"\\u{ord(character):04x}" if character < " " else character


def base64(raw: bytes) -> str:
    """Standard base64 with padding."""
    return b64encode(raw).decode()


def split_of(size: int) -> int:
    """The largest power of two below the size."""
    split = 1
    while split * 2 < size:
        split *= 2
    return split


class Tree:
    """MTH, PATH and PROOF of RFC 6962 section 2.1, by their definitions."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.leaves = [sha256(b"\x00" + line).digest() for line in lines]
        self.cache: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, end: int) -> bytes:
        """The root over the entries from `start` up to and without `end`."""
        if end - start == 0:
            return sha256(b"").digest()
        if end - start == 1:
            return self.leaves[start]
        if (start, end) not in self.cache:
            middle = start + split_of(end - start)
            both = self.root(start, middle) + self.root(middle, end)
            self.cache[start, end] = sha256(b"\x01" + both).digest()
        return self.cache[start, end]

    def path(self, index: int, start: int, end: int) -> list[bytes]:
        """The audit path of an entry."""
        if end - start == 1:
            return []
        middle = start + split_of(end - start)
        if index < middle:
            return [*self.path(index, start, middle), self.root(middle, end)]
        return [*self.path(index, middle, end), self.root(start, middle)]

    def proof(self, size: int, start: int, end: int, whole: bool = True) -> list[bytes]:
        """SUBPROOF: that the first `size` entries after `start` are a prefix."""
        if size == end - start:
            return [] if whole else [self.root(start, end)]
        split = split_of(end - start)
        if size <= split:
            return [*self.proof(size, start, start + split, whole), self.root(start + split, end)]
        deeper = self.proof(size - split, start + split, end, False)
        return [*deeper, self.root(start, start + split)]


@dataclass(frozen=True)
class Signer:
    """A key that signs notes."""

    name: str
    seed: bytes

    @cached_property
    def private(self) -> Ed25519PrivateKey:
        """The key of the library."""
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def public(self) -> bytes:
        """0x01 and the public key."""
        return b"\x01" + self.private.public_key().public_bytes_raw()

    @cached_property
    def id(self) -> bytes:
        """The key id."""
        return sha256(self.name.encode() + b"\x0a" + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """The verifier key."""
        return f"{self.name}+{self.id.hex()}+{base64(self.public)}"

    @property
    def skey(self) -> str:
        """The private key, as a file has it."""
        seed = base64(b"\x01" + self.seed)
        return f"PRIVATE+KEY+{self.name}+{self.id.hex()}+{seed}"

    def line(self, text: str) -> str:
        """The line of this signature under a text."""
        return f"\u2014 {self.name} {base64(self.id + self.private.sign(text.encode()))}\n"


def signer(origin: str, role: str, number: int = 1) -> Signer:
    """A key of a role, the same for the same name."""
    name = f"{origin}/{role}/{number}"
    return Signer(name, sha256(name.encode()).digest())


def note(log: str, size: int, root: bytes, *signers: Signer) -> str:
    """A signed note."""
    text = f"{log}\n{size}\n{base64(root)}\n"
    return text + "\n" + "".join(each.line(text) for each in signers)


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A ZIP file as section 3 has it: stored, 1980, 0644, nothing more."""
    body, rows, count = b"", b"", 0
    for name, content in files:
        head = struct.pack(
            "<HHHHHIIIHH", 20, 0 if name.isascii() else 0x800, 0, 0, 33, zlib.crc32(content),
            len(content), len(content), len(name.encode()), 0,
        )  # fmt: skip
        rows += b"PK\x01\x02" + struct.pack("<H", 0x314) + head
        rows += struct.pack("<HHHII", 0, 0, 0, 0o644 << 16, len(body)) + name.encode()
        body += b"PK\x03\x04" + head + name.encode() + content
        count += 1
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(rows), len(body), 0)
    return body + rows + b"PK\x05\x06" + end


def when(text: str) -> datetime:
    """The instant of an RFC 3339 text."""
    return datetime.fromisoformat(text)


@dataclass
class SealedCity:
    """What is sealed: events as accepted, ratings as answered, and the decision."""

    year: int
    events: Sequence[Mapping[str, Any]]
    ratings: Sequence[Mapping[str, Any]]
    rubrics: Mapping[str, bytes]
    cut: str
    guide: bytes
    origin: str = "hanoi.example"
    version: int = 1
    decision: tuple[str, str, str] = ("12/QĐ-UBND", "2026-02-01", "Kết thúc kỳ xếp loại")
    reopened: tuple[str, str, str] | None = None
    previous: bytes | None = None
    secret: bytes = b"a secret that never changes"
    signers: tuple[Signer, ...] = ()
    lines: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        roles = ("operator", "auditor")
        self.signers = self.signers or tuple(signer(self.origin, role) for role in roles)
        self.lines = self.lines or self._lines()

    def salt(self, *parts: str) -> str:
        """The salt of an entry."""
        key = hmac.digest(self.secret, f"danchu-salt\0{self.year}".encode(), "sha256")
        return hmac.digest(key, "\0".join(parts).encode(), "sha256").hex()[:32]

    def _lines(self) -> list[bytes]:
        order = sorted(self.events, key=lambda e: (when(e["recordedtime"]), e["source"], e["id"]))
        lines = [
            canonical({
                "entry": "event", "salt": self.salt("event", event["source"], event["id"]),
                "event": {k: v for k, v in event.items() if not k.startswith("trace")},
            })
            for event in order
        ]  # fmt: skip
        for rating in sorted(self.ratings, key=lambda rating: str(rating["unit"])):
            salt = self.salt("rating", rating["unit"])
            lines.append(canonical({"entry": "rating", "rating": dict(rating), "salt": salt}))
        raw = [line.encode() for line in lines]
        return [*raw, canonical(self.year_entry(raw)).encode()]

    def year_entry(self, raw: Sequence[bytes]) -> dict[str, Any]:
        """The last entry, over the lines before it."""
        number, date, reason = self.decision
        names = ("decision", "date", "reason")
        events = len(self.events)
        return {
            "cut": self.cut, "date": date, "decision": number, "entry": "year", "events": events,
            "events_root": base64(Tree(raw[:events]).root(0, events)), "format": 1,
            "previous": None if self.previous is None else base64(self.previous),
            "ratings": len(self.ratings), "reason": reason,
            "reopened": self.reopened and dict(zip(names, self.reopened, strict=True)),
            "rubrics": [
                {"id": id_, "sha256": sha256(self.rubrics[id_]).hexdigest()}
                for id_ in sorted(self.rubrics)
            ],
            "version": self.version, "year": self.year,
        }  # fmt: skip

    @cached_property
    def tree(self) -> Tree:
        """The tree over all lines."""
        return Tree(self.lines)

    @cached_property
    def root(self) -> bytes:
        """The root that is signed."""
        return self.tree.root(0, len(self.lines))

    @cached_property
    def note(self) -> str:
        """The note of the seal."""
        log = f"{self.origin}/{self.year}/v{self.version}"
        return note(log, len(self.lines), self.root, *self.signers)

    @property
    def keys(self) -> list[str]:
        """The verifier keys of those who signed."""
        return [each.vkey for each in self.signers]

    def files(self) -> dict[str, bytes]:
        """The files of the bundle, in their order."""
        return {
            "note": self.note.encode(),
            "entries.ndjson": b"".join(line + b"\n" for line in self.lines),
            **{f"rubrics/{id_}.yaml": self.rubrics[id_] for id_ in sorted(self.rubrics)},
            "keys.txt": "".join(f"{key}\n" for key in self.keys).encode(),
            "VERIFY.md": self.guide,
        }

    def bundle(self) -> bytes:
        """The bundle."""
        return self._bundle

    @cached_property
    def _bundle(self) -> bytes:
        return zipped(self.files().items())

    def proof(self, unit: str, events: Iterable[int] = ()) -> dict[str, Any]:
        """The proof of a unit with these event entries, by their index."""
        tree, size = self.tree, len(self.lines)
        units = sorted(rating["unit"] for rating in self.ratings)
        indices = [*sorted(events), len(self.events) + units.index(unit), size - 1]
        entries = [
            {
                "index": index, "line": self.lines[index].decode(),
                "proof": [base64(each) for each in tree.path(index, 0, size)],
            }
            for index in indices
        ]  # fmt: skip
        return {"unit": unit, "note": self.note, "keys": self.keys, "entries": entries}

    def checkpoints(self, untils: Iterable[tuple[str, int]]) -> dict[str, Any]:
        """Checkpoints over the first event entries: (until, how many) for each."""
        tree, before, items = self.tree, 0, []
        for until, size in untils:
            root = tree.root(0, size)
            log = f"{self.origin}/{self.year}/events"
            proof = tree.proof(before, 0, size) if before else []
            items.append({
                "note": note(log, size, root, self.signers[0]), "size": size,
                "root": base64(root), "until": until,
                "consistency": [base64(each) for each in proof],
            })  # fmt: skip
            before = size
        return {"items": items}
