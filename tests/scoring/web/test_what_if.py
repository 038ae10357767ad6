"""A what-if in the browser: sent or typed, waited for, refused at its line, and filtered."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.chassis.auth.credentials import Issuer
from services.chassis.cancellation import BackgroundTasks
from services.chassis.http.service_api import compose
from services.scoring.errors import WhatIfsWait
from services.scoring.ratings.what_if import WhatIf
from services.scoring.readmodel.what_if import WhatIfs
from services.scoring.rubrics.loader import SHIPPED
from services.scoring.web import what_if_trials
from tests.scoring.answering import Answering, answering
from tests.scoring.test_road import due, published, registered
from tests.scoring.web.visiting import Visiting, hidden

pytestmark = pytest.mark.anyio
HOSTILE = "<script>alert(1)</script>=1+1"
KEY, PAGE = "H44.1", "/years/2025/what-if"
TEXT = (SHIPPED / "viet-tri-2025-commune.yaml").read_text("utf-8")
LOWER = re.sub(r"maximum: \d+", "maximum: 5", TEXT, count=1)
CITY = [
    registered("H44.1", "Xã Hy Cương"), registered("H44.2", HOSTILE),
    *[due(unit, item) for unit in ("H44.1", "H44.2") for item in "ab"],
    published("H44.1", "a"), published("H44.1", "b"), published("H44.2", "a"),
]  # fmt: skip


@pytest.fixture
async def made(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Answering]:
    """Two communes, of which one has published everything."""
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with answering(home, url, issuer, CITY) as made:
        yield made


def hidden_field(page: httpx.Response, name: str) -> str:
    """A hidden field whose name does not begin with an underscore."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None
    return found[1]


async def begin(
    visiting: Visiting, texts: Sequence[str] = (), files: Sequence[tuple[str, str]] = (),
    role: str = "hr", **claims: Any,
) -> httpx.Response:  # fmt: skip
    """Sends the form with texts in its fields, and files."""
    ((name, value),) = visiting.cookie(role, **claims).items()
    session = {"cookie": f"{name}={value}"}
    form = hidden(await visiting.ask("GET", PAGE, headers=session))
    sent = {**form, "text": [*texts], "name": ["" for _ in texts]}
    parts = [("file", (name, text.encode(), "text/yaml")) for name, text in files]
    parts = parts or [("file", ("", b"", "application/octet-stream"))]
    return await visiting.ask("POST", PAGE, form=sent, files=parts, headers=session)


async def outcome(visiting: Visiting, answer: httpx.Response, query: str = "") -> httpx.Response:
    """The page to which the form led."""
    assert answer.status_code == 303, answer.text
    return await visiting.ask("GET", answer.headers["location"] + query, "hr")


async def test_the_outcome_says_who_falls_and_by_which_indicators(made: Answering) -> None:
    """Of a file that was dropped in; all of it as CSV, in which no name is a formula."""
    visiting = Visiting(made.app)
    answer = await begin(visiting, files=[("đề xuất.yaml", LOWER)])
    page = await outcome(visiting, answer)
    assert page.status_code == 200 and "Không phải đọc lại sự kiện nào" in page.text
    assert "Giới hạn của tổng điểm" in page.text and "<script>alert" not in page.text
    file = await visiting.ask("GET", f"{answer.headers['location']}/units.csv", "hr")
    rows = [*csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))]
    assert {row["unit"] for row in rows} == {"H44.1", "H44.2"}
    for row in rows:
        parts = [float(v) for k, v in row.items() if k.startswith(("indicator.", "part."))]
        assert round(sum(parts), 2) == float(row["difference"])
        assert float(row["total_then"]) == 5
    edit = await visiting.ask("GET", f"{PAGE}?trial={answer.headers['location'][-22:]}", "hr")
    assert "maximum: 5" in edit.text and "đề xuất.yaml" in edit.text


async def test_units_are_found_and_filtered(made: Answering) -> None:
    """Without diacritics, and by how they move; without a match the page says so."""
    visiting = Visiting(made.app)
    answer = await begin(visiting, [LOWER])
    found = await outcome(visiting, answer, "?q=hy+cuong")
    assert "Xã Hy Cương" in found.text and "H44.2" not in found.text
    none = await outcome(visiting, answer, "?move=enters")
    assert "Không có đơn vị nào phù hợp" in none.text
    moves = [await outcome(visiting, answer, f"?move={m}") for m in ("rises", "falls", "stays")]
    assert sum(f"/years/2025/units/{KEY}" in page.text for page in moves) == 1


