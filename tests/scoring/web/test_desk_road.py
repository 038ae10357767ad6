"""A year is led to its seal by pages alone: each role its steps, through the door and scoring."""

from __future__ import annotations

import html
import io
import re
import zipfile
from pathlib import Path

import httpx
import pytest

from services.chassis.auth.credentials import Issuer
from tests.conftest import NatsServer
from tests.scoring.sealing.town import AUDITOR, OPERATOR
from tests.scoring.test_sealing_road import line_of
from tests.scoring.web.persons import UNIT, Persons, open_persons, receipt_of

pytestmark = pytest.mark.anyio
HOSTILE = "Thiếu <b>một</b> lớp"
ON_PAPER = {"date": "2026-01-20", "reason": "Theo biên bản họp"}


def event_form(code: str, **values: str) -> str:
    """The address of a form of the door, as the desk leads there."""
    return f"/intake/pages/events/{code}?{httpx.QueryParams({'year': '2025', **values})}"


async def test_a_year_is_published_contested_adjusted_sealed_and_verified_by_pages(
    persons: Persons,
) -> None:
    """Publish, appeal, answer, adjust, both halves of the seal, verify, reopen."""
    appeal = event_form("appeal", unit=UNIT)
    shown = await persons.record("emitter", appeal, appeal="KN-1", reason=HOSTILE)
    assert "Thiếu &lt;b&gt;một&lt;/b&gt; lớp" in shown.text and "chưa giải quyết" in shown.text
    own = await persons.record(
        "emitter", event_form("self-score", unit=UNIT, indicator="training-plan"), points="7,5"
    )
    assert own.status_code == 200

    answer = await persons.step("council", "/desk/2025/publish", decision="1/QĐ", **ON_PAPER)
    assert answer.headers["location"] == "/desk/2025?notice=desk-publish"
    refused = await persons.get("operator", "/desk/2025/draft")
    assert "<form" not in refused.text.partition("<main")[2]
    assert refused.status_code == 409 and "KN-1" in refused.text
    desk = await persons.get("council", "/desk/2025")
    (decide,) = re.findall(r'href="(/desk/2025/begin[^"]*form=answer[^"]*)"', desk.text)
    answered = await persons.record(
        "council", html.unescape(decide), outcome="upheld", decision="3/QĐ"
    )
    assert "chấp nhận kiến nghị" in answered.text and "3/QĐ" in answered.text

    led = "/desk/2025/begin?form=adjustment&unit=h44.1&indicator="
    decided = await persons.record(
        "council", led, points="1,25", decision="3/QĐ", reason="Theo kiến nghị"
    )
    assert "+1,25" in decided.text and "Theo kiến nghị KN-1" in decided.text

    drawn = await persons.step("operator", "/desk/2025/draft", decision="2/QĐ", **ON_PAPER)
    assert drawn.headers["location"] == "/desk/2025?notice=desk-draft"
    assert "Bản nháp niêm phong" in (await persons.get("auditor", "/desk/2025")).text
    assert "draft.zip" not in (await persons.get("hr", "/desk/2025")).text
    await persons.verify("auditor", "draft")
    sealed = await persons.step("auditor", "/desk/2025/seal")
    assert sealed.headers["location"] == "/desk/2025?notice=desk-seal"

    await persons.verify("hr", "1")
    bundle = await persons.get("hr", "/desk/2025/seal.zip")
    assert bundle.content.startswith(b"PK") and "danchu-2025-seal.zip" in str(bundle.headers)
    reopened = await persons.step("council", "/desk/2025/reopen", decision="5/QĐ", **ON_PAPER)
    assert reopened.headers["location"] == "/desk/2025?notice=desk-reopen"
    last = await persons.get("hr", "/desk/2025")
    assert last.text.count("Phiên bản 2") >= 1 and "3/QĐ" not in last.text


