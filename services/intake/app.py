"""Composition of the intake, with its HTTP and NATS doors; `build` opens no connection."""

from functools import partial

from services.chassis import outbox_service
from services.chassis.auth import credentials
from services.chassis.broker_startup import Task
from services.chassis.clock import Clock, now_us
from services.chassis.outbox_service import Producer
from services.chassis.service_schema import migrate_service
from services.chassis.settings import Settings
from services.chassis.token_watch import TokenWatch
from services.chassis.web.sessions import open_sessions
from services.intake.api import build_api
from services.intake.event_rate import EventRate
from services.intake.handlers import Intake
from services.intake.messages import message
from services.intake.pages.site import mount_pages
from services.intake.receipt_lookup import ReceiptLookup, ask_scoring
from services.intake.repair_requests import RepairRequests
from services.intake.settings import SERVICE, IntakeSettings, check_sources
from services.intake.subscribers import NatsDoor
from services.intake.tables import MIGRATIONS
from services.intake.unit_credentials import CredentialFile, load


async def migrated(settings: Settings) -> None:
    """Migrates the database schema of the intake to this version."""
    await migrate_service(SERVICE, settings, MIGRATIONS)


def build(settings: IntakeSettings, clock: Clock = now_us) -> Producer:
    """Builds the service without connecting; raises SettingWrong for a wrong setting."""
    check_sources(settings.intake_nats_sources)
    load(settings.credential_file)
    parts = outbox_service.parts(SERVICE, settings, clock, spot_checks=True)
    intake = Intake(parts.db, clock, parts.relay.nudge)
    door = NatsDoor(
        settings.nats(SERVICE), intake, settings.intake_nats_sources,
        CredentialFile(settings.credential_file),
    )  # fmt: skip
    if settings.nats_url and not settings.intake_nats_sources:
        parts.health.warn(message("sources-any"))
    verifier = credentials.verifier(settings, clock, SERVICE)
    receipts = ReceiptLookup(parts.db, partial(ask_scoring, door.broker))
    rate = EventRate.of(settings, clock)
    api = build_api(intake, receipts, verifier, parts.health, clock, rate)
    mount_pages(api, intake, receipts, verifier, rate, settings)
    keys = credentials.token_keys(settings)
    tokens = TokenWatch(parts.db, verifier)
    sessions = open_sessions(settings, clock, SERVICE)
    repairs = RepairRequests(door.broker, intake, sessions, verifier)
    beside: dict[str, Task] = {"NATS door": door.run, "repairs": repairs.run}
    return Producer(parts, api, MIGRATIONS, tokens, beside, intake.close, keys)
