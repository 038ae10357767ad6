"""The year over HTTP: where it stands, who may lead it on, and what a refusal says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts import moments
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import now_us
from services.scoring.handlers.batch import Delivery
from services.scoring.handlers.folder import Folder
from tests.conftest import NatsServer
from tests.scoring.folding import subject_of
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, registered
from tests.scoring.year_events import year_event
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
BODY = {"decision": "15/NQ-HĐND", "date": "2026-01-04", "reason": "Công bố kết quả"}
NOTE = "danchu.local/2025/v1\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"


async def post(
    road: Road, stage: str, body: Any = BODY, role: str = "council", year: int = 2025, **claims: Any
) -> httpx.Response:
    """A decision of the holder of a token."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {**road.headers(role, **claims), "content-type": "application/json"}
    return await road.client.post(f"/scoring/years/{year}/{stage}", content=raw, headers=headers)


async def year_of(road: Road, role: str = "hr", **claims: Any) -> dict[str, Any]:
    """2025 as the holder of a token sees it."""
    answer = await road.get("/years/2025", role, claims=claims)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def appeal(unit: str, **data: Any) -> dict[str, Any]:
    """An appeal, filed now."""
    return event(
        f"appeal-{unit}", "appeal.filed", subject=unit, time=moments.rfc3339(now_us()),
        data={"appeal": "kn-1", "reason": "Thiếu điểm", **data},
    )  # fmt: skip


async def seal(road: Road) -> None:
    """Seals 2025 as of now, as its event would come by the stream."""
    at = moments.rfc3339(now_us() + 1_000_000)
    sealed = year_event(
        "year.sealed", at, "seal", version=1, cut=moments.rfc3339(now_us()), note=NOTE
    )
    folder = Folder(road.scoring.db, road.scoring.fold.folder.rubrics, now_us)  # type: ignore[union-attr]
    await folder.fold([Delivery(sealed.raw, subject_of(sealed.raw), 1)])


async def test_a_council_runs_a_year(home: Path, issuer: Issuer, provisioned: NatsServer) -> None:
    """Published, refused, appealed, sealed and reopened: each answer says what is so."""
    async with open_road(home, "sqlite", issuer) as road:
        receipts = await road.send([registered("H44.1"), registered("H44.2", "Khác")])
        await road.get("/years", wait_for=",".join(receipts))
        before = await year_of(road)
        assert {
            name: before[name]
            for name in ("stage", "stage_vi", "version", "cut_off", "reply_until", "late", "seals")
        } == {
            "stage": "open", "stage_vi": "Đang mở", "version": 1, "cut_off": None,
            "reply_until": None, "late": 0, "seals": [],
        }  # fmt: skip
        assert [rubric["id"] for rubric in before["rubrics"]] == [
            "viet-tri-2025-agency", "viet-tri-2025-commune",
        ]  # fmt: skip
        assert {len(rubric["sha256"]) for rubric in before["rubrics"]} == {64}
        assert (await year_of(road, "council"))["possible"] == ["provisional"]

        await _published_and_refused(road)
        receipts = await road.send([appeal("H44.1", year=2025), appeal("H44.2")])
        await road.get("/years", wait_for=",".join(receipts))
        waiting = await year_of(road, "operator")
        assert waiting["undecided"] == [
            {"unit": "H44.1", "appeal": "kn-1", "year_missing": False},
            {"unit": "H44.2", "appeal": "kn-1", "year_missing": True},
        ] and waiting["possible"] == []  # fmt: skip
        own = await year_of(road, "reader", units=["H44.2"])
        assert [each["unit"] for each in own["undecided"]] == ["H44.2"] and own["draft"] is None

        await seal(road)
        receipts = await road.send([due("H44.1", "late")])
        await road.get("/years", wait_for=receipts[0])
        await _sealed_and_reopened(road)
        listed = (await road.get("/years")).json()["items"]
        assert [each["year"] for each in listed] == [2025, moments.local_year(now_us())]
        assert listed[0] == await year_of(road)


