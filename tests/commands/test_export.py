"""`danchu export`: which file is asked for, where it is written, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.chassis.auth.credentials import write_tokens
from services.cli import app
from services.commands.client import Answer, Client

UNITS = ("H44.1", "H44.2")
Calls = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Calls:
    """What is asked of a scoring that rates two units; the working folder is a fresh one."""
    sent_calls: Calls = []

    async def get(_: Client, path: str, token: str = "", **parameters: Any) -> Answer:
        sent_calls.append((path, {name: value for name, value in parameters.items() if value}))
        if path == "/scoring/ratings":
            items = [{"unit": unit} for unit in UNITS]
            return Answer(200, json.dumps({"items": items, "next": None}).encode())
        if path.endswith("/H44.9"):
            return Answer(404, b"{}")
        if path.endswith(("/H44.1", "/H44.2")):
            return Answer(200, json.dumps({"unit": path.rpartition("/")[2]}).encode())
        if "1999" in path:
            return Answer(409, json.dumps({"detail": "chưa chắc"}).encode())
        return Answer(200, path.encode())

    monkeypatch.setattr(Client, "get", get)
    monkeypatch.chdir(tmp_path)
    write_tokens(tmp_path)
    return sent_calls


def export(*arguments: str) -> Any:
    """Runs the command in this process, on the home in the working folder."""
    return CliRunner().invoke(app, ["export", "--home", ".", *arguments])


def test_a_list_is_written_with_its_filters(calls: Calls) -> None:
    """Named after the year, or as `-o` says; folders are created; JSON names file and size."""
    assert export("--year", "2025", "--format", "xlsx").exit_code == 0
    assert Path("danchu-2025.xlsx").read_bytes() == b"/scoring/ratings/2025.xlsx"
    run = export(
        "--year", "2025", "--format", "csv", "--separator", ";", "--decimal", "comma", "--kind",
        "commune", "--class", "A", "--unit", "hy cuong", "-o", "a/b.csv", "--json",
    )  # fmt: skip
    assert json.loads(run.stdout) == {"files": [{"file": "a/b.csv", "bytes": 25}]}
    assert calls[-1] == ("/scoring/ratings/2025.csv", {
        "separator": ";", "decimal": "comma", "kind": "commune", "class": "A", "q": "hy cuong",
    })  # fmt: skip
    out = export("--year", "2025", "--format", "csv", "-o", "-")
    assert out.stdout == "/scoring/ratings/2025.csv"


def test_the_report_of_the_council_is_one_file_of_the_year(calls: Calls) -> None:
    """Of no unit, and in a language; as nothing else that a list or a sheet takes."""
    assert export("--year", "2025", "--format", "report", "--lang", "en").exit_code == 0
    assert calls == [("/scoring/years/2025/report.pdf", {"lang": "en"})]
    assert Path("danchu-2025-report.pdf").read_bytes() == b"/scoring/years/2025/report.pdf"
    for wrong in (("--unit", "H44.1"), ("--version", "1")):
        assert export("--year", "2025", "--format", "report", *wrong).exit_code == 2
    assert len(calls) == 1


def test_one_sheet_is_a_file_and_several_are_a_folder(calls: Calls) -> None:
    """One unit by its key, all of the year without; all as of the same instant."""
    past = ("--as-of", "2026-01-01T00:00:00Z", "--lang", "en")
    assert export("--year", "2025", "--format", "pdf", "--unit", "H44.1", *past).exit_code == 0
    assert calls[-1][1] == {"as_of": "2026-01-01T00:00:00Z", "lang": "en"}
    assert Path("danchu-2025-H44.1.pdf").read_bytes() == b"/scoring/ratings/2025/H44.1.pdf"
    assert export("--year", "2025", "--format", "pdf", "--version", "2").exit_code == 0
    assert calls[-1][1] == {"version": 2}
    lists = [parameters for path, parameters in calls if path == "/scoring/ratings"]
    assert [parameters.get("version") for parameters in lists] == [2], "units may differ by version"
    files = sorted(path.name for path in Path("danchu-2025").iterdir())
    assert files == [f"danchu-2025-{unit}.pdf" for unit in UNITS]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "pdf", "-o", "-"), "2 sheets"),
        (("--format", "pdf", "--separator", ";"), "--separator"),
        (("--format", "csv", "--lang", "en"), "--lang"),
        (("--format", "doc"), "--format"),
        (("--format", "csv", "--year", "1999"), "chưa chắc"),
        (("--format", "csv", "-o", "."), "."),
    ],
)
def test_what_cannot_be_exported_is_refused_by_name(
    arguments: tuple[str, ...], words: str, calls: Calls
) -> None:
    """Exit code 2, the option or scoring's own sentence, and no file."""
    before = set(Path.cwd().iterdir())
    run = export("--year", "2025", *arguments)
    assert run.exit_code == 2 and words in run.output
    assert set(Path.cwd().iterdir()) == before
