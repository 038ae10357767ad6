"""Keys, ids, sources and names: what looks the same is the same, and no person is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import door, moments
from contracts.catalog import fields
from contracts.door import Emitted, Refusal
from contracts.names import names_number
from tests.contracts.examples import KINDS, full
from tests.contracts.hostile import EVENT

NOW = moments.instant("2026-06-01T00:00:00Z")
HIDDEN = (
    "\u00a0", "\u00ad", "\u034f", "\u061c", "\u115f", "\u180e", "\u2003", "\u200b", "\u200d",
    "\u200e", "\u2028", "\u202e", "\u202f", "\u2060", "\u2066", "\u2800", "\u3000", "\u3164",
    "\ufe0f", "\ufeff", "\uffa0", "\U000e0041", "\t", "\n",
)  # fmt: skip


def refused(event: dict[str, Any]) -> dict[str, str]:
    """The faults of an event by field, in English."""
    _, (read,) = door.read(json.dumps(event).encode(), door.SINGLE, NOW)
    return {f.field: f.message.en for f in read.faults} if isinstance(read, Refusal) else {}


def text_fields() -> list[tuple[str, str]]:
    """Every type with each of its fields that is a key, a person or a name."""
    return [
        (name, field.name)
        for name, kind in KINDS.items()
        for field in fields(kind.data).values()
        if kind.roles and (field.kind in ("key", "person") or field.name in ("name", "title", "id"))
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "field"), text_fields())
def test_blanks_at_the_ends_of_a_key_or_name_are_refused_in_its_field(
    name: str, field: str
) -> None:
    """In every type; so is what is nothing but blanks, and a mark that nobody sees."""
    event = full(name)
    value = event["data"][field]
    for changed, why in (
        (f"{value} ", "blanks at its ends"), (f" {value}", "blanks at its ends"),
        ("  ", "nothing but blanks"), (f"{value}\u200b", "does not print"),
    ):  # fmt: skip
        spoiled = {**event, "data": {**event["data"], field: changed}}
        said = refused(spoiled).get(f"data.{field}", "")
        assert why in said or "a unit's key or code" in said, changed


@pytest.mark.parametrize("name", ["id", "source"])
@pytest.mark.parametrize("sign", HIDDEN)
def test_hidden_characters_are_refused_wherever_they_stand(name: str, sign: str) -> None:
    """In id and source as in keys; a blank within them is nobody's fault."""
    for changed in (f"a{sign}", f"{sign}a", f"a{sign}b"):
        assert set(refused({**EVENT, name: changed})) == {name}
        assert set(refused({**EVENT, "data": {**EVENT["data"], "course": changed}})) == {
            "data.course"
        }
    assert refused({**EVENT, name: "a b"}) == {}


def person(key: str) -> dict[str, str]:
    """The faults of a completion of this person."""
    return refused({**EVENT, "data": {**EVENT["data"], "person": key}})


@pytest.mark.parametrize(
    "name", ["Nguyễn Văn A", "NguyenVanA", "le-thi-b", "Nguyễn Văn A 2", "H44.1/TranVanC", "ông"]
)
def test_a_name_of_a_person_is_no_key(name: str) -> None:
    """A key has a digit and no blank; the refusal says what to send."""
    assert "opaque key" in person(name)["data.person"]


@pytest.mark.parametrize(
    "number",
    [
        "012345678901", "123456789", "CCCD 012345678901", "CCCD012345678901", "cccd-012345678901",
        "cccd012345678901",
        "0123-4567-8901", "0123.4567.8901", "0123 4567 8901", "0123/4567/8901", "012345678901-A",
        "nv_012345678901_2021", "٠١٢٣٤٥٦٧٨٩٠١", "H44.1/012345678901", "H44.1/CMND 123456789",
        "so:123-456-789", "０１２３４５６７８９０１",
    ],
)  # fmt: skip
def test_an_identity_number_is_refused_however_it_is_dressed(number: str) -> None:
    """With letters, separators or blanks before, after or between."""
    assert "identity card" in person(number)["data.person"]


@pytest.mark.parametrize(
    "key",
    [
        "p-1", "k-8a31b7", "NV0123", "H44.1.14/k-1", "0198a6b2-7c1e-7d31-9a55-012345678901",
        "1f" * 32, "p123456789abcdefa", "abcd012345678901", "p-abcd123456789012",
        "a1b22c333d444", "20250301", "nv-2025-0017", "đ1",
    ],
)  # fmt: skip
def test_an_opaque_key_is_taken(key: str) -> None:
    """Digests, UUIDs and short keys, whatever digits they have."""
    assert person(key) == {}


@given(st.binary(min_size=32, max_size=32))
def test_a_digest_is_never_taken_for_an_identity_number(digest: bytes) -> None:
    """The keys of the training service are such digests; their letters stand between digits."""
    assert not names_number(digest.hex())


@given(st.integers(0, 10**12 - 1), st.sampled_from(["", " ", "-", ".", "/", "_", ":"]))
def test_twelve_digits_with_any_separator_are_an_identity_number(number: int, sign: str) -> None:
    """Wherever the separators stand."""
    digits = f"{number:012d}"
    assert names_number(sign.join(digits)) and names_number(f"CCCD{sign}{digits}")


def test_every_refusal_of_a_name_is_a_sentence_in_both_languages() -> None:
    """Vietnamese first."""
    raw = json.dumps({**EVENT, "data": {**EVENT["data"], "person": "Lê A", "course": " "}})
    _, (read,) = door.read(raw.encode(), door.SINGLE, NOW)
    assert not isinstance(read, Emitted)
    said = {fault.field: fault.message.vi for fault in read.faults}
    assert "tên người" in said["data.person"] and "dấu cách" in said["data.course"]
