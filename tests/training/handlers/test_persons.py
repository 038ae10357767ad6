"""Persons: names, numbers and secrets stand encrypted in one table, and are erased for good."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text

from services.records.vault import open_vault, person_key
from tests.support.builders.acts import (
    OTHER,
    UNIT,
    assigned,
    planned,
    released,
    scheduled,
    told,
    trained,
)
from tests.support.builders.desks import Desk

pytestmark = pytest.mark.anyio

ANY_VERSION = {"if-match": "*"}
NAME, NUMBER = "Chim Hoàng Yến", "CANARY-7731"
TABLES = (
    "persons", "memberships", "stints", "links", "courses", "sessions", "completions", "announced",
    "journal", "answers", "reads", "outbox",
)  # fmt: skip


async def everything(desk: Desk) -> bytes:
    """Every value of every table, one after the other."""
    found = []
    async with desk.app.db.read() as conn:
        for table in TABLES:
            rows = (await conn.execute(text(f"SELECT * FROM {table}"))).all()
            found += [_bytes(value) for row in rows for value in row]
    return b"\n".join(found)


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


async def secret_of(desk: Desk, person: str) -> str:
    """The secret of a person, as only the keeper of the keys can read it."""
    async with desk.app.db.read() as conn:
        select = text("SELECT hidden_secret FROM persons WHERE id = :id")
        hidden = (await conn.execute(select, {"id": person})).scalar_one()
    return open_vault(desk.app.parts.settings).show(bytes(hidden))


async def used(desk: Desk) -> dict[str, Any]:
    """A person who went through every command, with keys and faults, and whose name was read."""
    body = {"unit": UNIT, "role": "official", "number": NUMBER, "name": NAME}
    key = {"idempotency-key": "k"}
    made = (await desk.ask("POST", "memberships", "clerk", body, key)).json()
    await desk.ask("POST", "memberships", "clerk", body, key)
    await desk.post("memberships", "clerk", {**body, "name": f"{NAME} Khác"})
    await desk.post("memberships", "clerk", {**body, "name": f"{NAME} 123456789", "x": NAME})
    course = await planned(desk)
    session = await scheduled(desk, course)
    path = f"courses/{course}/sessions/{session}/attendance"
    lists = (f"{NUMBER},{NAME},8", f"{NUMBER},{NAME} Khác,x", f"{NUMBER}-9,{NAME},8")
    for n, rows in enumerate(lists):
        sheet = f"number,name,hours\n{rows}".encode()
        await desk.ask("POST", path, "clerk", sheet, {"idempotency-key": str(n)})
    for query in (f"{path}?format=csv", f"rosters/{UNIT}", f"persons/{made['person']}"):
        assert NAME in (await desk.get(query, "hr")).text
    renamed = {"name": f"{NAME} Hai"}
    path = f"persons/{made['person']}/rename"
    answer = await desk.ask("POST", path, "clerk", renamed, ANY_VERSION, units=[UNIT])
    assert answer.status_code == 200, answer.text
    await released(desk, await assigned(desk, NUMBER, OTHER, name=None), "2025-09-01")
    return dict(made)


async def test_no_name_number_or_secret_leaves_the_service_or_its_one_table(
    desk: Desk, caplog: pytest.LogCaptureFixture, spans: InMemorySpanExporter
) -> None:
    """Not in events, journal, kept answers, logs or traces; and in that table encrypted."""
    caplog.set_level(logging.DEBUG)
    made = await used(desk)
    secret = await secret_of(desk, made["person"])
    assert made["person"] == person_key(secret, NUMBER)
    traced = "".join(span.to_json() for span in spans.get_finished_spans())
    assert "Import" in traced
    seen = (await everything(desk)) + caplog.text.encode() + traced.encode()
    for canary in (NAME, "Hoàng Yến", NUMBER, secret):
        assert canary.encode() not in seen
        assert canary.encode("unicode_escape") not in seen


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """What is traced while a test runs."""
    kept = InMemorySpanExporter()
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    return kept


async def test_erasing_leaves_the_key_and_every_count(desk: Desk) -> None:
    """Name, number and secret are gone; events, roster and coverage are as before."""
    made = await assigned(desk, NUMBER, name=NAME)
    await trained(desk, NUMBER)
    person = made["person"]
    before = await told(desk), (await desk.get("coverage?year=2025")).json()
    erase = f"persons/{person}"
    assert (await desk.ask("DELETE", erase, "clerk")).status_code == 403
    answer = await desk.ask("DELETE", erase, "council")
    assert (answer.status_code, answer.json()) == (200, {"person": person, "erased": True})
    assert (await desk.ask("DELETE", erase, "council")).status_code == 409
    assert (await told(desk), (await desk.get("coverage?year=2025")).json()) == before
    async with desk.app.db.read() as conn:
        select = text("SELECT * FROM persons WHERE id = :id")
        row = (await conn.execute(select, {"id": person})).one()
    assert tuple(row) == (person, None, None, None, None)
    (item,) = (await desk.get(f"rosters/{UNIT}", "hr")).json()["items"]
    assert (item["person"], item["name"], item["number"]) == (person, None, None)
    shown = (await desk.get(erase, "hr")).json()
    assert shown == {"person": person, "erased": True, "name": None, "number": None}


async def test_who_was_erased_comes_back_as_somebody_else(desk: Desk) -> None:
    """The number is nobody's any more: it gets a new secret and a new key; the old key is dead."""
    made = await assigned(desk, NUMBER, name=NAME)
    await desk.ask("DELETE", f"persons/{made['person']}", "council")
    again = await assigned(desk, NUMBER, name=NAME)
    assert again["person"] != made["person"]
    body = {"unit": OTHER, "role": "official", "person": made["person"]}
    answer = await desk.post("memberships", "clerk", body)
    assert (answer.status_code, answer.json()["state"]) == (409, "erased")
    assert (answer.json()["possible"], "staff number" in answer.json()["detail"]) == ([], True)
    await released(desk, made, "2025-06-01")
    path = f"persons/{made['person']}/rename"
    renamed = await desk.ask("POST", path, "clerk", {"name": NAME}, ANY_VERSION)
    assert renamed.status_code == 409


