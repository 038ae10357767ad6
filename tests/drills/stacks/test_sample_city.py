"""What a newcomer sees of the sample city: on the terminal, and by HTTP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.simulation.scenes import SIGHTS
from tests.support.stacks import SECONDS, Stack

pytestmark = pytest.mark.xdist_group("sample city")
"""Its tests share what takes long to start, so one process runs them."""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack with the sample city."""
    stack = Stack(tmp_path_factory.mktemp("city") / "home")
    stack.process = stack.begin("--port", str(stack.port), COLUMNS="80")
    stack.output = stack.wait("ready.")
    yield stack
    assert stack.stop() == 0


def sheet(city: Stack, unit: str) -> dict[str, Any]:
    """The indicators of a sheet by their id."""
    answer = city.get(f"/ratings/2025/{unit}/sheet")
    return {item["id"]: item for item in answer["indicators"]}


def events(city: Stack, unit: str) -> list[dict[str, Any]]:
    """The events behind a rating."""
    answer: list[dict[str, Any]] = city.get(f"/ratings/2025/{unit}/events?limit=1000")["items"]
    return answer


def reasons(city: Stack, unit: str) -> list[str]:
    """What changed the class of a unit."""
    return [item["kind"] for item in city.get(f"/ratings/2025/{unit}")["reasons"]]


def test_the_table_groups_by_kind_and_marks_parts_of_a_year(city: Stack) -> None:
    """It fits 80 columns; communes come first, those of the whole year before the others."""
    lines = city.output.splitlines()
    table = lines[1 : next(n for n, line in enumerate(lines) if line.startswith("A đến D"))]
    assert max(map(len, table)) <= 80
    places = [next(n for n, line in enumerate(table) if text in line) for text in
              ("communes", "H44.2.5", "H44.1.1 ", "H44.1.9 ", "H44.1.10", "agencies", "H44.3.1",
               "public service units", "enterprises")]  # fmt: skip
    assert places == sorted(places)
    marked = [line for line in table if "một phần năm / part" in line]
    assert len(marked) == 20 and all("–" in line for line in marked)


def test_it_says_where_the_scenes_are_and_how_to_go_on(city: Stack) -> None:
    """Each scene has a unit whose sheet is there; addresses, tokens and logs are named."""
    for vi, en, unit in SIGHTS:
        assert f"{unit}   {vi} / {en}" in city.output
        assert sheet(city, unit)
    assert f"{city.url}/<service>/openapi.json" in city.output and "tokens.json" in city.output


def test_a_merger_with_closing_ratings(city: Stack) -> None:
    """Three communes end with a rating of their part; the new one answers what they began."""
    for old in ("H44.1.12", "H44.1.14", "H44.1.18"):
        rating = city.get(f"/ratings/2025/{old}")
        assert (rating["part_year"], rating["rank"]) == (True, None)
    assert not city.get("/ratings/2025/H44.2.5")["part_year"]
    inherited = [e for e in events(city, "H44.2.5")
                 if e["data"].get("petition") == "H44.1.14/cuoi-cung"]  # fmt: skip
    assert [item["counted"] for item in inherited] == [True]


def test_a_late_publication(city: Stack) -> None:
    """2.2 lost class A by the gate, and the sheet says which item came late."""
    assert "gate" in reasons(city, "H44.2.2")
    disclosure = sheet(city, "H44.2.2")["disclosure"]
    assert disclosure["state"]["late"] == 1 and len(disclosure["late"]) == 1


def test_an_overturned_violation(city: Stack) -> None:
    """3.2 was reprimanded; the overturning is among the events, and nothing is deducted."""
    types = [e["type"] for e in events(city, "H44.3.2") if e["data"].get("case") == "vv-1"]
    assert "vn.danchu.violation.overturned.v1" in types
    rating = city.get("/ratings/2025/H44.3.2")
    assert rating["deduction"] == "0.00" and "ceiling" not in reasons(city, "H44.3.2")


def test_an_exemption_and_a_nil_declaration(city: Stack) -> None:
    """The sheets say in words which meaning of empty applied."""
    assert sheet(city, "H44.4.3")["digital-channels"]["empty"] == "exempt"
    assert sheet(city, "H44.3.1")["violations-handled"]["empty"] == "nil"


def test_the_share_of_the_top_class(city: Stack) -> None:
    """2.1 has the points of class A, and a better commune has the share."""
    rating = city.get("/ratings/2025/H44.2.1")
    assert float(rating["total"]) >= 90 and rating["class"] == "B"
    assert reasons(city, "H44.2.1") == ["share"]


def test_an_event_in_quarantine(city: Stack, tmp_path: Path) -> None:
    """It is listed with its reason, repaired and replayed, and its bytes stay."""
    assert [item["reason"] for item in city.get("/quarantine", "operator")["items"]] == ["contract"]
    (entry,) = json.loads(city.here("quarantine", "list", "--json").stdout)
    event = json.loads(json.loads(city.here("quarantine", "show", entry["id"]).stdout)["raw"])
    event.pop("recordedtime")
    event["data"]["score"] = 5
    (tmp_path / "repaired.json").write_text(json.dumps(event))
    repaired = ["--with", str(tmp_path / "repaired.json"), "--json"]
    replayed = city.run("quarantine", "replay", entry["id"], *repaired)
    assert replayed.returncode == 0, replayed.stderr
    receipt = json.loads(replayed.stdout)["receipt"]
    city.get(f"/ratings/2025/H44.2.1?wait_for={receipt}")
    (entry,) = json.loads(city.here("quarantine", "list", "--json").stdout)
    assert (entry["state"], entry["replaced_by"]) == ("replayed", receipt)


def test_the_lines_of_the_screen_work_as_they_are_printed(city: Stack) -> None:
    """Pasted into a shell: a rating, its sheet by curl with a token, and the quarantine."""
    screen = city.output.splitlines()
    first = next(n for n, line in enumerate(screen) if "paste into another terminal" in line)
    lines = screen[first + 1 : first + 4]
    assert [" rate " in lines[0], "curl" in lines[1], "quarantine list" in lines[2]] == [True] * 3
    for line in lines:
        run = subprocess.run(["bash", "-ec", line], capture_output=True, text=True, timeout=SECONDS)
        assert run.returncode == 0 and run.stdout, (line, run.stderr)
