"""Signing in with an account of this installation, signing out, and the language of the pages."""

from __future__ import annotations

import asyncio
import time
from typing import Literal

from fastapi import FastAPI, Request, Response

from services.chassis.auth.accounts import accounts_file, read_accounts, verify_password
from services.chassis.auth.attempts import Attempts
from services.chassis.denials import write_denial
from services.chassis.http.admission import address_of
from services.chassis.http.language import page_language
from services.chassis.http.peer import peer_address
from services.chassis.web.guard import LANGUAGE_COOKIE, YEAR_SECONDS, cookie_header, session_cookie
from services.chassis.web.sign_out import first_step, revoke_session
from services.chassis.web.site import Site, Visit
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message

SERVICES = "danchu.services"
"""The key of the names of the services of this process, in the scope of a request."""
FIRST_PAGES = {"clerk": "/training/pages/courses"}
NEXT_MAX = 2000
UNAUTHORIZED = 401


def add_sign_in(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The first page, what begins and ends a session, and the language."""
    _add_home(pages, site)
    _add_session(pages, site, desk)
    _add_sign_out(pages, site, desk)
    _add_language(pages, site)


def _add_home(pages: FastAPI, site: Site) -> None:
    @pages.get("/")
    async def home(request: Request) -> Response:
        visit = site.visit(request)
        if visit.session is not None:
            return visit.see_other(FIRST_PAGES.get(visit.session.role, "/years"))
        services = request.scope.get(SERVICES, ())
        return visit.page("home.html", form=visit.form(next="/"), services=services)


def _add_session(pages: FastAPI, site: Site, desk: Desk) -> None:
    attempts = Attempts()

    @pages.get("/sign-in")
    async def sign_in(request: Request) -> Response:
        visit = site.visit(request)
        target = local_address(request.query_params.get("next", "/"))
        return visit.page("sign_in.html", form=visit.form(next=target))

    @pages.post("/sign-in")
    async def check_sign_in(request: Request) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        accounts = read_accounts(accounts_file(desk.settings))
        name, password = form.text("name"), (form.every("password") or [""])[-1]
        address = address_of(peer_address())
        if wait := attempts.begin(name, address, time.monotonic()):
            write_denial(message("sign-in-paused", seconds=wait), status=429, route="/sign-in")
            form.general.append(message("sign-in-paused", seconds=wait).text(page_language()))
            page = visit.page("sign_in.html", 429, form=form)
            page.headers["Retry-After"] = str(wait)
            return page
        account = await asyncio.to_thread(verify_password, accounts, name, password)
        if account is None:
            write_denial(message("sign-in-refused"), status=UNAUTHORIZED, route="/sign-in")
            form.general.append(message("sign-in-refused"))
            return visit.page("sign_in.html", UNAUTHORIZED, form=form)
        attempts.succeed(name, address)
        session = site.sessions.begin(account.name, account.role, account.units, account.sources)
        answer = visit.see_other(local_address(form.text("next")))
        _set_cookie(answer, session_cookie(site.sessions.seal(session), _secure(visit)))
        return answer


def _add_sign_out(pages: FastAPI, site: Site, desk: Desk) -> None:
    @pages.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        visit = site.visit(request)
        await visit.sent_form()
        target, session = "/", visit.session
        if session is not None:
            revoked = await revoke_session(
                desk.reading.db, site.verifier, session.id, session.expires, site.sessions.clock()
            )
            target = first_step(site, session.id, session.expires, revoked)
        answer = visit.see_other(target)
        _set_cookie(answer, session_cookie("", _secure(visit)))
        return answer


def _add_language(pages: FastAPI, site: Site) -> None:
    @pages.get("/language/{language}")
    async def choose_language(request: Request, language: Literal["vi", "en"]) -> Response:
        visit = site.visit(request)
        answer = visit.see_other(local_address(request.query_params.get("next", "/")))
        _set_cookie(answer, cookie_header(LANGUAGE_COOKIE, language, YEAR_SECONDS, _secure(visit)))
        return answer


def local_address(text: str) -> str:
    """An address of this site to lead on to; the first page for anything else."""
    local = text.startswith("/") and not text.startswith(("//", "/\\")) and len(text) <= NEXT_MAX
    plain = text.isascii() and text.isprintable() and "\\" not in text
    return text if local and plain and " " not in text else "/"


def _secure(visit: Visit) -> bool:
    return visit.site.is_secure(visit.request.scope)


def _set_cookie(answer: Response, cookie: str) -> None:
    answer.headers.append("set-cookie", cookie)
