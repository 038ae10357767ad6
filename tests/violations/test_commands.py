"""Commands of the violations that are sent again, too late, out of order or wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.builders.cases import (
    HANDLING,
    OVERTURN,
    REPORT,
    handled,
    reported,
)
from tests.support.builders.desks import ON_SQLITE, Desk
from tests.support.tampering import assert_kept

pytestmark = pytest.mark.anyio


async def test_the_same_key_gives_the_same_answer_and_one_case(desk: Desk) -> None:
    """A command that is sent again is answered as before; another under its key is refused."""
    key = {"idempotency-key": "k1"}
    first = await desk.ask("POST", "cases", "clerk", REPORT, key)
    again = await desk.ask("POST", "cases", "clerk", REPORT, key)
    assert (again.status_code, again.content) == (201, first.content)
    other = await desk.ask("POST", "cases", "clerk", {**REPORT, "allegation": "Khác"}, key)
    assert other.status_code == 422
    assert len((await desk.get("cases", "council")).json()["items"]) == 1


async def test_a_command_that_read_an_older_version_is_refused(desk: Desk) -> None:
    """412 with the version that it has; the right one goes on."""
    id_ = await reported(desk)
    path, body = f"cases/{id_}/assign", {"to": "tt-01", "at": "2025-03-02T08:00:00+07:00"}
    old = await desk.ask("POST", path, "council", body, {"if-match": '"7"'})
    assert (old.status_code, old.headers["etag"]) == (412, '"1"')
    fits = await desk.ask("POST", path, "council", body, {"if-match": '"1"'})
    assert fits.status_code == 200


@ON_SQLITE
@pytest.mark.parametrize("who", ["Nguyễn Văn Mẫu", "Mau", "012345678", "012345678901", "a b1"])
async def test_whom_a_case_is_assigned_to_is_an_opaque_reference(desk: Desk, who: str) -> None:
    """Names, blanks and identity numbers are refused by field."""
    id_ = await reported(desk)
    answer = await desk.post(f"cases/{id_}/assign", "council", {"to": who})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "to")


@ON_SQLITE
@pytest.mark.parametrize(
    ("at", "status"),
    [("2999-01-01T00:00:00Z", 422), ("1999-12-31T00:00:00Z", 422), ("2025-02-28T00:00:00Z", 422)],
)
async def test_a_step_lies_between_the_one_before_and_now(desk: Desk, at: str, status: int) -> None:
    """Also where nothing is announced: ahead of time, before 2000, before the report."""
    id_ = await reported(desk)
    answer = await desk.post(f"cases/{id_}/assign", "council", {"to": "tt-01", "at": at})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, "at")


@ON_SQLITE
async def test_a_decision_is_overturned_later_than_it_was_made(desk: Desk) -> None:
    """At one instant it would be open which of both events about the case is the later one."""
    id_ = await handled(desk)
    same = {**OVERTURN, "at": HANDLING["at"]}
    answer = await desk.post(f"cases/{id_}/overturn", "council", same)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "at")


@pytest.mark.parametrize("table", ["journal", "reads"])
async def test_the_journal_cannot_be_edited_even_by_its_database_user(
    desk: Desk, table: str
) -> None:
    """An update, a deletion and a replacement are refused by the database itself."""
    id_ = await reported(desk)
    await desk.get(f"cases/{id_}/words", "council")
    await assert_kept(desk.app.db, table, "role", ("seq",))


@ON_SQLITE
@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None), ({}, 422, "unit"), ({**REPORT, "unit": "CITY"}, 422, "unit"),
        ({**REPORT, "allegation": "a\0b"}, 422, "allegation"),
        ({**REPORT, "allegation": " "}, 422, "allegation"),
        ({**REPORT, "by_unit": False}, 422, "by_unit"),
        ({**REPORT, "at": "2999-03-01T00:00:00Z"}, 422, "at"),
        (b" " * (6 * 2**20), 413, None),
    ],
)  # fmt: skip
async def test_bad_input_is_refused_by_field(
    desk: Desk, body: Any, status: int, field: str | None
) -> None:
    """A sentence for each fault, problem details, and nothing is kept."""
    json_type = {"content-type": "application/json"}
    answer = await desk.ask("POST", "cases", "clerk", body, json_type)
    assert answer.status_code == status, answer.text
    if field is not None:
        assert field in [error["field"] for error in answer.json()["errors"]]
    assert (await desk.get("cases", "council")).json()["items"] == []