async def _published_and_refused(road: Road) -> None:
    first = await post(road, "provisional", name="Lan")
    assert first.status_code == 200, first.text
    decided = first.json()
    assert (decided["stage"], decided["by"], decided["at"]) == (
        "provisional",
        "Lan",
        decided["cut_off"],
    )
    rating = (await road.get("/ratings/2025/H44.1")).json()
    assert (rating["stage"], rating["labels"]["stage"]["en"]) == (
        "provisional",
        "Published for replies",
    )
    assert (await post(road, "provisional", name="Lan")).content == first.content
    other = await post(road, "provisional", name="Minh")
    assert (other.status_code, other.json()["code"]) == (409, "scoring.number-used")
    refused = await post(road, "reopened", {**BODY, "decision": "16"})
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["possible"] == ["provisional", "sealed"]
    assert problem["because"][0]["stage"] == "provisional" and problem["because"][0]["text_vi"]
    year = await year_of(road)
    assert year["decisions"] == [{k: decided[k] for k in year["decisions"][0]}]
    assert year["reply_until"] == decided["reply_until"] > decided["at"]


async def _sealed_and_reopened(road: Road) -> None:
    sealed = await year_of(road, "council")
    assert (sealed["stage"], sealed["late"], sealed["possible"]) == ("sealed", 1, ["reopened"])
    (seal,) = sealed["seals"]
    assert (seal["version"], seal["size"], seal["root"]) == (1, 3, NOTE.split("\n")[2])
    assert (await post(road, "provisional", {**BODY, "decision": "17"})).status_code == 409
    assert (await post(road, "reopened", {**BODY, "decision": "18"})).status_code == 200
    reopened = await year_of(road)
    assert (reopened["stage"], reopened["version"], reopened["late"]) == ("reopened", 2, 0)
    assert (reopened["cut_off"], len(reopened["seals"])) == (None, 1)
    rating = (await road.get("/ratings/2025/H44.1")).json()
    assert (rating["stage"], rating["version"]) == ("reopened", 2)


WRONG: dict[str, tuple[Any, str]] = {
    "empty": ({}, "decision"),
    "no list": ([], ""),
    "an unknown field": ({**BODY, "x": 1}, "x"),
    "no reason": ({**BODY, "reason": " "}, "reason"),
    "a long reason": ({**BODY, "reason": "x" * 2001}, "reason"),
    "a day that is none": ({**BODY, "date": "2026-02-29"}, "date"),
    "a day with a time": ({**BODY, "date": "2026-01-04T00:00:00Z"}, "date"),
    "a number that is no text": ({**BODY, "decision": 15}, "decision"),
    "a hidden character": ({**BODY, "decision": "15\u200b"}, "decision"),
    "a long number": ({**BODY, "decision": "x" * 129}, "decision"),
    "a control character": ({**BODY, "reason": "a\u0001"}, "reason"),
}


async def test_wrong_decisions_are_refused_by_role_year_and_field(
    home: Path, issuer: Issuer, provisioned: NatsServer
) -> None:
    """The role comes before the body; nothing of it is decided."""
    async with open_road(home, "sqlite", issuer) as road:
        for body, field in WRONG.values():
            answer = await post(road, "provisional", body)
            assert answer.status_code == 422, answer.text
            assert field in [error["field"] for error in answer.json()["errors"]]
            assert (await post(road, "provisional", body, "operator")).status_code == 403
        for raw in (b"{", b'{"decision":"1","decision":"2"}', b"\xff"):
            assert (await post(road, "provisional", raw)).status_code == 400
        for year, status in ((2024, 404), (1899, 422), (10_000, 422)):
            assert (await post(road, "provisional", year=year)).status_code == status
            assert (await road.get(f"/years/{year}")).status_code == status
        assert (await road.get("/years/2031", "council")).json()["possible"] == []
        future = (await post(road, "provisional", year=2031)).json()
        assert future["because"][0]["begins"] == "2030-12-31T17:00:00Z"
        assert (await year_of(road))["decisions"] == []
        nobody = await road.client.get("/scoring/years/2025")
        assert nobody.status_code == 401
        assert (await road.get("/years/2025", x="1")).status_code == 422
