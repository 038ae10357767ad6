"""The public view: sealed years alone, the same for everybody, nothing of persons and cases."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from services.scoring.app import build
from services.scoring.sealing.commands import StageCommands, StageOrder
from services.scoring.settings import ScoringSettings
from services.scoring.web.permissions import PUBLIC_PAGES
from services.scoring.web.public_guard import KEPT_SECONDS
from services.scoring.web.public_site import PublicView
from tests.scoring.sealing.town import (
    FEBRUARY,
    ORDER,
    SECOND,
    YEAR,
    Town,
    open_town,
    publish,
    recorded,
    registration,
    service_of,
)
from tests.scoring.test_road import due, published
from tests.scoring.web.visiting import Visiting
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
UNIT, CODE, PAGE = "H44.1", "000.00.01.H44", "/public/years/2025"
CANARY = "kin-dao-7"
"""Part of each key, text and number that is nobody's business."""
HIDDEN = [
    event("case", "violation.handled", subject=UNIT,
          data={"case": f"{CANARY}-vu", "severity": "dismissal", "by_head": True,
                "self_found": False}),
    event("head", "unit.headed", subject=UNIT,
          data={"head": f"{CANARY}-nguoi", "effective": "2025-01-01"}),
    event("person", subject=UNIT,
          data={"person": f"{CANARY}-can-bo", "course": "c", "topic": "democracy", "hours": 8}),
    event("self", "selfscore.submitted", subject=UNIT,
          data={"indicator": "disclosure", "points": "11.11", "note": f"{CANARY} tự chấm"}),
    event("appeal", "appeal.filed", subject=UNIT,
          data={"appeal": f"{CANARY}-kn", "reason": f"{CANARY} kiến nghị"}),
    event("answer", "appeal.decided", subject=UNIT,
          data={"appeal": f"{CANARY}-kn", "outcome": "rejected", "decision": f"{CANARY}/QĐ"}),
    event("minus", "adjustment.decided", subject=UNIT,
          data={"decision": f"{CANARY}/QĐ", "points": "-1.23", "reason": f"{CANARY} lý do"}),
    event("code", "unit.recoded", subject=UNIT, data={"code": CODE, "effective": "2025-02-01"}),
]  # fmt: skip
DUTIES = [
    made
    for number in range(6)
    for made in (due(UNIT, f"{CANARY}{number}"), published(UNIT, f"{CANARY}{number}"))
] + [
    event(short, short, subject=UNIT, data={**data, "action": "amended"} if done else data)
    for short, data, done in (
        ("regulation.due", {"document": CANARY}, False),
        ("regulation.issued", {"document": CANARY}, True),
        ("convention.due", {"community": CANARY}, False),
        ("convention.reviewed", {"community": CANARY}, True),
    )
]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Six communes, of which the first has all that must stay hidden."""
    at = FEBRUARY
    events = [registration(f"H44.{number}", at + number) for number in range(1, 7)]
    events += [recorded(each, at + 100 + n) for n, each in enumerate([*HIDDEN, *DUTIES])]
    url = f"sqlite:///{tmp_path / 'town.db'}"
    async with open_town(url, tmp_path, events, FEBRUARY + SECOND) as made:
        yield made


async def seal(place: Town, number: str = "1/QĐ") -> None:
    """Publishes the year and seals it."""
    await publish(place, number)
    await place.mark(place.clock.now)
    service = service_of(place)
    await service.drafts.draw_up(YEAR, StageOrder(f"{number}-2", *ORDER[1:]))
    await service.seals.seal(YEAR, None, "auditor")


def visiting(place: Town, folder: Path, public: bool = True) -> Visiting:
    """The pages of the town."""
    url = f"sqlite:///{folder / 'town.db'}"
    settings = ScoringSettings(home=folder / "home", database_url=url, public_view=public)
    return Visiting(build(settings, "http", place.clock))


async def walk(visits: Visiting) -> dict[str, Any]:
    """Every page that links of the public view lead to, from its first one, by address."""
    answers: dict[str, Any] = {}
    waiting = ["/public", f"{PAGE}/units/{CODE}", f"{PAGE}?q={UNIT}&lang=en"]
    while waiting:
        path = waiting.pop()
        answers[path] = answer = await visits.ask("GET", path)
        links = [html.unescape(link) for link in re.findall(r'href="(/[^"]*)"', answer.text)]
        links += [answer.headers["location"]] if answer.status_code in (303, 307) else []
        known = {*answers, *waiting}
        waiting += [link for link in dict.fromkeys(links)
                    if link.startswith("/public") and link not in known]  # fmt: skip
    return answers


async def test_nothing_of_persons_and_cases_is_served(town: Town, tmp_path: Path) -> None:
    """A walk over all that links lead to, in both languages: no canary in a body or a header."""
    await seal(town)
    visits = visiting(town, tmp_path)
    answers = await walk(visits)
    pages = [each for each in answers.values() if each.status_code == 200]
    assert {each.status_code for each in answers.values()} == {200, 303, 307}
    assert len(pages) > 2 * 8 and any('lang="en"' in page.text[:200] for page in pages)
    rated = (await visits.ask("GET", f"/years/{YEAR}/units/{UNIT}", "hr")).text
    assert rated.count(CANARY) > 10
    for path, answer in answers.items():
        assert CANARY not in answer.text and CANARY not in str(answer.headers), path
        for number in ("11,11", "11.11", "1,23", "1.23", "Người đứng đầu cản trở"):
            assert number not in answer.text, (path, number)


async def test_a_unit_shows_its_total_and_the_levels_of_lines_over_many_things(
    town: Town, tmp_path: Path
) -> None:
    """Six duties have one, single ones have none; a former code leads to the key."""
    await seal(town)
    visits = visiting(town, tmp_path)
    page = (await visits.ask("GET", f"{PAGE}/units/{UNIT}")).text
    assert "Xã H44.1" in page and "không công khai" in page
    levels = re.findall(r'class="level">.*?</svg> (.*?)</span>', page)
    assert {*levels} == {"dưới 25 %", "từ 75 % trở lên"}
    year = (await visits.ask("GET", PAGE)).text
    assert "Xã H44.1" in year and "6 đơn vị" in year
    led = await visits.ask("GET", f"{PAGE}/units/{CODE}?lang=en")
    assert led.headers["location"] == f"{PAGE}/units/{UNIT}?lang=en"


async def test_what_is_not_sealed_does_not_exist(town: Town, tmp_path: Path) -> None:
    """Open and published years are 404, and named by no list; after a reopening the seal stands."""
    visits = visiting(town, tmp_path)
    for published_ in (False, True):
        if published_:
            await publish(town)
        assert (await visits.ask("GET", PAGE)).status_code == 404
        assert (await visits.ask("GET", f"{PAGE}/units/{UNIT}")).status_code == 404
        assert "Chưa có năm nào được chốt" in (await visits.ask("GET", "/public/years")).text
    await town.mark(town.clock.now)
    service = service_of(town)
    await service.drafts.draw_up(YEAR, ORDER)
    await service.seals.seal(YEAR, None, "auditor")
    before = await visits.ask("GET", f"{PAGE}/units/{UNIT}")
    assert before.status_code == 200 and "đã được mở lại" not in before.text
    town.clock.now += SECOND
    late = [recorded(due(UNIT, "late"), town.clock.now), registration("H44.9", town.clock.now)]
    await town.fold.fold(late)
    commands = StageCommands(town.db, town.rubrics, town.clock)
    await commands.reopen(YEAR, StageOrder("5/QĐ", "2026-04-20", "Sự kiện muộn", "council"))
    after = await visits.ask("GET", f"{PAGE}/units/{UNIT}")
    assert "đã được mở lại" in after.text
    numbers = re.compile(r'class="(?:figure-value|number)"[^>]*>(.*?)</')
    assert numbers.findall(after.text) == numbers.findall(before.text)
    assert (await visits.ask("GET", f"{PAGE}/units/H44.9")).status_code == 404


async def test_off_it_is_as_if_it_did_not_exist(town: Town, tmp_path: Path) -> None:
    """The answer of an address that was never there, and no word of it on the first page."""
    await seal(town)
    visits = visiting(town, tmp_path, public=False)
    assert not isinstance(visits.app.pages, PublicView)
    unknown = await visits.ask("GET", "/nowhere")
    for path in ("/public", "/public/years", PAGE, f"{PAGE}/units/{UNIT}"):
        answer = await visits.ask("GET", path)
        assert answer.status_code == unknown.status_code == 404
        assert answer.text.replace(quote(path, ""), "%2Fnowhere") == unknown.text
        assert answer.headers["cache-control"] == "no-store"
    assert "/public" not in (await visits.ask("GET", "/")).text
    assert "/public/years" in (await visiting(town, tmp_path).ask("GET", "/")).text


async def test_proxies_keep_a_page_that_is_the_same_for_everybody(
    town: Town, tmp_path: Path
) -> None:
    """No cookie is read or set; the digest answers 304; an error is kept by nobody."""
    await seal(town)
    visits = visiting(town, tmp_path)
    page = await visits.ask("GET", PAGE)
    signed_in = await visits.ask("GET", PAGE, "hr")
    assert page.content == signed_in.content and "set-cookie" not in signed_in.headers
    assert page.headers["cache-control"] == f"public, max-age={KEPT_SECONDS}"
    assert page.headers["vary"] == "Accept-Language, Accept-Encoding"
    assert page.headers["x-robots-tag"] == "noindex, noarchive"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    tag = page.headers["etag"]
    same = await visits.ask("GET", PAGE, headers={"if-none-match": f'"x", {tag}'})
    assert same.status_code == 304 and same.content == b"" and same.headers["etag"] == tag
    assert same.headers["cache-control"] == page.headers["cache-control"]
    english = await visits.ask("GET", f"{PAGE}?lang=en", headers={"accept-language": "vi"})
    assert '<html lang="en">' in english.text and english.headers["etag"] != tag
    for path, status in ((f"{PAGE}?kind=x", 422), ("/public/years/1999", 404),
                         (f"{PAGE}/units/H44.99", 404), ("/public/x", 404)):  # fmt: skip
        error = await visits.ask("GET", path)
        assert error.status_code == status and error.headers["cache-control"] == "no-store"
    assert (await visits.ask("POST", PAGE)).status_code == 405
    odd = await visits.ask("GET", f"{PAGE}?cursor=zzz&class=Z&lang=en")
    assert odd.headers["location"] == f"{PAGE}?lang=en"


async def test_every_page_of_it_has_its_row(town: Town, tmp_path: Path) -> None:
    """A page without a row answers nobody; none of them asks who reads."""
    view: Any = visiting(town, tmp_path).app.pages
    routes = {f"{method} {route.path}" for route in view.routes.routes for method in route.methods}
    assert routes == set(PUBLIC_PAGES)
    assert all(row.roles is None for row in PUBLIC_PAGES.values())
