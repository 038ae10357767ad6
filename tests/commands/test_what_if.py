"""`danchu whatif`: rubric files tried on a year, for people and for programs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli import app
from services.commands.client import Answer, Client
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.scoring.folding import folding
from tests.scoring.test_road import due, published, registered
from tests.support.builders.cities import accepted

COMMUNE, AGENCY = (SHIPPED / f"viet-tri-2025-{kind}.yaml" for kind in ("commune", "agency"))
CITY = [registered("H44.1"), registered("H44.2", kind="agency"), registered("H44.3"),
        due("H44.1", "a"), published("H44.1", "a"), due("H44.3", "a")]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose scoring has folded three units."""
    folder = tmp_path_factory.mktemp("home")

    async def fold() -> None:
        async with folding(f"sqlite:///{folder / 'scoring.db'}", load_directory(SHIPPED)) as made:
            await made.fold(accepted(CITY))

    asyncio.run(fold())
    return folder


def whatif(home: Path, *arguments: object) -> Any:
    """Runs the command in this process."""
    words = ["whatif", "--year", "2025", "--home", home, *arguments]
    return CliRunner().invoke(app, list(map(str, words)), env={"DANCHU_HOME": str(home)})


def other_rules(folder: Path) -> Path:
    """The rubric of communes with other rules of what has to be made public."""
    file = folder / "other.yaml"
    rule = "{set: disclosure.published, key: item}"
    file.write_text(COMMUNE.read_text("utf-8").replace(rule, rule.replace("}", ", where: {channel: "
                    "board}}")), "utf-8")  # fmt: skip
    return file


def test_the_answer_is_a_table_and_a_sentence_for_people(home: Path, tmp_path: Path) -> None:
    """The units that change with the indicators that do it, and how many rise and fall."""
    run = whatif(home, "--rubric", other_rules(tmp_path))
    assert run.exit_code == 0, run.output
    assert "→ 0.00" in run.stdout and "disclosure -12.00" in run.stdout
    assert "H44.2" not in run.stdout
    assert "Units that rise: 1, fall: 1" in run.stdout and "1 đơn vị giảm" in run.stdout


def test_the_answer_for_programs_is_that_of_the_interface(home: Path, tmp_path: Path) -> None:
    """Several files, each after its own option or all after one."""
    file = other_rules(tmp_path)
    for files in (("--rubric", file, "--rubric", AGENCY), ("--rubric", file, AGENCY)):
        run = whatif(home, *files, "--json")
        assert run.exit_code == 0, run.output
        answer = json.loads(run.stdout)
        assert len(answer["rubrics"]) == 2 and answer["rubrics"][0]["kinds"] == ["commune"]
        assert answer["falls"] == ["H44.1"] and answer["events"] == 3
        assert {item["unit"] for item in answer["items"]} == {"H44.1", "H44.2", "H44.3"}


def test_a_rubric_with_a_fault_is_told_by_file_and_line(home: Path, tmp_path: Path) -> None:
    """Exit code 1; a file that is not there and too many files are a wrong command line."""
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text(COMMUNE.read_text("utf-8").replace("maximum:", "maximun:"), "utf-8")
    run = whatif(home, "--rubric", AGENCY, "--rubric", faulty)
    assert run.exit_code == 1 and "faulty.yaml:" in run.stderr and "maximun" in run.stderr
    assert whatif(home, "--rubric", tmp_path / "none.yaml").exit_code == 2
    assert whatif(home, *(["--rubric", AGENCY] * 9)).exit_code == 2
    assert whatif(tmp_path / "nowhere", "--rubric", AGENCY).exit_code == 2


def test_a_running_stack_is_asked_where_its_address_is_named(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same answer by HTTP; what it refuses is told by field, with exit code 2."""
    sent: list[tuple[Any, ...]] = []
    error = {"field": "rubrics.0", "line": 3, "message_vi": "dòng 3: x", "message_en": "line 3"}
    answers = [Answer(200, b'{"items": [1]}'),
               Answer(422, json.dumps({"detail": "x", "errors": [error]}).encode())]  # fmt: skip

    async def post(self: Client, *request: Any) -> Answer:
        sent.append((self.url, *request))
        return answers[len(sent) - 1]

    monkeypatch.setattr(Client, "post", post)
    words = ("--rubric", AGENCY, "--url", "http://127.0.0.1:9", "--token", "t", "--json")
    run = whatif(home, *words)
    assert run.exit_code == 0 and json.loads(run.stdout) == {"items": [1]}
    url, path, body, content_type, token = sent[0]
    assert (url, path, token) == ("http://127.0.0.1:9", "/scoring/whatif", "t")
    assert content_type == "application/json"
    assert json.loads(body) == {"year": 2025, "rubrics": [AGENCY.read_text("utf-8")]}
    run = whatif(home, *words)
    assert run.exit_code == 2 and "rubrics.0: dòng 3: x" in run.stderr
