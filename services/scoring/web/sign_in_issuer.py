"""Signing in and out at the OpenID issuer of the office.

What ties the end of a login to the browser that began it is sealed in a cookie of ten minutes. A
login that fails is a page in plain words and one line of the log of denials, which has the reason.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.requests import cookie_parser

from contracts.messages import Message
from services.chassis.auth.issuer_document import IssuerAway
from services.chassis.auth.openid import Refused
from services.chassis.auth.openid_login import LOGIN_SECONDS, Login, OpenIdClient, Person
from services.chassis.denials import write_denial
from services.chassis.errors import DanchuError
from services.chassis.http.problems import Problem
from services.chassis.messages import message as chassis_message
from services.chassis.web.guard import cookie_name, own_cookie, session_cookie
from services.chassis.web.local_address import local_address
from services.chassis.web.sealed_text import open_text, seal_text
from services.chassis.web.sessions import SessionTooLarge
from services.chassis.web.sign_out import AT_ISSUER
from services.chassis.web.site import Site, Visit

CALLBACK, BACK = "/sign-in/callback", "/sign-out/back"
LOGIN_COOKIE, PURPOSE = "danchu_login", b"danchu login 1"
FIELD_MAX, FIELDS_MAX = 2048, 20


class Failure(NamedTuple):
    """How a failed login is answered: status, and the code of its sentences."""

    status: int
    code: str


AWAY = Failure(503, "away")
UNTRUSTED = Failure(401, "untrusted")
FAILURES = {
    "oidc-state": Failure(400, "unknown"), "oidc-late": Failure(400, "unknown"),
    "oidc-denied": Failure(403, "denied"), "oidc-role": Failure(403, "no-role"),
    "oidc-client": AWAY, "oidc-keys-away": AWAY,
}  # fmt: skip
"""By the reason; every other one is that the issuer's answer is not to be trusted."""
LARGE = Failure(403, "large")


def add_sign_in_issuer(pages: FastAPI, site: Site, openid: OpenIdClient | None) -> None:
    """The way to the issuer and back, at the beginning and at the end of a session.

    Without an issuer these pages do not exist.
    """
    _add_begin(pages, site, openid)
    _add_end(pages, site, openid)


def _add_begin(pages: FastAPI, site: Site, openid: OpenIdClient | None) -> None:
    @pages.get("/sign-in/issuer")
    async def begin(request: Request) -> Response:
        visit, client = site.visit(request), _existing(openid)
        target = local_address(request.query_params.get("next", "/"))
        callback, anew = f"{site.origin(request)}{CALLBACK}", visit.session is not None
        try:
            address, login = await client.begin(callback, target, visit.language, anew)
        except DanchuError as error:
            return _failed(visit, AWAY, error.message, target)
        answer = visit.see_other(address)
        _remember(answer, visit, login)
        return answer

    @pages.get(CALLBACK)
    async def finish(request: Request) -> Response:
        visit, client = site.visit(request), _existing(openid)
        answer = await _finish(visit, client, _login(visit))
        _remember(answer, visit, None)
        return answer


def _add_end(pages: FastAPI, site: Site, openid: OpenIdClient | None) -> None:
    @pages.get(AT_ISSUER)
    async def sign_out(request: Request) -> Response:
        visit, client = site.visit(request), _existing(openid)
        partly = "partly" in request.query_params
        try:
            address = await client.sign_out(f"{site.origin(request)}{BACK}", visit.language)
        except IssuerAway:
            address = None
        if address is None and partly:
            return visit.see_other("/", "signed-out-partly")
        if address is None:
            return visit.see_other("/", "signed-out")
        host = urlsplit(client.issuer).hostname
        return visit.page("sign_out_issuer.html", address=address, host=host, partly=partly)

    @pages.get(BACK)
    async def signed_out(request: Request) -> Response:
        return site.visit(request).see_other("/", "signed-out")


def _existing(openid: OpenIdClient | None) -> OpenIdClient:
    if openid is None:
        raise Problem(404, chassis_message("http-404"))
    return openid


async def _finish(visit: Visit, client: OpenIdClient, login: Login | None) -> Response:
    """The page that was meant, with a session; or the page of a failure."""
    target = login.target if login is not None else "/"
    pairs = visit.request.query_params.multi_items()[:FIELDS_MAX]
    try:
        person = await client.finish(login, {name: text[:FIELD_MAX] for name, text in pairs})
        cookie = _begin_session(visit, person)
    except Refused as refused:
        failure = FAILURES.get(refused.code, UNTRUSTED)
        return _failed(visit, failure, chassis_message(refused.code), target)
    except SessionTooLarge as error:
        return _failed(visit, LARGE, error.message, target)
    except DanchuError as error:  # the issuer is away, or the secret of the client
        return _failed(visit, AWAY, error.message, target)
    answer = visit.see_other(target)
    answer.headers.append("set-cookie", cookie)
    return answer


def _begin_session(visit: Visit, person: Person) -> str:
    """The cookie of a new session; SessionTooLarge for too many units."""
    credential, sessions = person.credential, visit.site.sessions
    session = sessions.begin(
        credential.name,
        credential.role,
        sorted(credential.units),
        credential.sources,
        title=person.title,
        by_issuer=True,
    )
    return session_cookie(sessions.seal(session), visit.is_secure)


def _login(visit: Visit) -> Login | None:
    """The login that this browser has begun."""
    cookies = cookie_parser(visit.request.headers.get("cookie", ""))
    text = cookies.get(cookie_name(LOGIN_COOKIE, visit.is_secure), "")
    plain = open_text(visit.site.sessions.keys, PURPOSE, text)
    try:
        return None if plain is None else msgspec.json.decode(plain, type=Login)
    except msgspec.DecodeError:  # sealed by another version
        return None


def _remember(answer: Response, visit: Visit, login: Login | None) -> None:
    """Has the browser keep a login until its end, or forget it."""
    keys = visit.site.sessions.keys
    text = seal_text(keys, PURPOSE, msgspec.json.encode(login)) if login else ""
    seconds = LOGIN_SECONDS if login else 0
    answer.headers.append("set-cookie", own_cookie(LOGIN_COOKIE, text, seconds, visit.is_secure))


def _failed(visit: Visit, failure: Failure, reason: Message, target: str) -> Response:
    """The page of a failed login, and its line in the log."""
    write_denial(reason, status=failure.status, route=visit.path)
    again = f"/sign-in?{urlencode({'next': target})}"
    page = visit.page("sign_in_failed.html", failure.status, code=failure.code, again=again)
    if failure.status == AWAY.status:
        page.headers["Retry-After"] = "10"
    return page
