"""The operator's work on databases and NATS: migrate, provision, resend, audit, rebuild, doors,
and the quarantine.
"""

import json
from pathlib import Path
from typing import Any

from contracts import moments
from contracts.messages import Message
from services.chassis import outbox
from services.chassis.broker.connection import Broker
from services.chassis.clock import now_us
from services.chassis.database.engine import Database
from services.chassis.database.limits import PATIENT
from services.chassis.errors import DanchuError
from services.chassis.settings import Settings
from services.commands.client import Client, tokens
from services.commands.emit import Refusal, send, sentence
from services.commands.homes import require_databases, stack_url
from services.commands.messages import message
from services.commands.nats.provisioning import provision as provision_broker
from services.commands.service_registry import SERVICES, check_databases, migrate_one, service_names
from services.commands.terminal import Step
from services.scoring.operations import audit as auditing
from services.scoring.operations import doors as door_operations
from services.scoring.operations import halt, session
from services.scoring.operations import quarantine as quarantine_operations
from services.scoring.operations import rebuild as rebuilding
from services.scoring.queries import books
from services.scoring.settings import SERVICE, ScoringSettings
from services.scoring.store import quarantine
from services.scoring.store.quarantine import readable


class OptionWrong(DanchuError):
    """An option of a command has a value that cannot be used."""

    def __init__(self, option: str, why: Message) -> None:
        super().__init__(message("option-wrong", option=option, why=why))


class NotRepaired(DanchuError):
    """The replacement of a quarantined event was not accepted."""

    def __init__(self, why: Message) -> None:
        super().__init__(message("not-repaired", why=why))


async def migrate(settings: Settings, service: str) -> list[str]:
    """Migrates the databases of a service, or of all; returns the names of the services."""
    names = list(service_names(service))
    check_databases(settings, names)
    for name in names:
        await migrate_one(name, settings)
    return names


async def provision(settings: Settings, anew: bool = False) -> list[Message]:
    """Creates or updates streams and consumers; returns a sentence for each change."""
    broker = Broker(settings.nats("provision"), "danchu provision")
    try:
        return await provision_broker(broker, anew)
    finally:
        await broker.close()


def instant(since: str, now: int) -> int:
    """The instant of an RFC 3339 time or of a date (at 00:00+07:00), not in the future.

    OptionWrong for anything else.
    """
    try:
        start = moments.day_start(since) if len(since) == 10 else moments.instant(since)
    except ValueError:
        raise OptionWrong("--since", message("since-shape", since=since[:40])) from None
    if start > now:
        raise OptionWrong("--since", message("since-future", since=since))
    return start


async def resend(settings: ScoringSettings, since: str, step: Step) -> dict[str, int]:
    """Marks events that the ledger lacks, and those recorded since, as unsent, and lifts the halt.

    Returns the number of rows by service. Any instant is sufficient, since each event of an outbox
    is looked up in ledger and quarantine. `step` gets the progress in services.
    """
    start = instant(since, now_us())
    require_databases(settings, SERVICES)
    step(0, len(SERVICES))
    await provision(settings, anew=True)
    sent = {}
    async with session.open_database(settings) as scoring:
        for name in SERVICES:
            db = Database(settings.database(name), name, PATIENT)
            try:
                sent[name] = await door_operations.resend_missing(scoring, db, start)
                async with db.write() as conn:
                    sent[name] += await outbox.resend(conn, start)
            finally:
                await db.close()
            step(len(sent), len(SERVICES))
    await halt.lift_halt(settings)
    return sent


async def rebuild(settings: ScoringSettings, year: int, step: Step) -> int | None:
    """Recomputes a year; the number of events read, None if there is nothing of the year."""
    require_databases(settings, (SERVICE,))
    async with session.open_database(settings) as db, db.read() as conn:
        booked = await books.booked_units(conn, year)
    read = await rebuilding.rebuild(settings, year, step)
    return read if read or booked else None


async def audit(settings: ScoringSettings, step: Step) -> list[str]:
    """The differences between outboxes, ledger, facts and tallies, a sentence each."""
    require_databases(settings, SERVICES)
    return await auditing.audit(settings, SERVICES, step)


async def list_quarantine(
    settings: Settings, state: str | None, limit: int
) -> list[dict[str, Any]]:
    """The entries of the quarantine in the database, the newest first."""
    scoring = ScoringSettings(home=settings.home)
    require_databases(scoring, (SERVICE,))
    return [readable(entry) for entry in await quarantine_operations.entries(scoring, state, limit)]


async def load_quarantine_entry(settings: ScoringSettings, id_: str) -> dict[str, Any]:
    """One entry with its original bytes."""
    require_databases(settings, (SERVICE,))
    return readable(await quarantine_operations.entry(settings, id_))


async def list_doors(settings: ScoringSettings) -> list[dict[str, Any]]:
    """The doors that scoring knows, with the numbers of arrived events."""
    require_databases(settings, (SERVICE,))
    return [door.summary() for door in await door_operations.list_doors(settings)]


async def retire_door(settings: ScoringSettings, name: str) -> None:
    """Stops waiting for a door."""
    require_databases(settings, (SERVICE,))
    await door_operations.retire(settings, name)


async def repair(settings: ScoringSettings, id_: str, file: Path, url: str | None) -> str:
    """Sends a repaired event through the door, links it to the original; returns its receipt."""
    require_databases(settings, (SERVICE,))
    try:
        line = json.dumps(json.loads(file.read_bytes())).encode()
    except (ValueError, RecursionError):
        raise NotRepaired(message("repaired-no-json", file=file)) from None

    async def send_line(raw: bytes) -> str:
        client, refusals = Client(url or stack_url(settings)), list[Refusal]()
        report = await send(client, [raw], tokens(settings.home).__getitem__, refusals.append)
        if refusals:
            raise NotRepaired(sentence(refusals[0]))
        return report.receipt

    return await quarantine_operations.repair(settings, id_, line, send_line)


async def drop(settings: ScoringSettings, id_: str) -> None:
    """Marks an entry of the quarantine as dropped; its bytes are kept."""
    require_databases(settings, (SERVICE,))
    await quarantine_operations.drop(settings, id_)


async def replay(settings: ScoringSettings, id_: str) -> bool:
    """Folds the original bytes once more; whether that succeeded."""
    require_databases(settings, (SERVICE,))
    return await quarantine_operations.replay(settings, id_)


async def set_aside(settings: ScoringSettings, source: str, id_: str, reason: str) -> None:
    """Sets aside the event that halts the fold, with a reason."""
    if not 1 <= len(reason.strip()) <= quarantine.DETAIL_MAX or not reason.isprintable():
        raise OptionWrong("--reason", message("reason-length", most=quarantine.DETAIL_MAX))
    require_databases(settings, (SERVICE,))
    await halt.set_aside(settings, source, id_, reason.strip())
