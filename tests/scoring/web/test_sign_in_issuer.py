"""Signing in at a real OpenID provider: from a page to the issuer, and back to that page.

Whatever is wrong on the way is a page in plain words, and one line of the log with the reason.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from services.chassis import denials
from services.chassis.auth.credentials import Issuer
from services.chassis.auth.openid_login import LOGIN_SECONDS
from services.chassis.clock import now_us
from services.chassis.http.service_api import compose
from services.chassis.web.sessions import COOKIE
from tests.scoring.answering import answering
from tests.scoring.test_road import due, published, registered
from tests.scoring.web.visiting import hidden
from tests.support.openid_provider import (
    AUDIENCE,
    TOKEN,
    Provider,
    document,
    openid_provider,
)

pytestmark = pytest.mark.anyio
CLIENT, TARGET = "danchu-pages", "/years/2025?q=duu+lau"
CITY = [registered("H44.1", "Phường Dữu Lâu"), due("H44.1", "a"), published("H44.1", "a")]
HR: dict[str, Any] = {"roles": ["hr"]}
LOGIN = "danchu_login"


@pytest.fixture(scope="module")
def shared() -> Iterator[Provider]:
    """One provider for all tests."""
    with openid_provider() as made:
        yield made


@pytest.fixture
def provider(shared: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider as it is by itself; a person of it is a personnel officer."""
    monkeypatch.setattr(denials, "_budget", denials.LineBudget())
    shared.answers.clear()
    shared.forms.clear()
    shared.claims = HR
    return shared


class Clock:
    """The time, which a test moves on."""

    ahead = 0

    def __call__(self) -> int:
        """Now, in microseconds."""
        return now_us() + self.ahead * 1_000_000


class Browser:
    """A browser at the pages of an office that signs in at the provider."""

    def __init__(self, http: httpx.AsyncClient, provider: Provider, clock: Clock) -> None:
        self.http, self.provider, self.clock = http, provider, clock

    async def get(self, path: str) -> httpx.Response:
        """A page, without following where it leads."""
        return await self.http.get(path)

    async def leave(self, target: str = TARGET) -> str:
        """The address of the issuer's page, for somebody who is led to sign in."""
        answer = await self.http.get("/sign-in/issuer", params={"next": target})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def come_back(self, **changes: str) -> httpx.Response:
        """A whole login; `changes` are those of what the issuer sends back."""
        return await self.arrive(self.provider.log_in(await self.leave()), **changes)

    async def arrive(self, address: str, **changes: str) -> httpx.Response:
        """The answer to the address to which the issuer leads."""
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query)) | changes
        return await self.http.get(parts.path, params=query)


@asynccontextmanager
async def office(
    home: Path, tmp_path: Path, issuer: Issuer, provider: Provider, **settings: Any
) -> AsyncIterator[Browser]:
    """Scoring with a client at the provider."""
    named = {
        "oidc_issuer": provider.issuer, "oidc_audience": AUDIENCE, "oidc_client_id": CLIENT,
        **settings,
    }  # fmt: skip
    clock, url = Clock(), f"sqlite:///{tmp_path / 'scoring.db'}"
    async with answering(home, url, issuer, CITY, clock, **named) as made:
        root = compose({"scoring": (made.app.api, made.app.health)}, made.app.pages)
        transport = httpx.ASGITransport(root, client=("192.0.2.7", 4711))
        base = settings.get("public_url", "http://danchu")
        async with httpx.AsyncClient(transport=transport, base_url=base) as http:
            yield Browser(http, provider, clock)


@pytest.fixture
async def browser(
    home: Path, tmp_path: Path, issuer: Issuer, provider: Provider
) -> AsyncIterator[Browser]:
    """A browser at that office."""
    async with office(home, tmp_path, issuer, provider) as made:
        yield made


