"""Scenes of a unit's year, and what its sheet and its list of events say of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.chassis.auth.credentials import Issuer
from services.scoring.queries import books
from services.scoring.readmodel import arrivals
from tests.conftest import NatsServer
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, published, registered
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio


@pytest.fixture
async def road(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer
) -> AsyncIterator[Road]:
    """The road on either database."""
    async with open_road(home, database_url, issuer) as road:
        yield road


async def sheet_of(road: Road, unit: str, receipts: list[str]) -> dict[str, Any]:
    """The sheet of a unit once these events are folded."""
    answer = await road.get(f"/ratings/2025/{unit}/sheet", wait_for=",".join(receipts))
    assert answer.status_code == 200, answer.text
    sheet: dict[str, Any] = answer.json()
    return sheet


def line(sheet: dict[str, Any], indicator: str) -> dict[str, Any]:
    """One indicator of a sheet."""
    return next(line for line in sheet["indicators"] if line["id"] == indicator)


async def test_a_thing_done_under_a_key_that_nobody_announced_is_pointed_at(road: Road) -> None:
    """The event list says so, and the sheet has it beside the missing duty that is near."""
    sent = [registered("H44.1"), due("H44.1", "Ngân sách"), published("H44.1", "ngan sach"),
            due("H44.1", "b"), published("H44.1", "b")]  # fmt: skip
    sheet = await sheet_of(road, "H44.1", await road.send(sent))
    disclosure = line(sheet, "disclosure")
    (missing,) = disclosure["missing"]
    assert [near["key"] for near in missing["near"]] == ["ngan sach"]
    (unannounced,) = disclosure["unannounced"]
    assert unannounced["key"] == "ngan sach" and disclosure["unannounced_total"] == 1
    assert [(near["key"], near["differs"]) for near in unannounced["near"]] == [
        ("Ngân sách", "accents")
    ]
    assert "was not announced" in unannounced["en"] and "Ngân sách" in unannounced["vi"]
    page = (await road.get("/ratings/2025/H44.1/events")).json()["items"]
    notes = {item["id"]: (item["counted"], item["note"]) for item in page}
    assert notes["pub-H44.1-ngan sach"] == (True, "duty not announced")
    assert {note for id_, note in notes.items() if id_ != "pub-H44.1-ngan sach"} == {(True, None)}
    (item,) = [entry for entry in page if entry["note"]]
    assert "was not announced" in item["note_en"] and "chưa được" in item["note_vi"]


async def test_announced_afterwards_it_counts_and_the_note_goes(road: Road) -> None:
    """A duty may be announced late; a waived one was announced too."""
    first = await road.send([registered("H44.1"), published("H44.1", "a"), published("H44.1", "b")])
    assert line(await sheet_of(road, "H44.1", first), "disclosure")["unannounced_total"] == 2
    waived = event("w", "disclosure.waived", subject="H44.1", data={"item": "b"},
                   time="2025-09-01T00:00:00Z")  # fmt: skip
    second = await road.send([due("H44.1", "a"), due("H44.1", "b"), waived])
    assert line(await sheet_of(road, "H44.1", second), "disclosure")["unannounced_total"] == 0
    page = (await road.get("/ratings/2025/H44.1/events")).json()["items"]
    assert {item["note"] for item in page} == {None}


async def test_an_overturned_case_that_leaves_nothing_offers_the_nil_declaration(
    road: Road,
) -> None:
    """The points that fell away in silence: they are named, and the declaration brings them."""
    concluded = event("c", "violation.concluded", subject="H44.1", time="2025-02-01T00:00:00Z",
                      data={"case": "v1", "due": "2025-06-01"})  # fmt: skip
    handled = event(
        "h", "violation.handled", subject="H44.1", time="2025-03-01T00:00:00Z",
        data={"case": "v1", "severity": "reminder", "by_head": False, "self_found": True},
    )  # fmt: skip
    overturned = event("o", "violation.overturned", subject="H44.1", data={"case": "v1"},
                       time="2025-04-01T00:00:00Z")  # fmt: skip
    first = await road.send([registered("H44.1"), concluded, handled])
    before = await sheet_of(road, "H44.1", first)
    assert line(before, "violations-handled")["nil"] is None
    after = await sheet_of(road, "H44.1", await road.send([overturned]))
    assert float(after["rating"]["total"]) < float(before["rating"]["total"])
    nil = line(after, "violations-handled")["nil"]
    assert nil in after["nil_declarations"] and nil["arose"] == 0
    declared = event("n", "declaration.nil", subject="H44.1",
                     data={"indicator": "violations-handled"})  # fmt: skip
    last = await sheet_of(road, "H44.1", await road.send([declared]))
    gained = float(last["rating"]["total"]) - float(after["rating"]["total"])
    assert f"{gained:.2f}" == nil["worth"]


async def test_an_ended_unit_is_offered_nothing_and_its_successor_what_it_can_do(
    road: Road,
) -> None:
    """The duty stands on the heir's sheet under the predecessor's key, and counts when done."""
    ended = event("end", "unit.succeeded", subject="H44.1",
                  data={"successor": "H44.2", "effective": "2025-09-01"})  # fmt: skip
    sent = [registered("H44.1"), registered("H44.2"), due("H44.1", "a"), ended]
    receipts = await road.send(sent)
    closed = await sheet_of(road, "H44.1", receipts)
    assert (closed["until"], closed["successors"]) == ("2025-09-01", ["H44.2"])
    assert not closed["doing"]["counts"] and "ended" in closed["doing"]["en"]
    (missing,) = line(closed, "disclosure")["missing"]
    assert (missing["worth"], missing["worth_late"]) == ("0.00", "0.00")
    assert missing["by_successors"] == [{"unit": "H44.2", "key": "H44.1/a"}]
    advice = closed["next_class"]
    assert advice["reachable"] is False and advice["steps"] == []
    heir = await sheet_of(road, "H44.2", receipts)
    (offered,) = line(heir, "disclosure")["missing"]
    assert offered["key"] == "H44.1/a" and offered["overdue"]
    fulfilled = published("H44.2", "H44.1/a", "2025-12-01T00:00:00Z")
    after = await sheet_of(road, "H44.2", await road.send([fulfilled]))
    gained = float(after["rating"]["total"]) - float(heir["rating"]["total"])
    assert f"{gained:.2f}" == offered["worth"]


async def test_a_gate_is_named_where_points_alone_do_not_lift_the_class(road: Road) -> None:
    """Below the band of C: points and what else stands between are told, with their figures."""
    receipts = await road.send([registered("H44.1"), due("H44.1", "a")])
    advice = (await sheet_of(road, "H44.1", receipts))["next_class"]
    assert (advice["class"], advice["vi"], advice["from"]) == ("C", "Trung bình", "50.00")
    assert float(advice["lacking"]) > 0 and advice["points"]["lacking"] == advice["lacking"]
    assert advice["text_vi"] and advice["text_en"] != advice["text_vi"]


async def test_a_sheet_that_the_fold_overtakes_is_answered_with_when_to_come_again(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is a wait beyond the number of those that may wait: 503, and Retry-After in seconds."""
    (receipt,) = await road.send([registered("H44.1")])
    await sheet_of(road, "H44.1", [receipt])

    async def later(*_: object) -> int:
        return 2**62

    monkeypatch.setattr(books, "stamp", later)
    overtaken = await road.get("/ratings/2025/H44.1/sheet", view="own")
    monkeypatch.setattr(arrivals, "WAITERS_MAX", 0)
    full = await road.get("/ratings/2025/H44.1", wait_for=receipt)
    for answer in (overtaken, full):
        assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
