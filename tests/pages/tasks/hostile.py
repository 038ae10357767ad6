"""What no browser sends: every form of every page refuses it, and no page is kept or framed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest

from tests.pages.catalog import PAGES, YEAR
from tests.pages.city import City

FORM = re.compile(r'<form[^>]*method="post"[^>]*action="([^"]*)"[^>]*>(.*?)</form>', re.DOTALL)
HIDDEN = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')
COOKIE = "danchu_session"
URLENCODED = "application/x-www-form-urlencoded"
POLICY = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'self'")


class SentForm(NamedTuple):
    """A form of a page: where it goes to, and its hidden fields."""

    role: str
    action: str
    fields: dict[str, str]


@pytest.fixture(scope="module")
def persons(city: City) -> Iterator[dict[str, httpx.Client]]:
    """Each account of the city with a session, and a visitor under the empty name."""
    clients: dict[str, httpx.Client] = {}
    for name in ("", *sorted({entry.role for entry in PAGES if entry.role})):
        client = clients[name] = httpx.Client(base_url=city.url, timeout=60)
        if name:
            page = client.get("/sign-in")
            typed = {"name": name, "password": city.passwords[name]}
            answer = client.post("/sign-in", data={**forms(page, name)[0].fields, **typed})
            assert answer.status_code == 303 and COOKIE in client.cookies, name
    yield clients
    for client in clients.values():
        client.close()


@pytest.fixture(scope="module")
def pages(city: City, persons: dict[str, httpx.Client]) -> dict[str, httpx.Response]:
    """Every page of the catalog, by its name."""
    answers = {
        entry.name: persons[entry.role].get(
            city.address(entry.path), headers={"accept": "text/html"}, follow_redirects=True
        )
        for entry in PAGES
    }
    for entry in PAGES:
        assert answers[entry.name].status_code in (entry.status, entry.later), entry.name
    return answers


def forms(page: httpx.Response, role: str) -> list[SentForm]:
    """The forms of a page."""
    return [
        SentForm(
            role, html.unescape(action),
            {name: html.unescape(value) for name, value in HIDDEN.findall(inside)},
        )
        for action, inside in FORM.findall(page.text)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def every_form(pages: dict[str, httpx.Response]) -> list[SentForm]:
    """Each form once: by where it goes to, and who sends it."""
    found: dict[tuple[str, str], SentForm] = {}
    for entry in PAGES:
        for form in forms(pages[entry.name], entry.role):
            found[form.role, form.action] = form
    assert len({action for _, action in found}) > 10
    return list(found.values())


def test_no_page_may_be_kept_framed_or_run_what_is_not_ours(
    pages: dict[str, httpx.Response],
) -> None:
    """Whatever its status; those of persons are kept by no cache at all."""
    for name, page in pages.items():
        fields = page.headers
        for part in POLICY:
            assert part in fields["content-security-policy"], name
        assert "unsafe" not in fields["content-security-policy"], name
        assert fields["x-content-type-options"] == "nosniff", name
        assert fields["referrer-policy"] in ("same-origin", "no-referrer"), name
        assert "access-control-allow-origin" not in fields, name
        if not name.startswith("public"):
            assert fields["cache-control"] == "no-store", name
        assert page.text.count("<script") <= 1 and " style=" not in page.text, name


def test_every_form_of_another_site_is_refused(
    every_form: list[SentForm], persons: dict[str, httpx.Client]
) -> None:
    """By what the browser says of its origin, though cookie and token are right."""
    foreign = (
        {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"}, {"origin": "null"},
        {"origin": "https://evil.example", "x-forwarded-host": "evil.example"},
    )  # fmt: skip
    for form in every_form:
        for headers in foreign:
            answer = persons[form.role].post(form.action, data=form.fields, headers=headers)
            assert answer.status_code == 403, (form.action, headers)


def test_every_form_with_another_token_is_refused(
    every_form: list[SentForm], persons: dict[str, httpx.Client]
) -> None:
    """None, a forged one, one of another person, and the right one with a wrong one after it."""
    others = {form.role: form.fields["_token"] for form in every_form}
    for form in every_form:
        other = next(token for name, token in others.items() if name != form.role)
        for tokens in ([], ["x"], [other], [form.fields["_token"], "x"]):
            sent = {**form.fields, "_token": tokens}
            answer = persons[form.role].post(form.action, data=sent)
            assert answer.status_code == 403, (form.action, tokens)


def test_every_form_of_another_kind_or_size_is_refused(
    every_form: list[SentForm], persons: dict[str, httpx.Client]
) -> None:
    """JSON, plain text, a damaged body, very many fields, a very large field, a compressed body."""
    for form in every_form:
        bodies = (
            ("application/json", b"{}", {415}), ("text/plain", b"_token=x", {415}),
            (URLENCODED, b"%ff%fe=\xff", {400}), (URLENCODED, b"a=1&" * 6000, {400}),
            (URLENCODED, b"a=" + b"x" * 600_000, {413}),
            ("multipart/form-data", b"--", {400, 415}),
        )  # fmt: skip
        for media, body, statuses in bodies:
            headers = {"content-type": media}
            answer = persons[form.role].post(form.action, content=body, headers=headers)
            assert answer.status_code in statuses, (form.action, media, answer.status_code)
            assert "<h1>" in answer.text, (form.action, media)


def test_cookies_that_were_changed_doubled_or_sealed_elsewhere_open_nothing(
    city: City, persons: dict[str, httpx.Client]
) -> None:
    """Each leads to the sign-in, with every page that needs a person."""
    right = persons["hr"].cookies[COOKIE]
    wrong = (
        "", "x", right[:-2], right[:40] + ("A" if right[40] != "A" else "B") + right[41:],
        right + "AAAA", right[::-1], "x" * 5000,
    )  # fmt: skip
    with httpx.Client(base_url=city.url) as client:
        for value in wrong:
            for entry in PAGES:
                if entry.role and entry.status == 200:
                    headers = {"cookie": f"{COOKIE}={value}"}
                    answer = client.get(city.address(entry.path), headers=headers)
                    assert answer.status_code == 303, (entry.name, value[:20])
                    assert answer.headers["location"].startswith("/sign-in"), entry.name
        prefixed = client.get(f"/years/{YEAR}", headers={"cookie": f"__Host-{COOKIE}={right}"})
        assert prefixed.status_code == 303


def test_strange_paths_and_headers_lead_to_no_other_page(
    persons: dict[str, httpx.Client],
) -> None:
    """No fault, no other site, nothing of a page under the name of another one."""
    paths = (
        "//evil.example", f"/years/{YEAR}/../../etc/passwd", "/years/%2e%2e/%2e%2e/etc/passwd",
        "/years/%00", f"/years/{YEAR}%0d%0aset-cookie:a=b", "/training/pages/..%2f..%2fyears",
        "/static/../accounts.json", "/static/x/%2e%2e/accounts.json", f"/years/{YEAR}/units/%ff",
        "/sign-in?next=//evil.example", "/sign-in?next=https:evil.example", "/language/xx",
    )  # fmt: skip
    for path in paths:
        answer = persons["hr"].get(path)
        assert answer.status_code in (200, 303, 400, 404, 422), path
        assert "evil.example" not in answer.headers.get("location", ""), path
        assert "root:" not in answer.text and "set-cookie:a" not in str(answer.headers), path
    tricks = {"x-original-url": "/desk", "x-rewrite-url": "/desk", "x-http-method-override": "POST"}
    plain, tricked = (persons["hr"].get(f"/years/{YEAR}", headers=h) for h in ({}, tricks))
    assert plain.status_code == tricked.status_code == 200
    assert tricked.text.count("<h1") == 1 and len(plain.text) == len(tricked.text)
