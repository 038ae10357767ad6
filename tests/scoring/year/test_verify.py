"""What a seal gives out is verified, and every change of it is found.

Bundles, proofs and checkpoints come from a builder that was written from SEAL.md alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from services.scoring.operations.recomputation import recompute
from services.scoring.year.verify.discrepancies import Discrepancy, UnreadableFile
from services.scoring.year.verify.files import check
from services.scoring.year.verify.results import Proved
from tests.scoring.year.changes import BUNDLE, changed_checkpoints, changed_proof
from tests.scoring.year.sealed import sealed_city
from tests.support.builders.seals import SealedCity, base64

SEEDS = range(4)
UNTILS = [("2026-01-31T17:00:00Z", 5), ("2026-02-28T17:00:00Z", 5), ("2026-03-31T17:00:00Z", 64)]


def silent(count: int, total: int) -> None:
    """Takes the progress of a check and shows it to nobody."""


def proved(content: bytes | dict[str, Any], city: SealedCity, outside: bool = True) -> Proved:
    """What a file proves by the keys of the city, or by its own."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return check(raw, city.keys if outside else [], silent)


def is_refused(content: bytes | dict[str, Any], city: SealedCity) -> bool:
    """Whether a difference is found, or the file cannot be read at all."""
    try:
        proved(content, city)
    except (Discrepancy, UnreadableFile):
        return True
    return False


def place_of(content: bytes | dict[str, Any], city: SealedCity) -> str:
    """Where the first difference is found."""
    with pytest.raises(Discrepancy) as found:
        proved(content, city)
    return found.value.place


@pytest.mark.parametrize("seed", SEEDS)
def test_a_bundle_is_accepted_and_its_ratings_follow_from_its_events(seed: int) -> None:
    """Whoever built it: the page alone says what a seal is."""
    city = sealed_city(seed)
    result = proved(city.bundle(), city)
    assert result.kind == "bundle" and result.outside and list(result.keys) == city.keys
    assert (result.year, result.version, result.origin) == (city.year, 1, city.origin)
    assert (result.size, result.root) == (len(city.lines), base64(city.root))
    assert (result.events, result.ratings) == (len(city.events), len(city.ratings))
    assert not proved(city.bundle(), city, outside=False).outside
    assert recompute(city.bundle(), silent) == len(city.ratings)


def test_a_later_version_is_accepted_with_the_root_before_it() -> None:
    """It says what it replaces, and the decision that reopened the year."""
    first = sealed_city(1)
    later = sealed_city(
        1, version=2, previous=first.root, reopened=("7/QĐ", "2026-05-01", "Có sự kiện muộn")
    )
    assert proved(later.bundle(), later).version == 2
    assert recompute(later.bundle(), silent) == len(later.ratings)
    for wrong in ({"previous": None}, {"reopened": None}):
        parts: dict[str, Any] = {"previous": first.root, "reopened": ("7/QĐ", "2026-05-01", "x")}
        assert is_refused(sealed_city(1, version=2, **(parts | wrong)).bundle(), later)
    assert is_refused(sealed_city(1, previous=first.root).bundle(), first)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_unit_s_proof_is_accepted(seed: int) -> None:
    """With any of its events, also with none."""
    city, rng = sealed_city(seed), Random(seed)
    for rating in city.ratings:
        events = rng.sample(range(len(city.events)), rng.randrange(5))
        result = proved(city.proof(rating["unit"], events), city)
        assert (result.kind, result.unit) == ("proof", rating["unit"])
        assert result.entries == len(events) + 2 and result.root == base64(city.root)
        assert list(proved(city.proof(rating["unit"]), city, outside=False).keys) == city.keys


