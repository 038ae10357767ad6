"""A form whose session had ended: nothing typed is lost, nothing is sent unseen, to nobody else."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services.chassis.auth.credentials import Issuer
from services.chassis.clock import now_us
from services.chassis.web.form_return import SENT_MAX
from services.chassis.web.forms import FILE_BYTES_MAX
from services.chassis.web.sessions import COOKIE, Sessions, open_sessions
from services.training import app as training
from tests.support.builders.desks import Desk, open_desk

pytestmark = pytest.mark.anyio
LIST, RETURN = "/training/pages/courses", "/training/pages/return"
NEW = f"{LIST}/new"
UPLOAD = "/training/pages/rosters/H44.1/import"
TYPED = {
    "unit": "H44.1", "title": "Dân chủ <b>&</b> \"trích\" 'cơ sở'", "hours": "7,5",
    "topic": "democracy",
}  # fmt: skip
HOUR = 3_600_000_000


@pytest.fixture
async def desk(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Desk]:
    """The running service."""
    url = f"sqlite:///{tmp_path / 'training.db'}"
    async with open_desk("training", training.build, training.migrated, home, url, issuer) as made:
        yield made


class Person:
    """A browser in front of the pages, whose session may end."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.cookie = desk, ""
        self.sessions: Sessions = open_sessions(desk.app.parts.settings)

    def sign_in(self, name: str, ago: int = 0) -> None:
        """A new session, which began some hours ago."""
        then = replace(self.sessions, clock=lambda: now_us() - ago * HOUR)
        self.cookie = f"{COOKIE}={then.seal(then.begin(name, 'clerk', ['H44.1']))}"

    async def get(self, path: str) -> httpx.Response:
        """A page."""
        return await self.desk.client.get(path, headers={"cookie": self.cookie})

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """A form."""
        own = {"cookie": self.cookie, **headers}
        return await self.desk.client.post(path, data=fields, headers=own)

    async def typed(self) -> dict[str, str]:
        """The form of a new course, filled in within a session."""
        page = await self.get(NEW)
        return {**inputs(page), **TYPED}