async def test_a_name_is_corrected_by_a_clerk_of_a_unit_of_the_person(desk: Desk) -> None:
    """Nobody else's clerk; the journal says that it was, and neither name."""
    made = await assigned(desk, NUMBER, name=NAME)
    path = f"persons/{made['person']}/rename"
    body = {"name": "Chim Én"}

    async def renamed(path: str, unit: str) -> int:
        answer = await desk.ask("POST", path, "clerk", body, ANY_VERSION, units=[unit])
        return answer.status_code

    assert await renamed(path, OTHER) == 403
    assert await renamed(path, UNIT) == 200
    assert (await desk.get(f"persons/{made['person']}", "hr")).json()["name"] == body["name"]
    assert await renamed(f"persons/{'0' * 64}/rename", "*") == 404


async def test_a_name_that_was_not_read_is_not_overwritten(desk: Desk) -> None:
    """428 without the version that was read; 412 for an earlier one, with who changed it when."""
    made = await assigned(desk, NUMBER, name=NAME)
    person = f"persons/{made['person']}"
    path, read = f"{person}/rename", await desk.get(person, "clerk", units=[UNIT])
    body, tag = {"name": "Chim Én"}, {"if-match": read.headers["etag"]}
    assert (await desk.post(path, "clerk", body, units=[UNIT])).status_code == 428
    first = await desk.ask("POST", path, "clerk", body, tag, units=[UNIT])
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    second = await desk.ask("POST", path, "council", {"name": "Chim Yến"}, tag)
    assert (second.status_code, second.headers["etag"]) == (412, '"2"')
    changed = second.json()["changed"]
    assert (changed["version"], changed["step"], changed["role"]) == (2, "rename", "clerk")
    assert changed["recorded"].endswith("+07:00") and "sửa họ tên" in second.json()["detail_vi"]
    assert "Chim" not in second.text
    assert (await desk.get(person, "hr")).json()["name"] == "Chim Én"
    strange = await desk.ask("POST", path, "clerk", body, tag, units=[OTHER])
    assert strange.status_code == 403 and "changed" not in strange.json()


async def test_each_read_of_names_is_remembered(desk: Desk) -> None:
    """Who read whose, and how many; reads of keys alone are not."""
    made = await assigned(desk, NUMBER, name=NAME)
    await desk.get(f"rosters/{UNIT}", "auditor")
    await desk.get(f"persons/{made['person']}", "council")
    await desk.get(f"rosters/{UNIT}", "clerk", name="clerk-7")
    await desk.get(f"missing?unit={UNIT}&year=2025", "hr", name="hr-1")
    async with desk.app.db.read() as conn:
        select = text('SELECT role, "by", what, rows FROM reads ORDER BY seq')
        found = [tuple(row) for row in await conn.execute(select)]
    assert found == [
        ("clerk", "clerk-7", f"roster of {UNIT}", 1),
        ("hr", "hr-1", f"missing in {UNIT} 2025", 1),
    ]