@pytest.mark.parametrize("seed", SEEDS)
def test_a_list_of_checkpoints_is_accepted_by_the_operator_s_key(seed: int) -> None:
    """Also where two are of the same size; it has no keys of its own."""
    city = sealed_city(seed)
    result = proved(city.checkpoints(UNTILS), city)
    assert (result.kind, result.checkpoints, result.size) == ("checkpoints", 3, 64)
    assert result.keys == (city.keys[0],)
    with pytest.raises(UnreadableFile) as refused:
        proved(city.checkpoints(UNTILS), city, outside=False)
    assert refused.value.code == "checkpoint-keys"


@pytest.mark.parametrize("change", BUNDLE)
def test_every_change_of_a_bundle_is_found(change: Any) -> None:
    """More than a thousand of them, of every kind, against keys from outside."""
    rng = Random(change.__name__)
    for number in range(BUNDLE[change]):
        city = sealed_city(number % 2, 4, 30)
        changed = change(city, rng)
        assert changed != city.bundle()
        assert is_refused(changed, city), (change.__name__, number)


def test_every_change_of_a_proof_or_of_checkpoints_is_found() -> None:
    """A hash, its side, an index, a line, an entry, a key, another past."""
    assert sum(BUNDLE.values()) >= 1000
    rng = Random(12)
    for number in range(150):
        city = sealed_city(number % 2, 4, 30)
        assert is_refused(changed_proof(city, rng), city), number
        assert is_refused(changed_checkpoints(city, rng), city), number


def test_the_first_difference_is_named_by_its_line() -> None:
    """Of a changed line the form, of a missing one what stands in its place, of two the order."""
    city = sealed_city(1)
    raw, events = city.bundle(), len(city.events)
    line = city.lines[6]
    changed = raw.replace(
        line, line.replace(b'"salt":"', b'"salt":"G', 1)[: len(line) - 3] + b'"}}'
    )
    assert place_of(changed, city) == "entries.ndjson:7"
    lines = [*city.lines[:3], city.lines[4], city.lines[3], *city.lines[5:]]
    swapped = raw.replace(b"\n".join(city.lines[3:5]), b"\n".join(lines[3:5]))
    assert place_of(swapped, city) in ("entries.ndjson:5", f"entries.ndjson:1-{events}")
    total = city.ratings[0]["total"].encode()
    other = raw.replace(b'"total":"' + total, b'"total":"' + b"9" * len(total[:-3]) + total[-3:])
    assert place_of(other, city) == f"entries.ndjson:{events + 1}-{len(city.lines)}"


def dishonest(city: SealedCity, rng: Random) -> Iterator[SealedCity]:
    """Seals that both keys signed, although a rating does not follow from the events."""
    fields = {"total": "77.77", "class": "X", "rank": 99, "basic": "1.00", "name": "Another"}
    for name, value in fields.items():
        ratings = [dict(rating) for rating in city.ratings]
        rng.choice(ratings)[name] = value
        yield SealedCity(city.year, city.events, ratings, city.rubrics, city.cut, city.guide)
    ratings = [dict(rating) for rating in city.ratings]
    scores = ratings[0]["scores"]
    ratings[0]["scores"] = {name: scores[name] for name in sorted(scores)[1:]}
    yield SealedCity(city.year, city.events, ratings, city.rubrics, city.cut, city.guide)
    yield SealedCity(city.year, city.events, ratings[1:], city.rubrics, city.cut, city.guide)
    yield SealedCity(
        city.year, city.events, [*city.ratings, {**ratings[1], "unit": "ZZ.1"}], city.rubrics,
        city.cut, city.guide,
    )  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rating_that_does_not_follow_from_the_events_is_named(seed: int) -> None:
    """Its form is right and both keys signed it: only the computation finds it."""
    city = sealed_city(seed)
    for lie in dishonest(city, Random(seed)):
        assert proved(lie.bundle(), lie).ratings == len(lie.ratings)
        with pytest.raises(Discrepancy) as found:
            recompute(lie.bundle(), silent)
        assert found.value.code in ("rating-field", "rating-absent", "rating-foreign")
        units = {rating["unit"] for rating in [*city.ratings, {"unit": "ZZ.1"}]}
        assert found.value.place in units
