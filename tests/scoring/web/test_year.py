"""The overview of a year: what it shows of a small city, and that names are text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts import moments
from contracts.moment_texts import deadline_text
from contracts.navigation import PAGE_SERVICES
from services.chassis.auth.attempts import NAME_TRIES
from services.chassis.auth.credentials import Issuer
from services.chassis.web.local_address import local_address
from services.chassis.web.sessions import COOKIE
from services.scoring.web.pages.year import road, tone
from tests.scoring.answering import Answering, answering
from tests.scoring.test_road import due, published, registered
from tests.scoring.web.visiting import Visiting, hidden
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
HOSTILE = "<script>alert(1)</script>\"'=cmd|x & " + "dài " * 20 + "cuối"
CITY = [
    registered("H44.1", "Phường Dữu Lâu"), due("H44.1", "a"), published("H44.1", "a"),
    registered("H44.2", HOSTILE),
    event("appeal", "appeal.filed", subject="H44.1", data={"appeal": "KN-1", "reason": "xem lại"}),
]  # fmt: skip


@pytest.fixture
async def city(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Answering]:
    """Scoring with a good unit, and one with a hostile name."""
    async with answering(home, f"sqlite:///{tmp_path / 'scoring.db'}", issuer, CITY) as made:
        yield made


async def test_the_overview_lists_units_and_shows_hostile_names_as_text(city: Answering) -> None:
    """In both languages, with the policy of pages, and nothing that a cache may keep."""
    visiting = Visiting(city.app)
    page = await visiting.ask("GET", "/years/2025", "hr")
    assert page.status_code == 200 and '<html lang="vi">' in page.text
    assert "Phường Dữu Lâu" in page.text and "12,37" in page.text
    assert "<script>alert" not in page.text and "&lt;script&gt;alert" in page.text
    assert "style=" not in page.text and page.text.count("<script") == 1
    assert page.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    english = await visiting.ask(
        "GET", "/years/2025?q=duu+lau", "hr", headers={"accept-language": "en"}
    )
    assert "12.37" in english.text and "1 unit<" in english.text and "alert" not in english.text


async def test_a_period_of_replies_ends_with_a_day(city: Answering) -> None:
    """No midnight of the day after, which reads as that day; nor is a year over that is not."""
    visiting = Visiting(city.app)
    body = {"decision": "1/NQ", "date": "2026-01-05", "reason": "họp"}
    published = await city.ask("POST", "/years/2025/provisional", "council", body)
    until = moments.instant(published.json()["reply_until"])
    sentence = f"kiến nghị đến {deadline_text(until).vi}"
    assert "hết ngày" in sentence
    for path in ("/years/2025", "/desk/2025"):
        page = await visiting.ask("GET", path, "hr")
        assert sentence in page.text and "chưa kết thúc" not in page.text
    assert deadline_text(until).vi in (await visiting.ask("GET", "/desk/2025/appeals", "hr")).text
    assert "2999 chưa bắt đầu" in (await visiting.ask("GET", "/years/2999", "hr")).text


@pytest.mark.parametrize(
    ("unit", "sentences"),
    [
        ("H44.1", ["1 kiến nghị chưa"]),
        ("H44.2", []),
        ("H44.9", ["Không có đơn vị nào của bạn"]),
    ],
)
async def test_a_reader_of_some_units_is_told_of_these_alone(
    city: Answering, unit: str, sentences: list[str]
) -> None:
    """Appeals of others are not counted; without a unit the page says whom to ask."""
    page = await Visiting(city.app).ask("GET", "/years/2025", "reader", units=[unit])
    assert page.status_code == 200
    told = [each for each in ("1 kiến nghị chưa", "Không có đơn vị nào của bạn")
            if each in page.text]  # fmt: skip
    assert told == sentences


async def test_faults_are_pages_that_say_what_happened(city: Answering) -> None:
    """A year without rubric, a wrong filter, an address that is not there; a strange cursor."""
    visiting = Visiting(city.app)
    for path, status in (("/years/1901", 404), ("/years/x", 422), ("/no", 404),
                         ("/years/2025?kind=x", 422)):  # fmt: skip
        page = await visiting.ask("GET", path, "hr")
        assert page.status_code == status and "<h1>" in page.text, path
        assert page.headers["content-type"].startswith("text/html")
    led = await visiting.ask("GET", "/years/2025?cursor=zzz&class=Z", "hr")
    assert led.status_code == 303 and led.headers["location"] == "/years/2025"


async def test_signing_out_ends_the_session_and_deletes_its_cookie(city: Answering) -> None:
    """The id of the session is revoked in the database, as that of a token."""
    visiting = Visiting(city.app)
    (cookie,) = visiting.cookie("hr").values()
    session = {"cookie": f"{COOKIE}={cookie}"}
    page = await visiting.ask("GET", "/years/2025", headers=session)
    answer = await visiting.ask("POST", "/sign-out", form=hidden(page), headers=session)
    assert answer.status_code == 303
    assert f"{COOKIE}=; " in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    after = await visiting.ask("GET", "/years/2025", headers=session)
    assert after.status_code == 303
    for service in PAGE_SERVICES:  # which are not served at this address, and so passed by
        assert answer.headers["location"].startswith(f"/{service}/pages/sign-out?")
        answer = await visiting.ask("GET", answer.headers["location"])
    assert answer.headers["location"] == "/?notice=signed-out"


async def test_after_wrong_passwords_a_name_waits_whether_there_is_such_an_account(
    city: Answering, caplog: pytest.LogCaptureFixture
) -> None:
    """With the sentence that an unknown name gets; the log has neither name nor password."""
    visiting = Visiting(city.app)
    guest = {"cookie": "danchu_visit=the-same"}
    page = await visiting.ask("GET", "/sign-in", headers=guest)
    form = {**hidden(page), "name": "khong-co", "password": "mat-khau-sai"}
    answers = [
        (await visiting.ask("POST", "/sign-in", form=form, headers=guest)).status_code
        for _ in range(NAME_TRIES + 1)
    ]
    assert answers == [401] * NAME_TRIES + [429]
    paused = await visiting.ask("POST", "/sign-in", form=form, headers=guest)
    assert paused.headers["retry-after"].isdecimal() and "mat-khau-sai" not in paused.text
    assert "khong-co" not in caplog.text and "mat-khau-sai" not in caplog.text


@pytest.mark.parametrize(
    "text", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a b", "/é", "x"]
)
def test_a_sign_in_leads_to_no_other_site(text: str) -> None:
    """What comes with a link is an address of ours, or the first page."""
    assert local_address(text) == "/"
    assert local_address("/years/2025?q=hy+cuong") == "/years/2025?q=hy+cuong"


def test_classes_and_stages_have_their_places() -> None:
    """The best class is the first tone, whatever it is called; a reopened year has one more."""
    assert [tone(("Tốt", "Khá", "Đạt", "Kém", "X"), name) for name in ("Tốt", "Kém", "X")] == [
        "a", "d", "d",
    ]  # fmt: skip
    assert [step.stage for step in road("open") if step.current] == ["open"]
    assert [step.stage for step in road("provisional") if step.next] == ["sealed"]
    assert len(road("open")) == 3 and len(road("reopened")) == 4
