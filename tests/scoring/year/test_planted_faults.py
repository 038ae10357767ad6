"""Faults that are planted in what seals: the verifier, a program of its own, finds each."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from contracts import moments
from services.scoring.year import merkle, notes, seal
from services.scoring.year.keys import SigningKey, VerifierKey
from services.scoring.year.verify.discrepancies import Discrepancy
from services.scoring.year.verify.files import check
from tests.scoring.year.sealed import sealed_city
from tests.support.builders.seals import SealedCity

Patch = Callable[[pytest.MonkeyPatch], None]


def everything(city: SealedCity) -> list[bytes]:
    """The bundle and a proof of the city, by the code that seals."""
    key = seal.salt_key(city.secret, city.year)
    bodies = [json.dumps(event).encode() for event in city.events]
    rated = sorted(city.ratings, key=lambda rating: str(rating["unit"]))
    rubrics = tuple(seal.GoverningRubric(id_, raw) for id_, raw in city.rubrics.items())
    head = seal.YearHead(
        city.year, 1, moments.instant(city.cut), seal.DecisionEntry(*city.decision), rubrics
    )
    entries = seal.event_entries(bodies, key)
    log = seal.year_log(head, entries, [seal.rating_entry(each, key) for each in rated])
    text = log.head(city.origin, head).text
    signers = [SigningKey(each.name, each.seed) for each in city.signers]
    note = notes.Note(text).signed(*(notes.sign(text, each) for each in signers)).encode()
    keys = [each.verifier.encode() for each in signers]
    proof = seal.unit_proof(
        rated[0]["unit"], note, keys, log.tree,
        {i: log.lines[i] for i in (1, 4, len(entries), len(log.lines) - 1)},
    )  # fmt: skip
    return [seal.bundle(note, log.text, rubrics, keys), json.dumps(proof).encode()]


def refusals(city: SealedCity) -> list[str]:
    """What the verifier says of them."""
    codes = []
    for content in everything(city):
        try:
            check(content, city.keys, lambda count, total: None)
        except Discrepancy as difference:
            codes.append(difference.code)
    return codes


def _patched(target: Any, name: str, value: Any) -> Patch:
    return lambda patch: patch.setattr(target, name, value)


def _unsorted(bodies: Any, key: bytes) -> list[Any]:
    return [seal.event_entry(raw, key) for raw in bodies]


def _by_time(bodies: Any, key: bytes) -> list[Any]:
    events = sorted(bodies, key=lambda raw: moments.instant(json.loads(raw)["time"]))
    return [seal.event_entry(raw, key) for raw in events]


def _other_side(tree: merkle.Tree, index: int) -> list[bytes]:
    return ORIGINAL(tree, index ^ 1)


def _reversed(tree: merkle.Tree, index: int) -> list[bytes]:
    return ORIGINAL(tree, index)[::-1]


ORIGINAL = merkle.Tree.inclusion
FAULTS: dict[str, Patch] = {
    "a leaf without its prefix": _patched(
        seal, "leaf_hash", lambda line: hashlib.sha256(line).digest()
    ),
    "a node without its prefix": _patched(
        merkle, "node_hash", lambda left, right: hashlib.sha256(left + right).digest()
    ),
    "nodes in the other order": _patched(
        merkle, "node_hash", lambda left, right: hashlib.sha256(b"\1" + right + left).digest()
    ),
    "a leaf with its line feed": _patched(
        seal, "leaf_hash", lambda line: hashlib.sha256(b"\0" + line + b"\n").digest()
    ),
    "unsorted entries": _patched(seal, "event_entries", _unsorted),
    "entries by time": _patched(seal, "event_entries", _by_time),
    "a proof of the other side": _patched(merkle.Tree, "inclusion", _other_side),
    "a proof from the top": _patched(merkle.Tree, "inclusion", _reversed),
    "blanks in the JSON": _patched(seal, "canonical", lambda value: json.dumps(value).encode()),
    "tracing in the events": _patched(seal, "TRACING", ()),
    "salts of 64 digits": _patched(seal, "SALT_DIGITS", 64),
    "a key id without its type": _patched(
        VerifierKey, "id", property(lambda key: hashlib.sha256(key.name.encode()).digest()[:4])
    ),
    "a signature over the note without its last line feed": _patched(
        notes, "sign", lambda text, key: notes.Signature(
            key.name, key.verifier.id, key.sign(text[:-1].encode())
        )
    ),
    "another day in the ZIP file": _patched(seal, "_ZIP_TIME", (2026, 1, 1, 0, 0, 0)),
    "another mode in the ZIP file": _patched(seal, "_ZIP_MODE", 0o600 << 16),
}  # fmt: skip


@pytest.fixture(scope="module")
def city() -> SealedCity:
    """A small city, an event of which has tracing attributes."""
    small = sealed_city(1, 6, 60)
    events = [dict(event) for event in small.events]
    events[3]["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    return SealedCity(small.year, events, small.ratings, small.rubrics, small.cut, small.guide)


def test_what_is_sealed_without_a_fault_is_accepted(city: SealedCity) -> None:
    """The bundle and the proof."""
    assert refusals(city) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(
    fault: str, city: SealedCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the bundle or in the proof."""
    FAULTS[fault](monkeypatch)
    assert refusals(city) != []


def test_a_salt_of_another_year_is_another(city: SealedCity) -> None:
    """The verifier cannot know salts; the builder, which has the secret, does."""
    key = seal.salt_key(city.secret, city.year)
    assert key == hmac.digest(city.secret, f"danchu-salt\0{city.year}".encode(), "sha256")
    assert key != seal.salt_key(city.secret, city.year + 1)