async def test_an_event_by_a_form_is_one_event_however_often_it_is_sent(persons: Persons) -> None:
    """The same receipt again; the source lies below the person's prefix; faults at their fields."""
    form = await persons.get("emitter", event_form("appeal", unit=UNIT))
    typed = {"appeal": "KN-2", "reason": "Sai số"}
    empty = await persons.send("emitter", form, **typed | {"reason": ""})
    assert empty.status_code == 422 and 'id="fault-reason"' in empty.text
    forged = await persons.send("emitter", empty, _version="x", **typed)
    assert forged.status_code == 409 and "mở đã quá lâu" in forged.text
    assert "mã truy cập" not in forged.text
    confirmation = await persons.send("emitter", empty, **typed)
    first = await persons.send("emitter", confirmation)
    second = await persons.send("emitter", confirmation)
    assert first.status_code == 303 and receipt_of(first) == receipt_of(second)
    council = await persons.get("council", event_form("appeal", unit=UNIT))
    assert council.status_code == 403
    foreign = await persons.client.post(
        "/intake/pages/events/appeal/confirmed", data={"_token": "x"},
        headers={"cookie": persons.sessions["emitter"]},
    )  # fmt: skip
    assert foreign.status_code == 403


async def test_signatures_that_were_made_outside_are_pasted(
    home: Path, tmp_path: Path, issuer: Issuer, provisioned: NatsServer
) -> None:
    """Of the note in the draft's bundle; one of a wrong key is refused at its field."""
    async with open_persons(home, tmp_path, issuer, outside=True) as persons:
        await persons.step("council", "/desk/2025/publish", decision="1/QĐ", **ON_PAPER)
        await persons.step("operator", "/desk/2025/draft", decision="2/QĐ", **ON_PAPER)
        bundle = await persons.get("operator", "/desk/2025/draft.zip")
        with zipfile.ZipFile(io.BytesIO(bundle.content)) as archive:
            note = archive.read("note").decode()
        early = await persons.get("auditor", "/desk/2025")
        assert '/desk/2025/seal"' not in early.text
        half = "/desk/2025/signature"
        wrong = await persons.step("operator", half, signature=line_of(note, AUDITOR))
        assert wrong.status_code == 422 and 'id="fault-signature"' in wrong.text
        await persons.step("operator", half, signature=line_of(note, OPERATOR))
        sealed = await persons.step("auditor", "/desk/2025/seal", signature=line_of(note, AUDITOR))
        assert sealed.headers["location"] == "/desk/2025?notice=desk-seal"
        await persons.verify("hr", "1")


async def test_what_was_not_shown_is_not_decided(persons: Persons) -> None:
    """A page left open while others decide does nothing, and shows what is so now."""
    first = await _confirmation(persons, "council", "publish", decision="1/QĐ", **ON_PAPER)
    stale = await _confirmation(persons, "council", "publish", decision="2/QĐ", **ON_PAPER)
    published = await persons.send("council", first)
    again = await persons.send("council", first)
    assert again.headers["location"] == published.headers["location"]
    moved = await persons.send("council", stale)
    assert moved.status_code == 409 and "đã thay đổi" in moved.text and "2/QĐ" in moved.text
    assert "2/QĐ" not in (await persons.get("hr", "/desk/2025")).text

    await persons.step("operator", "/desk/2025/draft", decision="3/QĐ", **ON_PAPER)
    unseen = await _confirmation(persons, "auditor", "seal")
    await persons.step("operator", "/desk/2025/drop", reason="Nhầm số")
    await persons.step("operator", "/desk/2025/draft", decision="4/QĐ", **ON_PAPER)
    refused = await persons.send("auditor", unseen)
    assert refused.status_code == 409 and "đã thay đổi" in refused.text and "4/QĐ" in refused.text
    confirmed = await persons.send("auditor", refused)
    assert "4/QĐ" in confirmed.text
    sealed = await persons.send("auditor", confirmed)
    assert sealed.headers["location"] == "/desk/2025?notice=desk-seal"


async def _confirmation(
    persons: Persons, role: str, step: str, **fields: str
) -> httpx.Response:  # fmt: skip
    """The page of a step that says what it will do."""
    form = await persons.get(role, f"/desk/2025/{step}")
    return await persons.send(role, form, **fields)
