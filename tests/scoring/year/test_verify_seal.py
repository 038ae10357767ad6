"""The seal's own program gives the bytes of the independent builder, and its guide is true."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from contracts import moments
from services.scoring.year import notes, seal
from services.scoring.year.guide import GUIDE
from services.scoring.year.keys import parse_signer
from services.scoring.year.verify.bundle import GUIDES
from services.scoring.year.verify.files import check
from tests.scoring.year.sealed import sealed_city
from tests.support.builders.seals import SealedCity, zipped


def head_of(city: SealedCity) -> seal.YearHead:
    """What the year entry of the city says."""
    rubrics = tuple(seal.GoverningRubric(id_, raw) for id_, raw in city.rubrics.items())
    return seal.YearHead(
        city.year, city.version, moments.instant(city.cut), seal.DecisionEntry(*city.decision),
        rubrics, city.previous, city.reopened and seal.DecisionEntry(*city.reopened),
    )  # fmt: skip


def sealed_by_us(city: SealedCity) -> tuple[seal.Log, str]:
    """The same inputs, as the service seals them."""
    key = seal.salt_key(city.secret, city.year)
    entries = seal.event_entries((json.dumps(event).encode() for event in city.events), key)
    rated = sorted(city.ratings, key=lambda rating: str(rating["unit"]))
    ratings = [seal.rating_entry(rating, key) for rating in rated]
    log = seal.year_log(head_of(city), entries, ratings)
    text = log.head(city.origin, head_of(city)).text
    signatures = [notes.sign(text, parse_signer(each.skey)) for each in city.signers]
    return log, notes.Note(text).signed(*signatures).encode()


@pytest.mark.parametrize("seed", range(3))
def test_the_service_seals_the_bytes_of_the_builder(seed: int) -> None:
    """Two programs that followed the page come to the same lines, note, bundle and proofs."""
    city = sealed_city(seed)
    log, note = sealed_by_us(city)
    assert log.lines == city.lines
    assert note == city.note
    assert seal.bundle(note, log.text, head_of(city).rubrics, city.keys) == city.bundle()
    unit = city.ratings[0]["unit"]
    theirs = city.proof(unit, (1, 3))
    lines = {entry["index"]: city.lines[entry["index"]] for entry in theirs["entries"]}
    assert seal.unit_proof(unit, note, city.keys, log.tree, lines) == theirs


def test_the_guide_is_a_constant_of_the_format() -> None:
    """A bundle has the same bytes for ever: who changes the text begins a new format."""
    assert sha256(GUIDE).hexdigest() == GUIDES[1]
    for line in GUIDE.decode().splitlines():
        assert line == line.rstrip()


def test_the_program_in_the_guide_checks_a_bundle_without_danchu(tmp_path: Path) -> None:
    """It stands in each bundle, needs Python alone, and finds a changed rating or rubric."""
    (program,) = re.findall(r"```python\n(.*?)```", GUIDE.decode(), re.S)
    (tmp_path / "check.py").write_text(program, encoding="utf-8")
    city = sealed_city(1)

    def run(bundle: bytes) -> subprocess.CompletedProcess[str]:
        (tmp_path / "seal.zip").write_bytes(bundle)
        command = [sys.executable, "-I", "check.py", "seal.zip"]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )

    result = run(city.bundle())
    assert result.returncode == 0, result.stderr
    assert check(city.bundle(), city.keys, lambda count, total: None).root in result.stdout
    for key in city.keys:
        assert f"signed by {key}\n" in result.stdout
    stranger = sealed_city(3)
    files = city.files() | {"note": stranger.note.encode()}
    assert run(zipped(files.items())).returncode == 1
