"""The pages of the intake put together: one application, mounted at `/intake/pages`."""

from __future__ import annotations

from fastapi import FastAPI

from services.chassis.auth.credentials import Verifier
from services.chassis.settings import Settings
from services.chassis.web.error_pages import page_application
from services.chassis.web.guard import guard
from services.chassis.web.sessions import open_sessions
from services.chassis.web.sign_out import add_sign_out
from services.chassis.web.site import PageAccess, Site
from services.intake.event_rate import EventRate
from services.intake.handlers import Intake
from services.intake.messages import message as intake_message
from services.intake.pages import events
from services.intake.receipt_lookup import ReceiptLookup
from services.intake.settings import SERVICE

MOUNT = "/pages"
SENDERS = PageAccess(frozenset(("council", "emitter")), intake_message("sending"))
PAGES = {
    "GET /events/{form}": SENDERS,
    "POST /events/{form}": SENDERS,
    "POST /events/{form}/confirmed": SENDERS,
    "GET /receipts/{receipt}": SENDERS,
}


def mount_pages(
    api: FastAPI, intake: Intake, receipts: ReceiptLookup, verifier: Verifier, rate: EventRate,
    settings: Settings,
) -> None:  # fmt: skip
    """Adds the pages beside the door whose handler they use."""
    sessions = open_sessions(settings, intake.clock, SERVICE)
    site = Site(
        __package__, PAGES, sessions, verifier, settings.public_url,
        by_issuer=settings.oidc_client_id is not None,
    )  # fmt: skip
    pages = page_application(site)
    events.add_events(pages, site, events.PageDoor(intake, rate), receipts)
    add_sign_out(pages, site, intake.db, SERVICE)
    api.mount(MOUNT, guard(pages, site))
