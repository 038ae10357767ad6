"""Words of cases stay here: encrypted, erasable, read on record, and in nothing that is said."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from sqlalchemy import inspect, text

from services.chassis.telemetry.instruments import JsonLines
from tests.support.builders.cases import CONCLUSION, HANDLING, OUTCOME, REPORT
from tests.support.builders.desks import Desk

pytestmark = pytest.mark.anyio

CANARY = "chim hoàng yến"


def canary(field: str) -> str:
    """Words that stand out, one for each field."""
    return f"{CANARY} {field}"


async def sung(desk: Desk) -> str:
    """A case each of whose words is a canary, by commands with an Idempotency-Key."""
    told = {name: canary(name) for name in ("allegation", "place", "reporter")}
    keyed = {"idempotency-key": "c"}
    made = await desk.ask("POST", "cases", "clerk", {**REPORT, **told}, keyed)
    id_ = str(made.json()["id"])
    bodies: list[tuple[str, Any]] = [
        ("assign", {"to": "tt-01", "at": OUTCOME["at"]}),
        ("verify", {**OUTCOME, "outcome": canary("outcome")}),
        ("conclude", CONCLUSION), ("handle", {**HANDLING, "measure": canary("measure")}),
        ("retract", {"version": 5, "reason": canary("reason")}),
    ]  # fmt: skip
    for step, body in bodies:
        answer = await desk.ask("POST", f"cases/{id_}/{step}", "council", body, keyed)
        assert answer.status_code == 200, answer.text
        assert CANARY not in answer.text
    return id_


async def everything(desk: Desk) -> dict[str, bytes]:
    """All that each table holds, as bytes."""
    held = {}
    async with desk.app.db.read() as conn:
        names = await conn.run_sync(lambda sync: inspect(sync).get_table_names())
        for name in names:
            rows = (await conn.execute(text(f'SELECT * FROM "{name}"'))).all()
            held[name] = b"\n".join(
                value if isinstance(value, bytes) else str(value).encode()
                for row in rows for value in row
            )  # fmt: skip
    return held


async def test_no_word_stands_in_clear_in_any_table_event_log_or_answer(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Canaries of every field: not in the database, not in an event, not in the log."""
    caplog.set_level(logging.DEBUG)
    id_ = await sung(desk)
    wrong = {**REPORT, "allegation": canary("allegation"), "unit": "CITY", "place": "\0"}
    assert CANARY not in (await desk.post("cases", "clerk", wrong)).text
    await desk.get(f"cases/{id_}/words", "council")
    held = await everything(desk)
    assert {"journal", "answers", "words", "cases", "outbox", "reads"} <= held.keys()
    for name, raw in held.items():
        assert CANARY.encode() not in raw, name
        assert json.dumps(CANARY)[1:-1].encode() not in raw, name
    assert held["answers"] and held["outbox"]
    lines = [JsonLines().format(record) for record in caplog.records]
    assert any("person-level rows are read" in line for line in lines)
    assert not [line for line in lines if CANARY in line or json.dumps(CANARY)[1:-1] in line]


async def test_words_are_shown_to_the_right_roles_and_each_read_is_remembered(
    desk: Desk,
) -> None:
    """Council and auditor read words, the council alone the reporter's contact; each on record."""
    id_ = await sung(desk)
    items = (await desk.get(f"cases/{id_}/words", "auditor", name="auditor-1")).json()["items"]
    assert {item["field"]: item["words"] for item in items} == {
        name: canary(name) for name in ("allegation", "place", "outcome", "measure", "reason")
    }
    reporter = (await desk.get(f"cases/{id_}/reporter", "council", name="council-1")).json()
    assert [item["words"] for item in reporter["items"]] == [canary("reporter")]
    assert (await desk.get(f"cases/{id_}/reporter", "auditor")).status_code == 403
    assert (await desk.get(f"cases/{id_}/words", "clerk")).status_code == 403
    async with desk.app.db.read() as conn:
        rows = await conn.execute(text('SELECT "by", what, rows FROM reads ORDER BY seq'))
        assert [tuple(row) for row in rows] == [
            ("auditor-1", f"words of {id_}", 5), ("council-1", f"reporter of {id_}", 1),
        ]  # fmt: skip


async def test_erased_words_are_gone_and_the_case_stays(desk: Desk) -> None:
    """One field, then all; who erased is remembered, and the journal is as it was."""
    id_ = await sung(desk)
    before = (await desk.get(f"cases/{id_}/journal", "council")).json()
    path = f"cases/{id_}/words"
    assert (await desk.ask("DELETE", f"{path}?field=reporter", "council")).status_code == 200
    reporter = (await desk.get(f"cases/{id_}/reporter", "council")).json()["items"]
    assert [item["words"] for item in reporter] == [None]
    first = (await desk.get(path, "council")).json()["items"]
    assert all(item["words"] for item in first)
    assert (await desk.ask("DELETE", path, "clerk")).status_code == 403
    assert (await desk.ask("DELETE", path, "council", name="council-1")).status_code == 200
    left = (await desk.get(path, "council")).json()["items"]
    assert [item["words"] for item in left] == [None] * 5
    assert (await desk.get(f"cases/{id_}/journal", "council")).json() == before
    assert (await desk.get(f"cases/{id_}", "council")).json()["stage"] == "concluded"
    async with desk.app.db.read() as conn:
        erased = text("SELECT \"by\", rows FROM reads WHERE what LIKE 'erased all%'")
        assert [tuple(row) for row in await conn.execute(erased)] == [("council-1", 5)]
        assert set((await conn.execute(text("SELECT hidden FROM words"))).scalars()) == {None}


async def test_the_reporter_need_not_be_given_at_all(desk: Desk) -> None:
    """An anonymous report keeps nothing of the reporter."""
    body = {name: value for name, value in REPORT.items() if name != "reporter"}
    id_ = (await desk.succeed("cases", "clerk", body))["id"]
    assert (await desk.get(f"cases/{id_}/reporter", "council")).json() == {"items": []}
