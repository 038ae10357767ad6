"""`danchu rate --as-of` and `danchu history`: what is asked, and what is shown of the answers."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from services.chassis.auth.credentials import write_tokens
from services.cli import app
from services.commands.client import Answer, Client
from services.commands.history_table import history_table
from services.scoring.exports.event_labels import event_label

RATING: dict[str, Any] = {
    "unit": "H44.1", "name": "Phường", "kind": "commune", "year": 2025, "total": "81.50",
    "class": "B", "rank": 1, "part_year": False, "reasons": [],
}  # fmt: skip
OTHER = {**RATING, "unit": "H44.2", "name": "Xã khác"}
INSTANT = "2025-12-31T17:00:00+07:00"
UNKNOWN = {
    "status": 409, "code": "scoring.as-of-not-known", "detail": "Chưa chắc. / Not yet.",
    "detail_vi": "Chưa chắc.", "detail_en": "Not yet.", "known_until": "2025-01-01T00:00:00Z",
}  # fmt: skip
TYPE = "vn.danchu.petition.resolved.v1"
SHEET_LINE = {"id": "petitions", "vi": "Giải quyết kiến nghị"}
EMPTY_YEARS = (1950, 1951)
YEARS: dict[str, dict[str, Any]] = {
    "/scoring/years/1950": {
        "status": 404, "code": "scoring.year-unknown", "detail": "Không có. / No rubric.",
        "detail_vi": "Không có.", "detail_en": "No rubric.",
    },
    "/scoring/years/1951": {"status": 200},
}  # fmt: skip
INVALID = {
    "status": 422, "code": "chassis.parameters-wrong", "detail": "Sai. / Wrong.",
    "detail_vi": "Sai.", "detail_en": "Wrong.",
    "errors": [{"field": "as_of", "message_vi": "phải là giờ", "message_en": "must be a time"}],
}  # fmt: skip


def change(number: int) -> dict[str, Any]:
    """A change of the rating; the first one makes it."""
    return {
        "at": f"2025-03-0{number}T00:00:00Z", "before": f"{number - 1}.00", "total": f"{number}.00",
        "class": "D",
        "moved": [
            {"indicator": "petitions", "before": None, "points": "1.00"},
            {"indicator": "not-on-the-sheet", "before": "1.00", "points": "0.00"},
        ],
        "cause": {"source": "/portal", "id": f"e{number}", "type": TYPE},
        "text_vi": "x", "text_en": "y",
    }  # fmt: skip


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """The parameters of what is asked of a scoring with three changes, one a page."""
    requests: list[dict[str, Any]] = []
    write_tokens(tmp_path)
    monkeypatch.chdir(tmp_path)

    async def get(_: Client, path: str, token: str = "", **parameters: Any) -> Answer:
        requests.append({"path": path, **parameters})
        if parameters.get("year") in EMPTY_YEARS:
            return Answer(200, b'{"items": [], "next": null}')
        if path.endswith("/sheet"):
            return Answer(200, json.dumps({"indicators": [SHEET_LINE]}).encode())
        if path in YEARS:
            return Answer(YEARS[path]["status"], json.dumps(YEARS[path]).encode())
        if parameters.get("as_of") == "9999-01-01T00:00:00Z":
            return Answer(409, json.dumps(UNKNOWN).encode())
        if parameters.get("as_of") == "yesterday":
            return Answer(422, json.dumps(INVALID).encode())
        if path.endswith("/history"):
            number = int(parameters["cursor"] or 3)
            page = {"items": [change(number)], "next": str(number - 1) if number > 1 else None}
            return Answer(200, json.dumps(page).encode())
        rated = {**RATING, "as_of": parameters.get("as_of")}
        if parameters.get("q") == "xa":
            return Answer(200, json.dumps({"items": [rated, OTHER], "next": None}).encode())
        if parameters.get("q") == "khong":
            return Answer(200, b'{"items": [], "next": null}')
        body = {"items": [rated], "next": None} if path.endswith("/ratings") else rated
        return Answer(200, json.dumps(body).encode())

    monkeypatch.setattr(Client, "get", get)
    return requests


def danchu(*arguments: str, year: int = 2025) -> Any:
    """Runs the command in this process, on the home in the working folder."""
    return CliRunner().invoke(app, [*arguments, "--year", str(year), "--home", "."])


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_year_that_no_rubric_rates_is_not_found(
    calls: list[dict[str, Any]], options: tuple[str, ...]
) -> None:
    """An empty table would read as if the year had no units; one that has none says that."""
    run = danchu("rate", *options, year=1950)
    assert (run.exit_code, run.stdout) == (2, "")
    assert "Không có." in run.stderr and "No rubric." in run.stderr
    run = danchu("rate", *options, year=1951)
    assert (run.exit_code, run.stdout.strip()) == (0, "[]" if options else "")
    assert "No unit that this token may see is rated in 1951." in run.stderr


def test_a_year_that_has_not_begun_says_so(calls: list[dict[str, Any]]) -> None:
    """All of its units are first with nothing; what a program reads stays as it was."""
    run = danchu("rate", year=9998)
    assert run.exit_code == 0 and "81.50" in run.stdout, run.output
    assert "Năm 9998 bắt đầu từ ngày 01/01/9998" in run.stderr
    assert "9998 begins on 1 Jan 9998" in run.stderr
    ratings = json.loads(danchu("rate", "--json", year=9998).stdout)
    assert [rating["unit"] for rating in ratings] == ["H44.1"]
    assert danchu("rate").stderr == ""


def test_ratings_are_asked_as_of_an_instant(calls: list[dict[str, Any]]) -> None:
    """One unit, a search and the list; what is not known yet is said with the known instant."""
    for words in (("--unit", "H44.1"), ("--unit", "phuong"), ()):
        run = danchu("rate", *words, "--as-of", INSTANT)
        assert run.exit_code == 0, run.output
        assert "81.50" in run.stdout and INSTANT in run.stdout
    assert [call["as_of"] for call in calls] == [INSTANT] * 3
    refused = danchu("rate", "--as-of", "9999-01-01T00:00:00Z")
    assert (refused.exit_code, "Not yet." in refused.stderr) == (2, True)
    refused = danchu("rate", "--as-of", "yesterday")
    assert (refused.exit_code, "- as_of: must be a time" in refused.stderr) == (2, True)


def test_the_history_of_a_unit_is_read_page_by_page(calls: list[dict[str, Any]]) -> None:
    """Newest first, with the event and the lines of each change; `--limit` ends it."""
    run = danchu("history", "--unit", "H44.1")
    assert run.exit_code == 0, run.output
    for text in ("e3", "– →", "3.00"):
        assert text in run.stdout
    assert "\\n" not in run.stdout, "what stands below each other has lines of its own"
    assert [call["cursor"] for call in calls[1:-1]] == [None, "2", "1"]
    answer = json.loads(danchu("history", "--unit", "H44.1", "--limit", "2", "--json").stdout)
    assert answer == {"items": [change(3), change(2)]}
    assert [call["limit"] for call in calls[6:]] == [2, 1]


def test_a_history_names_events_and_indicators_in_words(
    calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the page does; the id of the event stays, and whatever this version has no name for."""
    monkeypatch.setenv("COLUMNS", "200")
    output = danchu("history", "--unit", "H44.1").stdout
    assert "Giải quyết kiến nghị: – → 1.00" in output and "petitions" not in output
    assert (
        event_label(change(3)["cause"]["type"]).vi in output and "petition.resolved" not in output
    )
    assert "e3" in output and "not-on-the-sheet: 1.00 → 0.00" in output
    later = {**change(1), "cause": {"source": "/x", "id": "e9", "type": "vn.danchu.new.thing.v7"}}
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(history_table([later], "H44.1", 2025, {}))
    text = console.export_text()
    assert "vn.danchu.new.thing.v7" in text and "petitions: – → 1.00" in text


def test_the_history_of_a_unit_is_found_by_words_of_its_name(calls: list[dict[str, Any]]) -> None:
    """As `danchu rate` finds it; several matches are named, and none is said."""
    run = danchu("history", "--unit", "phuong")
    assert run.exit_code == 0, run.output
    assert calls[0]["q"] == "phuong" and calls[1]["path"].endswith("/H44.1/history")
    assert "03/03/2025 07:00:00" in run.output and "/portal" not in run.output
    several = danchu("history", "--unit", "xa")
    assert several.exit_code == 2
    assert "H44.1 (Phường), H44.2 (Xã khác)" in several.stderr
    none = danchu("history", "--unit", "khong")
    assert (none.exit_code, "khong" in none.stderr) == (2, True)
