"""The root of the HTTP port: a page for people, JSON for programs, and nothing that is secret."""

from __future__ import annotations

import base64
import hashlib
import re

import httpx
import pytest

from services.chassis.health import Health
from services.chassis.http.html_page import POLICY
from services.chassis.http.service_api import compose, service_api
from services.commands.front_page import front_page

pytestmark = pytest.mark.anyio
NAMES = ("intake", "training", "awards", "violations", "scoring")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def answer_of(method: str = "GET", path: str = "/", accept: str = "*/*") -> httpx.Response:
    """An answer of all services composed."""
    apis = {name: (service_api(name, name, Health()), Health()) for name in NAMES}
    transport = httpx.ASGITransport(app=compose(apis, front_page(NAMES)))
    async with httpx.AsyncClient(transport=transport, base_url="http://danchu") as client:
        return await client.request(method, path, headers={"accept": accept})


async def test_a_person_reads_what_this_is_in_both_languages() -> None:
    """Every link of the page leads somewhere, and its style is the only thing it may use."""
    answer = await answer_of(accept=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert 'lang="vi"' in answer.text and 'lang="en"' in answer.text
    assert "dân chủ ở cơ sở" in answer.text and "grassroots democracy" in answer.text
    links = set(re.findall(r'href="([^"]+)"', answer.text))
    assert {f"/{name}/openapi.json" for name in NAMES} | {"/healthz", "/readyz"} == links
    for link in links:
        assert (await answer_of(path=link)).status_code == 200, link
    policy = POLICY
    style = answer.text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'" in policy and f"'sha256-{digest}'" in policy
    assert "<script" not in answer.text and "unsafe" not in policy


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "text/html;q=0.5,application/json", ""]
)
async def test_a_program_reads_json(accept: str) -> None:
    """The services with what they are, and where their interfaces are described."""
    answer = await answer_of(accept=accept)
    body = answer.json()
    assert answer.status_code == 200 and body["services"].keys() == set(NAMES)
    assert body["about_vi"] and body["about_en"] and body["version"]
    assert body["services"]["scoring"]["openapi"] == "/scoring/openapi.json"


async def test_the_root_takes_no_other_method_and_other_paths_stay_unknown() -> None:
    """HEAD has no body; what is not there is 404 as before."""
    refused = await answer_of("POST")
    assert refused.status_code == 405 and refused.headers["allow"] == "GET, HEAD"
    assert (await answer_of("HEAD", accept=BROWSER)).text == ""
    assert (await answer_of(path="/favicon.ico")).status_code == 404
