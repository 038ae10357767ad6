"""Signs of gaming as a page: questions with their events, whatever stands in these."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from services.chassis.auth.credentials import Issuer
from services.scoring.ratings.signs import UNITS_LEAST, WINDOW_LEAST
from tests.scoring.answering import answering
from tests.scoring.test_road import published, registered
from tests.scoring.web.visiting import Visiting

pytestmark = pytest.mark.anyio
SOURCE = "urn:<script>alert(1)</script>"
NAME = "Xã <b>Một</b>"
DIGEST = "cd" * 32


async def test_each_question_names_units_and_leads_to_its_events(
    home: Path, tmp_path: Path, issuer: Issuer
) -> None:
    """Texts stay texts, a link shows the event first, and the visit is a line of the log."""
    units = [f"H44.{n}" for n in range(UNITS_LEAST)]
    entries = [{**published(units[0], f"{n}"), "source": SOURCE} for n in range(WINDOW_LEAST)]
    evidence = {"evidence": [{"document": "x", "sha256": DIGEST}]}
    for unit in units:
        event = published(unit, "shared")
        entries.append({**event, "data": {**event["data"], **evidence}})
    events = [*[registered(unit, NAME) for unit in units], *entries]
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with answering(home, url, issuer, events) as city:
        visiting = Visiting(city.app)
        page = await visiting.ask("GET", "/audit/signs/2025", "auditor", name="bà Lan")
        assert page.status_code == 200
        assert SOURCE not in page.text and html.escape(SOURCE) in page.text
        assert NAME not in page.text and html.escape(NAME) in page.text
        assert f"{DIGEST[:16]}…" in page.text and "Có thể vô hại" in page.text
        links = [
            html.unescape(each) for each in re.findall(r'href="([^"]*cursor=[^"]*)"', page.text)
        ]
        assert len(links) >= UNITS_LEAST + 1
        for link in links:
            shown = await visiting.ask("GET", html.unescape(link), "auditor")
            assert shown.status_code == 200 and "<tbody>" in shown.text
        (line, *_) = [each for each in await city.lines() if each["what"] == "signs"]
        assert (line["who"], line["year"]) == ("bà Lan", 2025) and set(line["units"]) == set(units)
