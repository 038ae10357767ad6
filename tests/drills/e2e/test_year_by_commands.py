"""A year that is played through the systems of record is rated as the same year of events."""

from __future__ import annotations

import io
import json
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest
from ruamel.yaml import YAML

from services.scoring.rubrics.loader import SHIPPED
from tests.drills.e2e.doors import Doors
from tests.drills.e2e.played import CANARY, UNITS, YEAR, Desks, Year
from tests.oracle import rate
from tests.support.builders.cities import compared
from tests.support.stacks import Stack, eventually


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A running stack without any unit."""
    made = Stack(tmp_path / "home")
    made.up()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop(signal.SIGKILL)


SEED = 1


def shipped() -> list[Any]:
    """The shipped rubrics as the oracle reads them."""
    yaml = YAML(typ="safe", pure=True)
    return [yaml.load(path) for path in sorted(SHIPPED.glob("*.yaml"))]


def exported(stack: Stack, folder: Path) -> str:
    """All texts of the CSV, the XLSX and every sheet, as the command line writes them."""
    texts = []
    for form in ("csv", "xlsx", "pdf"):
        place = folder / (form if form == "pdf" else f"list.{form}")
        command = ("export", "--year", str(YEAR), "--format", form, "-o", str(place), "--json")
        run = stack.here(*command)
        assert run.returncode == 0, run.stderr
        for written in json.loads(run.stdout)["files"]:
            raw = Path(written["file"]).read_bytes()
            assert len(raw) == written["bytes"]
            texts += _texts(raw)
    return " ".join(" ".join(texts).split())


def _texts(raw: bytes) -> list[str]:
    if raw.startswith(b"%PDF"):
        return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(raw)).pages]
    if raw.startswith(b"PK"):
        parts = zipfile.ZipFile(io.BytesIO(raw))
        return [parts.read(name).decode() for name in parts.namelist()]
    return [raw.decode()]


def test_a_year_played_by_commands_is_rated_as_the_same_year_emitted(
    stack: Stack, tmp_path: Path
) -> None:
    """Training, awards and violations by their desks, the rest by the door: equal hundredths.

    No name, and no text that the systems of record keep, is in any file that leaves danchu.
    """
    tokens = json.loads((stack.home / "tokens.json").read_text())
    year, doors = Year(SEED), Doors(stack.home, stack.url)
    door = year.by_the_door()
    doors.by_http(door)
    with httpx.Client(base_url=stack.url, timeout=60) as client:
        desks = Desks(client, tokens)
        year.play(desks)
        headers = {"authorization": f"Bearer {tokens['hr']}"}

        def rated() -> dict[str, Any]:
            asked: dict[str, str | int] = {
                "year": YEAR,
                "limit": 1000,
                "wait_for": ",".join(desks.receipts[-50:]),
            }
            page = client.get("/scoring/ratings", params=asked, headers=headers)
            return {one["unit"]: one for one in page.raise_for_status().json()["items"]}

        eventually(lambda: stack.get("/lag", "operator")["events"] == 0)
        found = rated()
    expected = rate([*door, *year.hand.events], shipped(), YEAR)
    assert found.keys() == UNITS.keys()
    assert compared(found) == compared(expected)
    texts = exported(stack, tmp_path)
    assert all(unit in texts for unit in UNITS)
    assert CANARY not in texts and CANARY.upper() not in texts and "-CB-" not in texts
    assert stack.here("audit").returncode == 0
