"""Signing in with an account of this installation, signing out, and the language of the pages."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI, Request, Response

from services.chassis.auth.accounts import (
    accounts_file,
    has_accounts,
    read_accounts,
    verify_password,
)
from services.chassis.auth.attempts import Attempts
from services.chassis.auth.openid_login import OpenIdClient
from services.chassis.denials import write_denial
from services.chassis.http.admission import address_of
from services.chassis.http.language import page_language
from services.chassis.http.peer import peer_address
from services.chassis.web.form_return import FIELD, LOST, SENT_MAX, SIGNED_IN
from services.chassis.web.forms import Form
from services.chassis.web.guard import LANGUAGE_COOKIE, YEAR_SECONDS, cookie_header, session_cookie
from services.chassis.web.kept_form import open_form
from services.chassis.web.local_address import local_address
from services.chassis.web.sessions import SessionTooLarge
from services.chassis.web.sign_out import first_step, revoke_session
from services.chassis.web.site import Site, Visit
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message

SERVICES = "danchu.services"
"""The key of the names of the services of this process, in the scope of a request."""
FIRST_PAGES = {"clerk": "/training/pages/courses"}
UNAUTHORIZED, FORBIDDEN = 401, 403


def add_sign_in(pages: FastAPI, site: Site, desk: Desk, client: OpenIdClient | None) -> None:
    """The first page, what begins and ends a session, and the language.

    With a `client` persons sign in at its issuer, beside the accounts where there are any.
    """
    ways = Ways(accounts_file(desk.settings), client)
    _add_home(pages, site, desk, ways)
    _add_session(pages, site, ways)
    _add_sign_out(pages, site, desk)
    _add_language(pages, site)


@dataclass(frozen=True)
class Ways:
    """The ways to sign in: the file of accounts, and the issuer."""

    accounts: Path
    client: OpenIdClient | None

    @property
    def issuer(self) -> str:
        """The host of the issuer; empty without one."""
        return urlsplit(self.client.issuer).hostname or "" if self.client else ""

    def blank(self, visit: Visit, target: str) -> dict[str, Any]:
        """What the form to sign in shows, which leads to this address."""
        return self.shown(visit.form(next=target))

    def shown(self, form: Form) -> dict[str, Any]:
        """What the form shows when it was sent."""
        accounts = self.client is None or has_accounts(self.accounts)
        begin = f"/sign-in/issuer?{urlencode({'next': local_address(form.text('next'))})}"
        return {
            "form": form,
            "issuer": self.issuer,
            "begin": begin,
            "accounts": accounts,
            "lost": None,
        }


def _add_home(pages: FastAPI, site: Site, desk: Desk, ways: Ways) -> None:
    @pages.get(SIGNED_IN)
    async def signed_in(request: Request) -> Response:
        return site.visit(request).page("signed_in.html", kept="", back="")

    @pages.get("/")
    async def home(request: Request) -> Response:
        visit = site.visit(request)
        if visit.session is not None:
            return visit.see_other(FIRST_PAGES.get(visit.session.role, "/years"))
        services = request.scope.get(SERVICES, ())
        public = desk.settings.public_view
        return visit.page("home.html", services=services, public=public, **ways.blank(visit, "/"))


def _add_session(pages: FastAPI, site: Site, ways: Ways) -> None:
    attempts = Attempts()

    @pages.get("/sign-in")
    async def sign_in(request: Request) -> Response:
        visit = site.visit(request)
        target = local_address(request.query_params.get("next", "/"))
        lost = SENT_MAX if LOST in request.query_params else None
        return visit.page("sign_in.html", **{**ways.blank(visit, target), "lost": lost})

    @pages.post("/sign-in")
    async def check_sign_in(request: Request) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        accounts = read_accounts(ways.accounts)
        name, password = form.text("name"), (form.every("password") or [""])[-1]
        address = address_of(peer_address())
        if wait := attempts.begin(name, address, time.monotonic()):
            write_denial(message("sign-in-paused", seconds=wait), status=429, route="/sign-in")
            form.general.append(message("sign-in-paused", seconds=wait).text(page_language()))
            page = visit.page("sign_in.html", 429, **ways.shown(form))
            page.headers["Retry-After"] = str(wait)
            return page
        account = await asyncio.to_thread(verify_password, accounts, name, password)
        if account is None:
            write_denial(message("sign-in-refused"), status=UNAUTHORIZED, route="/sign-in")
            form.general.append(message("sign-in-refused"))
            return visit.page("sign_in.html", UNAUTHORIZED, **ways.shown(form))
        attempts.succeed(name, address)
        session = site.sessions.begin(account.name, account.role, account.units, account.sources)
        try:
            sealed = site.sessions.seal(session)
        except SessionTooLarge as error:
            write_denial(error.message, status=FORBIDDEN, route="/sign-in")
            form.general.append(error.message)
            return visit.page("sign_in.html", FORBIDDEN, **ways.shown(form))
        answer = _lead_on(visit, form, account.name)
        _set_cookie(answer, session_cookie(sealed, visit.is_secure))
        return answer


def _lead_on(visit: Visit, form: Form, name: str) -> Response:
    """To the page that was meant; to a form that waits for this person over a page that says so."""
    sessions, text = visit.site.sessions, form.text(FIELD)
    kept = open_form(sessions.keys, text, sessions.clock() // 1_000_000) if text else None
    if kept is None or kept.owner != name:
        return visit.see_other(local_address(form.text("next")))
    return visit.page("signed_in.html", kept=text, back=local_address(form.text("back")))


def _add_sign_out(pages: FastAPI, site: Site, desk: Desk) -> None:
    @pages.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        visit = site.visit(request)
        session = visit.session
        if session is None:  # it has ended by itself: nothing is left to do
            return visit.see_other("/", "signed-out")
        await visit.sent_form()
        revoked = await revoke_session(
            desk.reading.db, site.verifier, session.id, session.expires, site.sessions.clock()
        )
        answer = visit.see_other(first_step(site, session, revoked))
        _set_cookie(answer, session_cookie("", visit.is_secure))
        return answer


def _add_language(pages: FastAPI, site: Site) -> None:
    @pages.get("/language/{language}")
    async def choose_language(request: Request, language: Literal["vi", "en"]) -> Response:
        visit = site.visit(request)
        answer = visit.see_other(local_address(request.query_params.get("next", "/")))
        _set_cookie(answer, cookie_header(LANGUAGE_COOKIE, language, YEAR_SECONDS, visit.is_secure))
        return answer


def _set_cookie(answer: Response, cookie: str) -> None:
    answer.headers.append("set-cookie", cookie)
