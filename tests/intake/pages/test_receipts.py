"""The page of a receipt: the unit of the event by name, where the form that sent it knew one."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from contracts.event_forms import MARK, MARK_PURPOSE, FormMark, encode_mark
from services.chassis.settings import Settings
from services.chassis.web.sealed_text import seal_text
from services.chassis.web.sessions import COOKIE, open_sessions
from tests.support.builders.events import Door, event

pytestmark = pytest.mark.anyio
UNIT, NAME = "H44.1", "Xã <b>A</b>"


async def test_a_receipt_names_the_unit_that_its_form_was_about(
    lone_door: Door, home: Path
) -> None:
    """As text, by the sealed mark alone: not by one of another unit, another form, or typed in."""
    data = {"year": 2025, "indicator": "x", "points": "1"}
    sent = event("s1", "selfscore.submitted", subject=UNIT, data=data)
    (accepted,) = await lone_door.receipts([sent])
    sessions = open_sessions(Settings(home=home))
    cookie = f"{COOKIE}={sessions.seal(sessions.begin('xa', 'emitter'))}"

    async def page(unit: str = UNIT, form: str = "self-score", sealed: str = "") -> str:
        mark = FormMark(
            form="self-score", at=sessions.clock() // 1_000_000, year=2025, unit=unit,
            subject=unit, name=NAME,
        )  # fmt: skip
        sealed = sealed or seal_text(sessions.keys, MARK_PURPOSE, encode_mark(mark))
        query = urlencode({"form": form, "year": 2025, MARK: sealed})
        address = f"/intake/pages/receipts/{accepted['receipt']}?{query}"
        answer = await lone_door.client.get(address, headers={"cookie": cookie})
        assert answer.status_code == 200 and UNIT in answer.text, answer.text
        return answer.text

    named = await page()
    assert "Xã &lt;b&gt;A&lt;/b&gt;</a>" in named and f"/years/2025/units/{UNIT}" in named
    for other in (await page("H44.2"), await page(form="appeal"), await page(sealed=NAME)):
        assert "&lt;b&gt;A" not in other