async def test_a_person_signs_in_at_the_issuer_and_comes_back_to_the_page(
    browser: Browser, provider: Provider
) -> None:
    """By code and PKCE; the issuer asks in the language of the page, and the name is shown."""
    httpx.put(f"{provider.issuer}/users/ba-lan", json={"name": "Nguyễn Thị Lan"})
    led = await browser.get(TARGET)
    assert led.headers["location"].startswith("/sign-in?next=")
    page = await browser.get(led.headers["location"])
    assert "/sign-in/issuer?next=%2Fyears%2F2025%3Fq%3Dduu%2Blau" in page.text
    assert 'type="password"' not in page.text
    query = parse_qs(urlsplit(await browser.leave()).query)
    assert query["code_challenge_method"] == ["S256"] and query["ui_locales"] == ["vi"]
    assert query["scope"] == ["openid profile"] and "prompt" not in query
    answer = await browser.come_back()
    assert (answer.status_code, answer.headers["location"]) == (303, TARGET)
    assert LOGIN not in browser.http.cookies
    page = await browser.get(TARGET)
    assert page.status_code == 200 and "Phường Dữu Lâu" in page.text
    assert "Nguyễn Thị Lan" in page.text
    anew = parse_qs(urlsplit(await browser.leave()).query)
    assert anew["prompt"] == ["login"]  # with a session another person wants to sign in


async def test_role_and_units_are_those_of_a_token_of_the_person(
    browser: Browser, provider: Provider
) -> None:
    """From the access token; from the id token where the issuer puts the claim there."""
    provider.claims = {"roles": ["reader"], "units": ["H44.9"]}
    await browser.come_back()
    page = await browser.get("/years/2025")
    assert "Phường Dữu Lâu" not in page.text and "H44.9" in page.text
    httpx.put(f"{provider.issuer}/users/ong-minh", json={"roles": ["auditor"]})
    answer = await browser.arrive(provider.log_in(await browser.leave(), "ong-minh"))
    assert answer.status_code == 303
    assert "Phường Dữu Lâu" in (await browser.get("/years/2025")).text


async def test_an_office_behind_a_proxy_has_cookies_of_https_alone(
    home: Path, tmp_path: Path, issuer: Issuer, provider: Provider
) -> None:
    """The address to come back to is the public one, whatever the request says."""
    named = {"public_url": "https://danchu.example/"}
    async with office(home, tmp_path, issuer, provider, **named) as browser:
        query = parse_qs(urlsplit(await browser.leave()).query)
        assert query["redirect_uri"] == ["https://danchu.example/sign-in/callback"]
        answer = await browser.come_back()
        cookies = answer.headers.get_list("set-cookie")
        assert len(cookies) == 2
        for cookie in cookies:
            assert cookie.startswith("__Host-") and "; Secure" in cookie and "HttpOnly" in cookie
            assert "Path=/" in cookie and "Domain" not in cookie and "SameSite=Lax" in cookie


