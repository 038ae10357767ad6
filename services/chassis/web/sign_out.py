"""Signing out of every service: each revokes the session in its own database.

No service reaches another's database, so the browser is led from one to the next. A ticket goes
with it, by which nobody can end the session of somebody else. A service that cannot revoke now is
passed by, and the person is told; the cookie itself is deleted at the first step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response

from contracts.navigation import PAGE_SERVICES
from services.chassis import revocation_table
from services.chassis.auth.credentials import Verifier
from services.chassis.auth.revocation import Revocation, Revocations
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.chassis.http.problems import Problem
from services.chassis.web.form_tokens import FormTokens
from services.chassis.web.messages import message
from services.chassis.web.sessions import Session
from services.chassis.web.site import Site, Visit

STEP = "/sign-out"
AT_ISSUER = "/sign-out/issuer"
"""Where the way ends for a person who signed in at an issuer."""
MISSED, ISSUER = "missed", "issuer"
DIGITS_MAX = 17
log = logging.getLogger(__name__)


def first_step(site: Site, session: Session, revoked: bool) -> str:
    """Where the browser goes once the service that was asked has revoked the session, or not."""
    values = ticket_values(site.tokens, session.id, session.expires)
    if session.by_issuer:
        values[ISSUER] = "1"
    return _step(PAGE_SERVICES, values, revoked)


def ticket_values(tokens: FormTokens, session: str, ends: int) -> dict[str, str]:
    """The parameters of a step: which session ends, and the ticket that permits it."""
    ticket = tokens.make(_subject(session, ends))
    return {"session": session, "ends": str(ends), "ticket": ticket}


async def revoke_session(
    db: Database, verifier: Verifier, session: str, ends: int, now: int
) -> bool:
    """Revokes a session, in this process at once and in others within a second; whether it did."""
    try:
        async with db.write() as conn:
            await revocation_table.add(conn, Revocation("session", session, ends=ends), now)
            rows = await revocation_table.load(conn)
    except DanchuError as error:
        log.warning("a session cannot be revoked", extra={"error": error.message})
        return False
    verifier.revoke(Revocations(rows))
    return True


def add_sign_out(pages: FastAPI, site: Site, db: Database, service: str) -> None:
    """The step of a service with pages; its ticket is the permission, so no session is needed."""

    async def end_session(request: Request) -> Response:
        leaving = _leaving(site, request)
        now = site.sessions.clock()
        revoked = await revoke_session(db, site.verifier, leaving.session, leaving.ends, now)
        return _lead_on(Visit(site, request, None), service, leaving, revoked)

    pages.add_route(STEP, end_session)


def add_steps_elsewhere(pages: FastAPI, site: Site) -> None:
    """Passes by the services that are not served at this address: nobody can read them here."""
    for service in PAGE_SERVICES:
        pages.add_route(f"/{service}/pages{STEP}", _passing(site, service))


def _passing(site: Site, service: str) -> Callable[[Request], Response]:
    def pass_by(request: Request) -> Response:
        return _lead_on(Visit(site, request, None), service, _leaving(site, request), True)

    return pass_by


class Leaving(NamedTuple):
    """The session that ends; whether every service before has revoked it, and an issuer follows."""

    session: str
    ends: int
    ticket: str
    revoked: bool
    by_issuer: bool

    def values(self) -> dict[str, str]:
        """The parameters of the next step."""
        values = {"session": self.session, "ends": str(self.ends), "ticket": self.ticket}
        return {**values, ISSUER: "1"} if self.by_issuer else values


def _leaving(site: Site, request: Request) -> Leaving:
    """What the address says; Problem 403 unless its ticket was made for this session."""
    query = request.query_params
    session, ends, ticket = (query.get(name, "") for name in ("session", "ends", "ticket"))
    digits = ends.isascii() and ends.isdecimal() and len(ends) < DIGITS_MAX
    if not digits or not site.tokens.fits(ticket, _subject(session, int(ends))):
        raise Problem(403, message("form-foreign"))
    return Leaving(session, int(ends), ticket, MISSED not in query, ISSUER in query)


def _lead_on(visit: Visit, service: str, leaving: Leaving, revoked: bool) -> Response:
    """To the service after this one, or to the first page after the last."""
    following = PAGE_SERVICES[PAGE_SERVICES.index(service) + 1 :]
    everywhere = leaving.revoked and revoked
    if following:
        return visit.see_other(_step(following, leaving.values(), everywhere))
    if leaving.by_issuer:
        return visit.see_other(AT_ISSUER if everywhere else f"{AT_ISSUER}?partly=1")
    if everywhere:
        return visit.see_other("/", "signed-out")
    return visit.see_other("/", "signed-out-partly")


def _step(services: tuple[str, ...], values: dict[str, str], revoked: bool) -> str:
    query = urlencode(values if revoked else {**values, MISSED: "1"})
    return f"/{services[0]}/pages{STEP}?{query}"


def _subject(session: str, ends: int) -> str:
    return f"sign-out {session} {ends}"
