"""The pages of scoring put together: one application, mounted at the root of the address."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp

from services.chassis.auth.credentials import Verifier
from services.chassis.auth.openid_settings import openid_client
from services.chassis.web.error_pages import error_page, page_application
from services.chassis.web.guard import guard
from services.chassis.web.sessions import open_sessions
from services.chassis.web.sign_out import add_steps_elsewhere
from services.chassis.web.site import Site
from services.scoring.access.read_lines import ReadLines
from services.scoring.settings import SERVICE
from services.scoring.web import sign_in, sign_in_issuer
from services.scoring.web.desk import Desk
from services.scoring.web.error_answers import add_errors
from services.scoring.web.messages import message
from services.scoring.web.pages import (
    audit,
    audit_reads,
    audit_signs,
    desk_decisions,
    desk_replies,
    desk_steps,
    desk_verify,
    quarantine,
    quarantine_steps,
    report,
    resolution,
    unit,
    unit_compare,
    unit_events,
    unit_files,
    unit_history,
    what_if,
    year,
    year_activity,
)
from services.scoring.web.pages import (
    desk as desk_page,
)
from services.scoring.web.permissions import PAGES
from services.scoring.web.public_site import with_public_view


def build_pages(desk: Desk, verifier: Verifier) -> ASGIApp:
    """The application of the pages, guarded."""
    settings = desk.settings
    sessions = open_sessions(settings, desk.reading.clock, SERVICE)
    site = Site(
        __package__, message, PAGES, sessions, verifier, settings.public_url,
        by_issuer=settings.oidc_client_id is not None,
    )  # fmt: skip
    pages = page_application(site)
    client = openid_client(settings, verifier.openid)
    sign_in.add_sign_in(pages, site, desk, client)
    sign_in_issuer.add_sign_in_issuer(pages, site, client)
    add_steps_elsewhere(pages, site)
    year.add_year(pages, site, desk)
    year_activity.add_year_activity(pages, site, desk)
    resolution.add_resolution(pages, site, desk)
    report.add_report(pages, site, desk)
    desk_page.add_desk(pages, site, desk)
    desk_steps.add_desk_steps(pages, site, desk)
    desk_replies.add_desk_replies(pages, site, desk)
    desk_decisions.add_desk_decisions(pages, site, desk)
    desk_verify.add_desk_verify(pages, site, desk)
    audit.add_audit(pages, site, desk)
    audit_reads.add_audit_reads(pages, site, desk)
    audit_signs.add_audit_signs(pages, site, desk)
    quarantine.add_quarantine(pages, site, desk)
    quarantine_steps.add_quarantine_steps(pages, site, desk)
    unit.add_unit(pages, site, desk)
    unit_events.add_unit_events(pages, site, desk)
    unit_history.add_unit_history(pages, site, desk)
    unit_compare.add_unit_compare(pages, site, desk)
    unit_files.add_unit_files(pages, site, desk)
    what_if.add_what_if(pages, site, desk)
    pages.add_middleware(
        ReadLines, log=desk.reads, rows=PAGES,
        refuse=lambda scope, problem: error_page(site, Request(scope), problem),
    )  # fmt: skip
    add_errors(pages, site)
    guarded = guard(pages, site)
    return with_public_view(guarded, desk, site) if settings.public_view else guarded
