"""What holds for every state of `states.py`, as for the pages of the catalog, and for every fault.

Faults that no form of a running city brings about are answered by pages of this process: those of
every status, and of a sign-in at an issuer that fails or is away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import Request, Response
from playwright.sync_api import Page, Route, expect
from playwright.sync_api import Response as Answer
from starlette.types import ASGIApp

from contracts.messages import SEPARATOR
from services.chassis.auth.credentials import verifier
from services.chassis.clock import now_us
from services.chassis.http.problems import FieldError, Problem
from services.chassis.messages import message
from services.chassis.settings import Settings
from services.chassis.web.error_pages import page_application
from services.chassis.web.guard import guard
from services.chassis.web.sessions import open_sessions
from services.chassis.web.site import OPEN_PAGE, Site
from services.scoring.web.sign_in_issuer import AWAY, FAILURES, LARGE, UNTRUSTED
from tests.pages.browser import Visitors, heard, overflow, violations
from tests.pages.markup import faults_of_markup
from tests.pages.states import STATES, PageState

FAULT = ".fault, .faults, .notice, .error-page"
"""What a page says of faults: in one language, and never in both."""
VISITS = (("vi", 1440, 360), ("en", 360, 1440))
"""The language, the width at which axe looks, and the other one."""
STATUSES = (400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 422, 429, 500, 503)
FAILED = sorted({each.code for each in (*FAILURES.values(), AWAY, UNTRUSTED, LARGE)})
FAULTS = [
    *(f"problem/{status}" for status in STATUSES), *(f"failed/{code}" for code in FAILED),
    "issuer",
]  # fmt: skip
SHAPES = ("problem/403", "problem/422", "problem/503", "failed/away", "issuer")
"""One of each template, and of what is shown under a condition: the others differ in words."""


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_state_is_sound(visitors: Visitors, state: PageState) -> None:
    """In both languages axe finds nothing serious, nothing is cut at 1440 and 360 pixels, there is
    one heading; without scripts the same answer is reached."""
    for language, width, other in VISITS:
        with visitors.page(state.role, language, width) as page:
            with statuses_of(page) as statuses:
                state.reach(page, visitors.city)
                page.wait_for_load_state()
            check(page, language, other)
            assert statuses[-1] == state.status
    with visitors.page(state.role, script=False) as page:
        with statuses_of(page) as statuses:
            state.reach(page, visitors.city)
            page.wait_for_load_state()
        assert statuses[-1] == state.status and page.locator("h1").count() == 1


@contextmanager
def statuses_of(page: Page) -> Iterator[list[int]]:
    """The statuses of the answers that the page shows during the block, in their order."""
    statuses = list[int]()

    def note(answer: Answer) -> None:
        if answer.request.is_navigation_request():
            statuses.append(answer.status)

    with heard(page, "response", note):
        yield statuses


def check(page: Page, language: str, other_width: int, axe: bool = True) -> None:
    """One heading, the language, what `axe` finds, and whether all fits at both widths."""
    assert page.locator("html").get_attribute("lang") == language
    expect(page.locator("h1")).to_have_count(1)
    assert not [text for text in page.locator(FAULT).all_inner_texts() if SEPARATOR in text]
    assert overflow(page) == 0
    assert not axe or violations(page) == []
    page.set_viewport_size({"width": other_width, "height": 900})
    assert overflow(page) == 0 and faults_of_markup(page) == []


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faults]:
    """Pages that fail in each way."""
    settings = Settings(home=tmp_path_factory.mktemp("faults"))
    with start_blocking_portal() as portal:
        yield Faults(_site_of_faults(settings), portal)


@dataclass(frozen=True)
class Faults:
    """An application whose pages fail; it runs beside the loop of the browser."""

    application: ASGIApp
    portal: BlockingPortal

    def get(self, fault: str, language: str) -> httpx.Response:
        """The page of a fault in a language."""
        return self.portal.call(self._get, f"/faults/{fault}", {"accept-language": language})

    async def _get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self.application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://danchu") as client:
            return await client.get(path, headers=headers)


def _site_of_faults(settings: Settings) -> ASGIApp:
    addresses = ("problem/{status}", "failed/{code}", "issuer")
    site = Site(
        "services.scoring.web", {f"GET /faults/{each}": OPEN_PAGE for each in addresses},
        open_sessions(settings, now_us), verifier(settings, now_us, "scoring"),
    )  # fmt: skip
    pages = page_application(site)

    @pages.get("/faults/problem/{status}")
    async def problem(request: Request, status: int) -> Response:
        error = FieldError(field="unit", message=message("http-404"))
        raise Problem(status, message("fault-logged"), [error])

    @pages.get("/faults/failed/{code}")
    async def failed(request: Request, code: str) -> Response:
        return site.visit(request).page("sign_in_failed.html", 503, code=code, again="/sign-in")

    @pages.get("/faults/issuer")
    async def issuer(request: Request) -> Response:
        host = "dang-nhap.co-quan-co-ten-rat-dai.example"
        return site.visit(request).page("sign_out_issuer.html", address="/", host=host, partly=True)

    return guard(pages, site)


@pytest.mark.parametrize(("language", "width", "other"), VISITS)
def test_the_pages_of_faults_are_sound(
    visitors: Visitors, faults: Faults, language: str, width: int, other: int
) -> None:
    """Whatever failed: the page says it in the language, and fits at both widths."""
    with visitors.page("", language, width) as page:
        for fault in FAULTS:
            show(page, f"{visitors.city.url}/faults/{fault}", faults.get(fault, language))
            check(page, language, other, fault in SHAPES)
            page.set_viewport_size({"width": width, "height": 900})


def show(page: Page, address: str, answer: httpx.Response) -> None:
    """Opens a page whose document is this one; what it loads comes from the city."""

    def fulfill(route: Route) -> None:
        media = answer.headers["content-type"]
        route.fulfill(status=answer.status_code, content_type=media, body=answer.text)

    page.route(address, fulfill)
    page.goto(address)