async def test_a_faulty_rubric_is_shown_at_its_line_with_its_text(made: Answering) -> None:
    """In both languages; what was typed stays, also that of the other texts."""
    visiting = Visiting(made.app)
    broken = TEXT.replace("kinds:", "kindz:", 1)
    line = broken[: broken.index("kindz:")].count("\n") + 1
    answer = await begin(visiting, [LOWER], [("lỗi.yaml", broken)])
    for language, word in (("vi", "Dòng"), ("en", "Line")):
        page = await visiting.ask(
            "GET", answer.headers["location"], "hr", headers={"accept-language": language}
        )
        assert page.status_code == 422
        assert f"{word} {line}:" in page.text and "lỗi.yaml" in page.text
        assert "kindz:" in page.text and "maximum: 5" in page.text
        assert page.text.count('aria-invalid="true"') == 1


async def test_a_what_if_that_reads_events_is_waited_for_without_scripts(
    made: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser asks again by itself; the page says how far it is."""
    gate, answer_now = asyncio.Event(), WhatIfs.answer

    async def answer_late(self: WhatIfs, year: int, texts: Any, progress: Any) -> WhatIf:
        progress(3, 12)
        await gate.wait()
        return await answer_now(self, year, texts, progress)

    monkeypatch.setattr(WhatIfs, "answer", answer_late)
    monkeypatch.setattr(what_if_trials, "SETTLE_SECONDS", 0)
    visiting = Visiting(made.app)
    answer = await begin(visiting, [LOWER])
    waiting = await outcome(visiting, answer)
    assert waiting.headers["refresh"] == "2" and "3 trên 12 đơn vị" in waiting.text
    file = await visiting.ask("GET", f"{answer.headers['location']}/units.csv", "hr")
    assert file.status_code == 404
    gate.set()
    while "refresh" in (ready := await outcome(visiting, answer)).headers:
        await asyncio.sleep(0)
    assert "Tiêu chí nào làm thay đổi" in ready.text


async def test_a_busy_service_keeps_the_texts(
    made: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says to try again, and the form is ready for it."""

    async def refuse(*_: object) -> WhatIf:
        raise WhatIfsWait

    monkeypatch.setattr(WhatIfs, "answer", refuse)
    visiting = Visiting(made.app)
    page = await outcome(visiting, await begin(visiting, [LOWER]))
    assert page.status_code == 503 and page.headers["retry-after"]
    assert "Hãy thử lại sau" in page.text and "maximum: 5" in page.text


async def test_a_form_without_a_text_or_with_too_many_is_refused(made: Answering) -> None:
    """At the field of the files, with what was typed."""
    visiting = Visiting(made.app)
    nothing = await begin(visiting, [" "])
    assert nothing.status_code == 422 and "hãy chọn ít nhất một tệp" in nothing.text
    many = await begin(visiting, [LOWER], [(f"{n}.yaml", TEXT) for n in range(8)])
    assert many.status_code == 422 and "9 bộ tiêu chí là quá nhiều" in many.text
    long = await outcome(visiting, await begin(visiting, files=[("dài.yaml", "x" * 300_000)]))
    assert long.status_code == 422 and "dài.yaml" in long.text and len(long.text) < 100_000
    assert "chọn lại dài.yaml" in long.text and "chọn lại" in many.text
    assert "7.yaml sau khi" in many.text and "chọn lại 0.yaml" not in many.text


async def test_texts_come_back_after_a_session_that_ended(made: Answering) -> None:
    """As they were typed; a file that was dropped in has to be chosen again."""
    visiting = Visiting(made.app)
    ((name, value),) = visiting.cookie("hr").items()
    form = hidden(await visiting.ask("GET", PAGE, headers={"cookie": f"{name}={value}"}))
    sent = {**form, "text": ["maximum: 61"], "name": ["gõ tay"]}
    parts = [("file", ("đề xuất.yaml", TEXT.encode(), "text/yaml"))]
    asked = await visiting.ask("POST", PAGE, form=sent, files=parts)
    assert asked.status_code == 401
    kept = {"kept": hidden_field(asked, "kept")}
    back = await visiting.ask("POST", "/return", "hr", form=kept)
    assert back.status_code == 200 and "maximum: 61</textarea>" in back.text
    assert "gõ tay" in back.text and "chọn lại đề xuất.yaml" in back.text


async def test_a_present_rubric_is_opened_to_be_edited(made: Answering) -> None:
    """As it is in the file."""
    visiting = Visiting(made.app)
    page = await visiting.ask("GET", PAGE, "hr")
    link = re.search(rf'href="({PAGE}\?rubric=[^"]*commune[^"]*)"', page.text)
    assert link is not None
    opened = await visiting.ask("GET", link[1], "hr")
    assert "<textarea" in opened.text and "viet-tri-2025-commune" in opened.text


async def test_nobody_else_sees_a_what_if(made: Answering) -> None:
    """Not even with its address; nor does a person whose result is gone."""
    visiting = Visiting(made.app)
    answer = await begin(visiting, [LOWER], name="bà Lan")
    path = answer.headers["location"]
    own = await visiting.ask("GET", path, "hr", name="bà Lan")
    other = await visiting.ask("GET", path, "hr", name="ông Minh")
    assert (own.status_code, other.status_code) == (200, 404)
    assert "không còn được giữ" in other.text


@pytest.fixture
async def replicas(
    home: Path, tmp_path: Path, issuer: Issuer
) -> AsyncIterator[tuple[Answering, Answering]]:
    """Two processes of queries on one database, each of which knows that there are two."""
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with (
        answering(home, url, issuer, CITY, http_replicas=2) as one,
        answering(home, url, issuer, (), http_replicas=2) as other,
    ):
        yield one, other


class RoundRobin(httpx.AsyncBaseTransport):
    """A proxy without sticky cookies: each request goes to the next process."""

    def __init__(self, made: Sequence[Answering]) -> None:
        roots = [compose({"scoring": (each.app.api, each.app.health)}, each.app.pages)
                 for each in made]  # fmt: skip
        self.ways = itertools.cycle(httpx.ASGITransport(root) for root in roots)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the next process."""
        return await next(self.ways).handle_async_request(request)


def browsing(made: Sequence[Answering], **claims: Any) -> httpx.AsyncClient:
    """A browser behind such a proxy, signed in."""
    return httpx.AsyncClient(
        transport=RoundRobin(made), base_url="http://danchu", follow_redirects=True,
        cookies=Visiting(made[0].app).cookie("hr", **claims),
    )  # fmt: skip


@pytest.mark.parametrize("first", [0, 1])
async def test_behind_a_proxy_that_takes_turns_a_what_if_is_found(
    replicas: tuple[Answering, Answering], first: int
) -> None:
    """Its page, its file and its texts, whichever replica is asked first; and what is typed wrong
    is shown as typed."""
    async with browsing(replicas) as browser:
        for _ in range(first):
            await browser.get("/sign-in")
        form = hidden(await browser.get(PAGE)) | {"text": LOWER, "name": ""}
        page = await browser.post(PAGE, data=form)
        for _ in range(4):
            assert page.status_code == 200 and "Giới hạn của tổng điểm" in page.text
            page = await browser.get(page.url)
        for _ in range(2):
            file = await browser.get(f"{page.url}/units.csv")
            assert file.status_code == 200 and len(file.content) > 100
            edit = await browser.get(PAGE, params={"trial": page.url.path[-22:]})
            assert "maximum: 5" in edit.text
        form = hidden(await browser.get(PAGE)) | {"text": LOWER.replace("kinds:", "kindz:", 1)}
        faulty = await browser.post(PAGE, data=form)
        assert faulty.status_code == 422 and "kindz:" in faulty.text


async def test_a_what_if_that_no_replica_has_is_explained_after_a_few_tries(
    replicas: tuple[Answering, Answering],
) -> None:
    """In both languages, on a connection of its own each time, and with the way on."""
    async with browsing(replicas) as browser:
        for language, words in (("vi", "tải lại trang này"), ("en", "Load this page again")):
            browser.cookies.delete("danchu_replicas_asked", path=f"{PAGE}/gone")
            page = await browser.get(f"{PAGE}/gone", headers={"accept-language": language})
            assert page.status_code == 404 and words in page.text
            assert len(page.history) == 6
            assert {each.headers["connection"] for each in page.history} == {"close"}


async def test_few_trials_are_kept_and_none_for_long(
    made: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest go first, and each after its time."""
    now = 1_000_000
    monkeypatch.setattr(what_if_trials, "TRIALS_MAX", 2)
    trials = what_if_trials.Trials(
        _WhatIfs(),  # type: ignore[arg-type]
        lambda: now,
        BackgroundTasks(),
    )
    begun = [await trials.begin("x", 2025, []) for _ in range(3)]
    kept = [trials.find(each.id, "x", 2025) for each in begun]
    assert kept == [None, *begun[1:]]
    now += (what_if_trials.LIFE_MINUTES + 1) * what_if_trials.MINUTE
    assert trials.find(begun[2].id, "x", 2025) is None


class _WhatIfs:
    """Answers nothing at once."""

    async def answer(self, *_: object) -> None:
        """Nothing."""
