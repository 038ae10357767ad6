"""What is shown on a terminal is shown and not obeyed, whatever a name or an event holds."""

from __future__ import annotations

import codecs
import io
import json
import logging
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from services.chassis.auth.credentials import write_tokens
from services.chassis.printable import printable, printable_json, printable_line
from services.chassis.telemetry.log_lines import JsonLines
from services.commands import client as asking
from services.commands.client import Answer
from services.commands.emit import Refusal, lines_of, read, role_of, sentence
from services.commands.emit import Report as EmitReport
from services.commands.terminal_tables import ratings_table
from tests.commands.test_cli import danchu
from tests.support.stacks import EVENTS

HOSTILE = [
    "[/]",
    "\\[/]",
    "[bold]x",
    "[link=http://x]y",
    "\x1b[2J\x1b]0;x\x07",
    "a\u202eb",
    "\x9b31m",
]
RATING = {
    "unit": "H44.1", "name": "x", "kind": "commune", "year": 2025, "total": "1.00", "class": "D",
    "rank": 1, "part_year": False, "reasons": [],
}  # fmt: skip


def steers(text: str) -> bool:
    """Whether a text holds a character that a terminal obeys."""
    return any(
        (unicodedata.category(item) in ("Cc", "Cs") and item != "\n") or item in "\u202e\u2066"
        for item in text
    )


@given(st.text())
def test_printable_text_steers_nothing_and_json_reads_back(text: str) -> None:
    """Any text at all: no control character and no override of direction is left."""
    assert not steers(printable(text)) and "\n" not in printable_line(text)
    encoded = printable_json({"text": text})
    assert not steers(encoded) and json.loads(encoded) == {"text": text}


def test_plain_text_is_shown_as_it_is() -> None:
    """Vietnamese letters, marks and signs."""
    text = "Phường Việt Trì (số 1) – “Đúng hạn” 100 %"
    assert printable(text) == text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_table_shows_a_hostile_name(name: str) -> None:
    """Markup of the library is no markup, and colours are not switched by a name."""
    output = io.StringIO()
    console = Console(file=output, width=120)
    hostile = {**RATING, "name": name, "kind": name, "class": name, "unit": name,
               "reasons": [{"kind": name, "from": name, "to": name}]}  # fmt: skip
    console.print(ratings_table([hostile], 2025))
    assert printable_line(name) in output.getvalue() and not steers(output.getvalue())


@pytest.mark.parametrize("name", HOSTILE)
def test_commands_show_what_the_stack_answers(
    name: str, tmp_path: Path, events: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ratings, refusals of the door and its problems, in words and as JSON."""
    write_tokens(tmp_path)
    rating = {**RATING, "name": name}
    receipt = {"id": "1", "status": "refused", "errors": [{"field": name, "message": name}]}
    answers = {
        "/scoring/ratings": {"items": [rating], "next": None},
        "/scoring/ratings/2025/H44.1": rating,
    }  # fmt: skip

    def send(self: Any, method: str, path: str, headers: Any, body: Any) -> Answer:
        status = 202 if method == "POST" else 200
        members: Any = answers.get(path.partition("?")[0])
        if method == "POST":
            members = {"receipts": [receipt] * len(json.loads(body))}
        return Answer(status, json.dumps(members).encode())

    monkeypatch.setattr(asking.Client, "_send", send)
    home = ("--home", str(tmp_path))
    for arguments in (
        ("rate", "--year", "2025"), ("rate", "--year", "2025", "--unit", "H44.1"),
        ("rate", "--year", "2025", "--json"), ("rate", "--year", "2025", "--unit", name),
        ("emit", str(events)), ("emit", str(events), "--json"), ("token", "--role", name),
        ("quarantine", "list", "--state", name), ("recount", name, "--year", "2025"), (name,),
    ):  # fmt: skip
        run = danchu(*arguments, *home)
        assert run.exit_code in (0, 1, 2), (arguments, run.output)
        assert isinstance(run.exception, SystemExit | None), arguments
        assert not steers(run.output), arguments


def lines_read(raw: bytes) -> tuple[list[int], list[Refusal]]:
    """The numbers of the lines that are read, and what is refused."""
    refused: list[Refusal] = []
    return [
        line.number for line in read(lines_of(io.BytesIO(raw)), EmitReport(refused.append))
    ], refused


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_file_of_windows_is_read_by_its_lines(end: bytes) -> None:
    """A mark of the byte order, blank lines and the last line without an end."""
    event = json.dumps(EVENTS[1]).encode()
    raw = codecs.BOM_UTF8 + end.join([event, b"", b"  ", event, b"{", event])
    numbers, refused = lines_read(raw)
    assert numbers == [1, 4, 6] and [item["line"] for item in refused] == [5]
    assert "column 2" in sentence(refused[0]).en
    assert role_of(EVENTS[0]["type"]) == "registrar"


def test_a_file_in_another_encoding_is_refused_once() -> None:
    """Every line of it would be refused in words that help nobody."""
    numbers, refused = lines_read("x\ny\n".encode("utf-16"))
    assert numbers == [] and len(refused) == 1 and "UTF-16" in sentence(refused[0]).en


def test_a_file_of_windows_is_rated_too(tmp_path: Path) -> None:
    """`recount` reads what `emit` reads."""
    file = tmp_path / "events.ndjson"
    text = "\r\n".join(json.dumps(event) for event in EVENTS)
    file.write_bytes(codecs.BOM_UTF8 + text.encode() + b"\r\n")
    run = danchu("recount", str(file), "--year", "2025", "--json")
    assert run.exit_code == 0 and "H44.1" in json.loads(run.output)


def test_a_line_that_is_no_event_is_named_without_a_field(tmp_path: Path) -> None:
    """Its fault is of the whole line; the fault of an event has its field before it."""
    file = tmp_path / "notes.md"
    file.write_text("# Notes\n" + json.dumps({**EVENTS[1], "id": ""}))
    run = danchu("recount", str(file), "--year", "2025")
    first, second = run.stderr.splitlines()[:2]
    assert run.exit_code == 1 and re.match(r"notes\.md:1: [^:\s]", first), first
    assert second.startswith("notes.md:2: id: "), second


def test_a_line_of_log_is_one_line_that_steers_nothing() -> None:
    """Whoever reads the log on a terminal sees the characters and obeys none."""
    for text in HOSTILE:
        record = logging.LogRecord("services.x", logging.INFO, "x", 1, text + "\nnext", None, None)
        line = JsonLines().format(record)
        assert not steers(line) and "\n" not in line
        assert json.loads(line)["message"] == text + "\nnext"