def inputs(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of the last form of a page."""
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found}


def shown(page: httpx.Response) -> dict[str, Any]:
    """What stands in the fields of a form."""
    found = re.findall(r'id="field-(\w+)" name="\w+" type="\w+" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found}


async def courses(desk: Desk) -> int:
    """How many courses there are."""
    return len((await desk.ask("GET", "courses", "clerk")).json()["items"])


@pytest.mark.parametrize("missing", [False, True], ids=["expired", "missing"])
async def test_what_was_typed_is_shown_again_to_the_same_person(desk: Desk, missing: bool) -> None:
    """After the sign-in; it is the same command as before, and is sent by the person alone."""
    person = Person(desk)
    person.sign_in("lan")
    fields = await person.typed()
    person.sign_in("lan", ago=9)
    if missing:
        person.cookie = ""
    asked = await person.post(LIST, fields)
    assert asked.status_code == 401 and TYPED["title"] not in html.unescape(asked.text)
    assert 'value="lan"' in asked.text and 'action="/sign-in"' in asked.text
    kept = {"kept": inputs(asked)["kept"]}
    assert inputs(asked)["back"] == RETURN
    again = await person.post(RETURN, kept)
    assert again.status_code == 401 and inputs(again)["kept"] == kept["kept"]
    person.sign_in("lan")
    page = await person.post(RETURN, kept)
    assert page.status_code == 200 and await courses(desk) == 0
    assert {name: shown(page)[name] for name in ("unit", "title", "hours")} == {
        name: TYPED[name] for name in ("unit", "title", "hours")
    }
    assert "chưa được gửi" in page.text
    hidden = inputs(page)
    assert hidden["_form"] == fields["_form"] and hidden["_token"] != fields["_token"]
    for _ in range(2):
        sent = await person.post(LIST, {**hidden, **TYPED})
        assert sent.status_code == 303, sent.text
    assert await courses(desk) == 1


async def test_another_person_does_not_see_it(desk: Desk) -> None:
    """Nor one whose text was changed, nor one that another site sends."""
    person = Person(desk)
    person.sign_in("lan")
    fields = await person.typed()
    person.cookie = ""
    kept = {"kept": inputs(await person.post(LIST, fields))["kept"]}
    person.sign_in("minh")
    refused = await person.post(RETURN, kept)
    assert refused.status_code == 403 and TYPED["title"] not in html.unescape(refused.text)
    person.sign_in("lan")
    changed = kept["kept"][:-4] + ("AAAA" if kept["kept"][-4:] != "AAAA" else "BBBB")
    assert (await person.post(RETURN, {"kept": changed})).status_code == 403
    foreign = {"sec-fetch-site": "cross-site"}
    assert (await person.post(RETURN, kept, **foreign)).status_code == 403
    person.cookie = ""
    assert (await person.post(LIST, fields, **foreign)).status_code == 303
    for forged in ({"_owner": "x"}, {"_token": "x"}):
        assert (await person.post(LIST, {**fields, **forged})).status_code == 303


async def test_a_form_that_a_page_of_another_service_claims_is_not_shown(desk: Desk) -> None:
    """The page that is shown again is one of this service, asked for as by a link."""
    person = Person(desk)
    person.sign_in("lan")
    fields = await person.typed()
    for page in ("1 /awards/pages/x", "1 //evil.example", "1 https://evil.example", "", "1 /no"):
        person.cookie = ""
        kept = {"kept": inputs(await person.post(LIST, {**fields, "_page": page}))["kept"]}
        person.sign_in("lan")
        assert (await person.post(RETURN, kept)).status_code == 403, page


async def test_a_form_of_an_earlier_session_is_shown_again_and_not_sent(desk: Desk) -> None:
    """Whoever signed in anew in another tab sends the form of the first one."""
    person = Person(desk)
    person.sign_in("lan")
    fields = await person.typed()
    person.sign_in("lan")
    page = await person.post(LIST, fields)
    assert page.status_code == 200 and shown(page)["title"] == TYPED["title"]
    assert await courses(desk) == 0
    assert (await person.post(LIST, {**inputs(page), **TYPED})).status_code == 303
    person.sign_in("minh")
    assert (await person.post(LIST, fields)).status_code == 403
    assert await courses(desk) == 1


async def test_an_error_page_leads_back_to_what_was_typed(desk: Desk) -> None:
    """Whatever went wrong; a page that somebody only opened has nothing to go back to."""
    person = Person(desk)
    person.sign_in("lan")
    fields = await person.typed()
    lost = f"{LIST}/course-00000000-0000-0000-0000-000000000000/hold"
    error = await person.post(lost, fields)
    assert error.status_code == 404 and f'action="{RETURN}"' in error.text
    page = await person.post(RETURN, {"kept": inputs(error)["kept"]})
    assert page.status_code == 200 and shown(page)["title"] == TYPED["title"]
    assert 'name="kept"' not in (await person.get(lost)).text


async def test_rows_that_were_being_mended_come_back(desk: Desk) -> None:
    """The session ends over the wrong rows of a list: what was typed into their cells is shown."""
    person, page = Person(desk), "/training/pages/rosters/H44.1/import"
    person.sign_in("lan")
    blank = inputs(await person.get(page))
    raw = "Số hiệu cán bộ;Họ và tên;Vai trò\nCB-1;Lan;Sếp\nCB-2;Minh;Khác\n".encode()
    own = {"cookie": person.cookie}
    refused = await desk.client.post(page, data=blank, files={"file": ("a.csv", raw)}, headers=own)
    mended = {**inputs(refused), "cell-2-role": "Khác", "cell-2-name": "Lan Anh"}
    cells = {name: (None, text) for name, text in mended.items()}
    person.cookie = ""
    asked = await desk.client.post(f"{page}/rows", files=cells)
    person.sign_in("lan")
    again = await person.post(RETURN, {"kept": inputs(asked)["kept"]})
    assert again.status_code == 200 and 'name="cell-2-name" value="Lan Anh"' in again.text
    assert "Minh" in again.text and 'type="file"' not in again.text


async def test_very_much_text_comes_back_by_another_tab(desk: Desk) -> None:
    """Beyond what fits into the form to sign in; what no page takes is not kept."""
    person = Person(desk)
    person.sign_in("lan")
    rng = "".join(chr(0x20 + (number * 7919) % 90) + str(number) for number in range(70_000))
    fields = {**(await person.typed()), "title": rng}
    person.cookie = ""
    asked = await person.post(LIST, fields)
    large = len(inputs(asked)["kept"]) > 400_000
    assert ('action="/sign-in"' in asked.text) is not large and 'name="kept"' in asked.text
    assert _leads_to_lost(await person.post(LIST, {**fields, "title": "x" * 600_000}), LIST)


def _leads_to_lost(answer: httpx.Response, page: str) -> bool:
    """Whether it leads to the sign-in that says that nothing could be kept, and back."""
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return answer.status_code == 303 and query == {"next": [page], "lost": ["1"]}


async def test_a_file_is_named_beside_its_field_and_a_large_one_is_said_to_be_lost(
    desk: Desk,
) -> None:
    """No page can choose it again for the person; up to 16 MiB the sender gets an answer."""
    person = Person(desk)
    person.sign_in("lan")
    hidden = inputs(await person.get(UPLOAD))
    person.cookie = ""
    for size, kept in ((1_000, True), (SENT_MAX, False), (FILE_BYTES_MAX - 2_000, False)):
        files = {"file": ("danh sách.xlsx", b"x" * size, "application/octet-stream")}
        answer = await desk.client.post(UPLOAD, data=hidden, files=files)
        if not kept:
            assert _leads_to_lost(answer, UPLOAD)
            continue
        assert answer.status_code == 401 and "Tệp phải chọn lại: danh sách.xlsx" in answer.text
        person.sign_in("lan")
        page = await person.post(RETURN, {"kept": inputs(answer)["kept"]})
        assert 'id="hint-file">Trình duyệt không giữ tệp' in page.text
        assert "chọn lại danh sách.xlsx" in page.text
