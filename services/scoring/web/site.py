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
from services.scoring.ratings.labels import label
from services.scoring.readmodel.question import OneQuestion
from services.scoring.settings import SERVICE
from services.scoring.web import sign_in, sign_in_issuer
from services.scoring.web.desk import Desk
from services.scoring.web.error_answers import add_errors
from services.scoring.web.pages import (
    audit,
    audit_reads,
    audit_signs,
    desk_begin,
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

_ADDED = (
    year.add_year,
    year_activity.add_year_activity,
    resolution.add_resolution,
    report.add_report,
    desk_page.add_desk,
    desk_steps.add_desk_steps,
    desk_replies.add_desk_replies,
    desk_decisions.add_desk_decisions,
    desk_begin.add_desk_begin,
    desk_verify.add_desk_verify,
    audit.add_audit,
    audit_reads.add_audit_reads,
    audit_signs.add_audit_signs,
    quarantine.add_quarantine,
    quarantine_steps.add_quarantine_steps,
    unit.add_unit,
    unit_events.add_unit_events,
    unit_history.add_unit_history,
    unit_compare.add_unit_compare,
    unit_files.add_unit_files,
    what_if.add_what_if,
)
"""What adds the routes of each page."""


def build_pages(desk: Desk, verifier: Verifier) -> ASGIApp:
    """The application of the pages, guarded."""
    settings = desk.settings
    sessions = open_sessions(settings, desk.reading.clock, SERVICE)
    site = Site(
        __package__, PAGES, sessions, verifier, settings.public_url,
        by_issuer=settings.oidc_client_id is not None,
    )  # fmt: skip
    site.environment.globals["label"] = label
    pages = page_application(site)
    client = openid_client(settings, verifier.openid)
    sign_in.add_sign_in(pages, site, desk, client)
    sign_in_issuer.add_sign_in_issuer(pages, site, client)
    add_steps_elsewhere(pages, site)
    for add in _ADDED:
        add(pages, site, desk)
    pages.add_middleware(
        ReadLines, log=desk.reads, rows=PAGES,
        refuse=lambda scope, problem: error_page(site, Request(scope), problem),
    )  # fmt: skip
    pages.add_middleware(OneQuestion)
    add_errors(pages, site)
    guarded = guard(pages, site)
    return with_public_view(guarded, desk, site) if settings.public_view else guarded