async def test_a_secret_goes_into_the_header_or_as_the_issuer_asks(
    home: Path, tmp_path: Path, issuer: Issuer, provider: Provider
) -> None:
    """It is read anew from its file, so that it can be replaced while the process runs."""
    file = tmp_path / "secret"
    file.write_text("first secret\n")
    async with office(home, tmp_path, issuer, provider, oidc_client_secret=file) as browser:
        assert (await browser.come_back()).status_code == 303
        assert "client_secret" not in provider.forms[-1]
        file.unlink()
        lost = await browser.come_back()
        assert lost.status_code == 503 and "secret" not in lost.text
    file.write_text("second")
    known = httpx.get(f"{provider.issuer}/.well-known/openid-configuration").json()
    known["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    provider.answers["/.well-known/openid-configuration"] = document(**known)
    async with office(home, tmp_path / "b", issuer, provider, oidc_client_secret=file) as browser:
        assert (await browser.come_back()).status_code == 303
        assert provider.forms[-1]["client_secret"] == "second"


Break = Callable[[Browser], Any]


def forged(**claims: Any) -> Break:
    """The provider gives an id token with other claims, although it signs it."""

    def prepare(browser: Browser) -> None:
        provider, now = browser.provider, browser.clock() // 1_000_000
        own = {"iss": provider.issuer, "sub": "ba-lan", "aud": CLIENT, "iat": now, "exp": now + 60}
        token = provider.sign({**own, **claims}, {"typ": "JWT"})
        provider.answers[TOKEN] = document(access_token=provider.access(**HR), id_token=token)

    return prepare


def foreign_key(browser: Browser) -> None:
    """The id token is signed by a key that nobody has published, under a published name."""
    provider = browser.provider
    kept = provider.keys[provider.kid]
    provider.keys[provider.kid] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged(nonce="x")(browser)
    provider.keys[provider.kid] = kept


def answers(**members: Any) -> Break:
    """The endpoint of tokens answers so."""
    return lambda browser: browser.provider.answers.update({TOKEN: document(**members)})


def no_role(browser: Browser) -> None:
    """Nobody has given the person a group."""
    browser.provider.claims = {"roles": ["offline_access"]}


def late(browser: Browser) -> None:
    """The person took longer than a login may last."""
    browser.clock.ahead = LOGIN_SECONDS + 1


def many_units(browser: Browser) -> None:
    """More units than a cookie holds."""
    units = [f"H44.{number * 7919}.{number * 104729}" for number in range(999)]
    browser.provider.claims = {"roles": ["clerk"], "units": units}


WRONG: tuple[tuple[Break | None, dict[str, str], int, str], ...] = (
    (None, {"state": "other"}, 400, "oidc-state"), (late, {}, 400, "oidc-late"),
    (None, {"code": ""}, 403, "oidc-denied"),
    (None, {"code": "", "error": "access_denied"}, 403, "oidc-denied"),
    (None, {"code": "guessed"}, 401, "oidc-code"),
    (None, {"code": "x" * 9000}, 401, "oidc-code"),
    (None, {"iss": "https://evil.example"}, 401, "oidc-issuer"),
    (forged(nonce="another"), {}, 401, "oidc-nonce"), (forged(), {}, 401, "oidc-nonce"),
    (forged(aud="another"), {}, 401, "oidc-audience"),
    (forged(aud=[CLIENT, "b"]), {}, 401, "oidc-audience"),
    (forged(azp="another"), {}, 401, "oidc-audience"),
    (forged(iss="https://evil.example"), {}, 401, "oidc-issuer"),
    (forged(exp=1), {}, 401, "oidc-expired"), (forged(typ="Bearer"), {}, 401, "oidc-type"),
    (foreign_key, {}, 401, "oidc-signature"), (no_role, {}, 403, "oidc-role"),
    (answers(error="invalid_client"), {}, 503, "oidc-client"),
    (answers(access_token="x"), {}, 401, "oidc-code"),
    (answers(access_token="x", id_token="y"), {}, 401, "oidc-form"),
    (many_units, {}, 403, "session-large"),
)  # fmt: skip
"""What is done to a login, and the status and the reason that follow."""


async def test_a_login_that_is_not_right_is_a_page_and_one_line(
    browser: Browser, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is signed in; the page tells neither the reason nor anything of keys."""
    for prepare, changes, status, reason in WRONG:
        address = await browser.leave()
        if prepare is not None:
            prepare(browser)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            answer = await browser.arrive(provider.log_in(address), **changes)
        (line,) = (record for record in caplog.records if record.name.startswith("danchu"))
        assert (answer.status_code, vars(line)["reason"].rpartition(".")[2]) == (status, reason)
        assert COOKIE not in browser.http.cookies and LOGIN not in browser.http.cookies, reason
        assert "<h1>" in answer.text and "/sign-in?next=" in answer.text, reason
        for told in ("nonce", "RS256", "signature", "JWT", provider.kid, "aud "):
            assert told not in answer.text, reason
        provider.answers.clear()
        provider.claims, browser.clock.ahead = HR, 0
    assert (await browser.get("/years")).headers["location"].startswith("/sign-in")


async def test_a_code_is_good_once_and_in_the_browser_that_began(
    browser: Browser, provider: Provider
) -> None:
    """A second time, even with the kept cookie of the login, it opens nothing."""
    back, cookies = provider.log_in(await browser.leave()), browser.http.cookies
    kept = {"cookie": f"{LOGIN}={cookies[LOGIN]}"}
    cookies.clear()
    assert (await browser.arrive(back)).status_code == 400  # another browser
    browser.http.headers.update(kept)
    assert (await browser.arrive(back)).status_code == 303 and COOKIE in cookies
    cookies.clear()
    assert (await browser.arrive(back)).status_code == 401
    del browser.http.headers["cookie"]
    assert (await browser.arrive(back)).status_code == 400
    assert COOKIE not in cookies


async def test_without_the_secret_of_pkce_a_stolen_code_is_worth_nothing(
    browser: Browser, provider: Provider
) -> None:
    """Whoever reads the address of a redirection has begun another login."""
    stolen = parse_qs(urlsplit(provider.log_in(await browser.leave())).query)["code"][0]
    assert (await browser.come_back(code=stolen)).status_code == 401


async def test_an_issuer_that_is_away_is_said_and_comes_back(
    home: Path, tmp_path: Path, issuer: Issuer, provider: Provider
) -> None:
    """Before the login, and between leaving and coming back."""
    provider.answers["/.well-known/openid-configuration"] = document(issuer="https://evil.example")
    async with office(home, tmp_path, issuer, provider) as browser:
        away = await browser.get("/sign-in/issuer?next=/years")
        assert away.status_code == 503 and away.headers["retry-after"].isdecimal()
        assert "/sign-in?next=%2Fyears" in away.text
    provider.answers.clear()
    async with office(home, tmp_path / "b", issuer, provider) as browser:
        back = provider.log_in(await browser.leave())
        provider.stop()
        try:
            assert (await browser.arrive(back)).status_code == 503
        finally:
            provider.start()
        assert (await browser.come_back()).status_code == 303


async def test_signing_out_ends_the_session_of_the_issuer_too(
    browser: Browser, provider: Provider
) -> None:
    """After every service; the address of the issuer names us and where it shall lead back."""
    await browser.come_back()
    page = await browser.get("/years/2025")
    fields = hidden(page)
    answer = await browser.http.post("/sign-out", data=fields)
    while "/pages/" in answer.headers["location"]:
        answer = await browser.get(answer.headers["location"])
    assert answer.headers["location"] == "/sign-out/issuer"
    last = await browser.get("/sign-out/issuer")
    address = f"{provider.issuer}/oauth2/end_session?client_id={CLIENT}"
    assert f'content="0; url={address}' in last.text
    assert "post_logout_redirect_uri=http%3A%2F%2Fdanchu%2Fsign-out%2Fback" in last.text
    assert (await browser.get("/sign-out/back")).headers["location"] == "/?notice=signed-out"
    partly = await browser.get("/sign-out/issuer?partly=1")
    assert "http-equiv" not in partly.text and "notice-warn" in partly.text


async def test_an_issuer_without_an_end_of_sessions_leads_to_the_first_page(
    home: Path, tmp_path: Path, issuer: Issuer, provider: Provider
) -> None:
    """As for an account of danchu itself."""
    known = httpx.get(f"{provider.issuer}/.well-known/openid-configuration").json()
    del known["end_session_endpoint"]
    provider.answers["/.well-known/openid-configuration"] = document(**known)
    async with office(home, tmp_path, issuer, provider) as browser:
        led = await browser.get("/sign-out/issuer")
        assert led.headers["location"] == "/?notice=signed-out"
