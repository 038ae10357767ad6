"""`danchu year`: what is asked and sent, and what a refusal says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.chassis.auth.credentials import write_tokens
from services.cli import app
from services.commands.client import Answer, Client, tokens

Calls = list[tuple[str, str, Any]]
PAPER = ("--decision", "15/NQ-HĐND", "--date", "2026-01-15", "--reason", "Công bố")
BODY = {"decision": "15/NQ-HĐND", "date": "2026-01-15", "reason": "Công bố"}
YEAR: dict[str, Any] = {
    "year": 2025, "stage": "open", "stage_vi": "Đang mở", "stage_en": "Open", "version": 1,
    "rubrics": [], "cut_off": None, "reply_until": None, "late": 0, "possible": [],
    "undecided": [{"unit": "H44.1", "appeal": "kn-1", "year_missing": True}], "draft": None,
    "seals": [{"version": 1, "root": "AAAA", "size": 3, "cut": "2026-01-20T00:00:00Z"}],
    "decisions": [{
        "stage": "provisional", "stage_vi": "Đã công bố", "stage_en": "Published", "version": 1,
        "decision": "15/NQ-HĐND", "date": "2026-01-15", "reason": "Công bố", "by": "Lan",
        "at": "2026-01-15T00:00:00Z",
    }],
}  # fmt: skip
REFUSAL = {
    "status": 409, "code": "scoring.stage-impossible", "detail": "Không được. / Not now.",
    "detail_vi": "Không được.", "detail_en": "Not now.", "possible": ["provisional"],
    "because": [{"kind": "reply", "text_vi": "Còn hạn.", "text_en": "Units may reply."}],
}  # fmt: skip


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Calls:
    """What is asked of a scoring that refuses to reopen, by role; on a fresh home."""
    sent_calls: Calls = []
    write_tokens(tmp_path)
    monkeypatch.chdir(tmp_path)
    role = {token: role for role, token in tokens(tmp_path).items()}

    async def get(_: Client, path: str, token: str = "", **parameters: Any) -> Answer:
        sent_calls.append((role[token], path, None))
        return Answer(
            200, json.dumps({"items": [YEAR]} if path.endswith("years") else YEAR).encode()
        )

    async def post(_: Client, path: str, body: bytes, type_: str, token: str) -> Answer:
        sent_calls.append((role[token], path, json.loads(body)))
        if path.endswith("reopened"):
            return Answer(409, json.dumps(REFUSAL).encode())
        if json.loads(body).get("date") == "x":
            errors = [
                {"field": "date", "message_vi": "phải là ngày", "message_en": "must be a day"}
            ]
            return Answer(422, json.dumps({"detail": "sai", "errors": errors}).encode())
        at = "2026-01-15T00:00:00Z"
        answer = {**YEAR["decisions"][0], "year": 2025, "cut_off": at, "reply_until": at}
        return Answer(200, json.dumps({**answer, "note": "ghi chú\n"}).encode())

    monkeypatch.setattr(Client, "get", get)
    monkeypatch.setattr(Client, "post", post)
    return sent_calls


def year(*arguments: str) -> Any:
    """Runs the command in this process, on the home in the working folder."""
    return CliRunner().invoke(app, ["year", *arguments, "--home", "."])


def test_a_year_is_shown_for_people_and_for_machines(calls: Calls) -> None:
    """Stage, decisions, seals and waiting appeals; `open` says whether it is."""
    listing = year("show", "--year", "2025")
    assert listing.exit_code == 0, listing.output
    for text in ("Đang mở", "15/NQ-HĐND", "AAAA", "kn-1", "names no year"):
        assert text in listing.stdout
    assert "\\n" not in listing.stdout, "what stands below each other has lines of its own"
    assert json.loads(year("show", "--year", "2025", "--json").stdout) == YEAR
    assert json.loads(year("show", "--json").stdout) == [YEAR]
    assert "2025" in year("show").stdout
    assert year("open", "--year", "2025").exit_code == 0
    assert {call[:2] for call in calls} == {
        ("operator", "/scoring/years"), ("operator", "/scoring/years/2025"),
        ("hr", "/scoring/years/2025"),
    }  # fmt: skip


def test_decisions_are_sent_by_the_role_that_may(calls: Calls) -> None:
    """Council, operator and auditor, each with its token of the home."""
    for arguments in (
        ("provisional", *PAPER), ("seal", *PAPER), ("seal", "--signature", "— a b"),
        ("seal", "--auditor"), ("seal", "--auditor", "--signature", "— c d"),
    ):  # fmt: skip
        run = year(*arguments, "--year", "2025")
        assert run.exit_code == 0, run.output
    path = "/scoring/years/2025"
    assert calls == [
        ("council", f"{path}/provisional", BODY), ("operator", f"{path}/sealed", BODY),
        ("operator", f"{path}/sealed", {"signature": "— a b"}), ("auditor", f"{path}/sealed", {}),
        ("auditor", f"{path}/sealed", {"signature": "— c d"}),
    ]  # fmt: skip


def test_a_refusal_says_why_and_what_is_possible(calls: Calls) -> None:
    """Exit code 2, and with --json the whole problem."""
    run = year("reopen", "--year", "2025", *PAPER)
    assert run.exit_code == 2
    for text in ("Not now.", "- Units may reply.", "Possible now: provisional.", "- Còn hạn."):
        assert text in run.stderr
    assert json.loads(year("reopen", "--year", "2025", *PAPER, "--json").stdout) == REFUSAL
    for wrong in (("seal",), ("seal", "--decision", "1"), ("seal", *PAPER, "--auditor")):
        assert year(*wrong, "--year", "2025").exit_code == 2
    assert len(calls) == 2
    run = year("seal", "--year", "2025", "--decision", "1", "--date", "x", "--reason", "y")
    assert run.exit_code == 2 and "- date: must be a day" in run.stderr
