"""The audit as pages: its last result, checkpoints, the log of reads, whatever is missing."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts import moments
from contracts.messages import Message
from services.chassis import read_log
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import now_us
from services.chassis.read_log import Read
from services.scoring.store import audit_results
from services.scoring.store.audit_results import FIRST_MAX, audit_result
from tests.scoring.answering import Answering, answering
from tests.scoring.api.test_permissions import CITY
from tests.scoring.web.visiting import Visiting

pytestmark = pytest.mark.anyio
HOSTILE = "<script>alert(1)</script>\u202e"
DAY = "2026-03-05"
NOON = moments.instant(f"{DAY}T12:00:00+07:00")
HOUR_US = 3600 * 1_000_000


@pytest.fixture
async def city(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Answering]:
    """Scoring without NATS and without an audit."""
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with answering(home, url, issuer, CITY) as made:
        yield made


async def save(city: Answering, started: int, differences: list[str]) -> None:
    """An audit that took an hour."""
    async with city.app.db.write() as conn:
        result = audit_result(started, started + HOUR_US, differences)
        await audit_results.save(conn, result)


async def test_the_last_audit_is_shown_and_an_old_one_is_said(city: Answering) -> None:
    """None yet, one that agrees, one with more differences than are kept; texts stay texts."""
    visiting = Visiting(city.app)
    assert "Chưa đối chiếu lần nào" in (await visiting.ask("GET", "/audit", "operator")).text
    await save(city, now_us() - 2 * HOUR_US, [])
    page = (await visiting.ask("GET", "/audit", "auditor")).text
    assert "Mọi thứ khớp" in page and "Đã hơn 8 ngày" not in page
    differing: list[str] = [Message("x", f"vi {HOSTILE}", "en")] * (FIRST_MAX + 7)
    await save(city, NOON, differing)
    page = (await visiting.ask("GET", "/audit", "auditor")).text
    assert "57 điểm không khớp" in page and "Còn 7 điểm nữa" in page and "Đã hơn 8 ngày" in page
    assert HOSTILE not in page and html.escape(HOSTILE) in page
    assert "NATS không trả lời" in page


async def test_a_year_without_checkpoints_or_rubric_says_so(city: Answering) -> None:
    """Neither is an error of the page."""
    visiting = Visiting(city.app)
    for year, sentence in (("2025", "chưa có điểm kiểm tra"), ("1999", "Không bộ tiêu chí nào")):
        page = await visiting.ask("GET", f"/audit?year={year}", "operator")
        assert page.status_code == 200 and sentence in page.text


async def test_the_log_is_narrowed_by_person_content_unit_and_day_and_paged(
    city: Answering,
) -> None:
    """The last day is included; what nobody wrote is an empty list, days in disorder a refusal."""
    lines = [
        Read(NOON + number, "hr", f"p{number % 2}", ("sheet", "pdf")[number % 2], 1, "::1", 2025,
             "H44.1")
        for number in range(120)
    ]  # fmt: skip
    lines.append(Read(NOON - 24 * HOUR_US, "hr", HOSTILE, "later-version", 2, "::1", 2025, None,
                      ",H44.1,H44.2,"))  # fmt: skip
    async with city.app.db.write() as conn:
        await read_log.insert(conn, lines)
    visiting = Visiting(city.app)

    async def number(query: str) -> int:
        """The lines of all pages of a selection."""
        address, found = f"/audit/reads?{query}", 0
        while address:
            page = await visiting.ask("GET", address, "auditor")
            assert page.status_code == 200
            found += page.text.count('<th scope="row">')
            following = re.search(r'rel="next" href="([^"]+)"', page.text)
            address = html.unescape(following[1]) if following else ""
        return found

    assert await number("") == 121
    assert await number("who=p1") == await number("what=pdf") == 60
    assert await number("unit=H44.2") == await number("to=2026-03-04") == 1
    assert await number(f"from={DAY}&to={DAY}") == 120 and await number(f"from={DAY}&who=x") == 0
    page = await visiting.ask("GET", f"/audit/reads?from={DAY}&to=2026-03-04", "auditor")
    assert page.status_code == 422
    page = await visiting.ask("GET", "/audit/reads?unit=H44.2", "auditor")
    assert HOSTILE not in page.text and "later-version" in page.text
