"""The operator's commands: resend, audit, rebuild, quarantine, and the making of tokens."""

import json
from pathlib import Path

from contracts import moments
from services.chassis import outbox
from services.chassis.broker import Broker, provision
from services.chassis.clock import now_us
from services.chassis.database import Database
from services.chassis.errors import DanchuError
from services.chassis.settings import Settings
from services.commands.client import Client, tokens
from services.commands.emit import Refused, said, send
from services.commands.parts import MIGRATED, PRODUCERS, named
from services.commands.running import Told
from services.scoring import operations, quarantine, queries
from services.scoring.settings import ScoringSettings


class OptionWrong(DanchuError):
    """An option of a command has a value that cannot be used."""

    def __init__(self, option: str, why: str) -> None:
        super().__init__(f"The option {option} cannot be used: {why}.")


class NotRepaired(DanchuError):
    """What should replace a quarantined event was not accepted."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The repaired event was not accepted: {why}")


async def migrate(asked: str) -> list[str]:
    """Brings the databases of a service, or of all, to this version; answers their names."""
    names = list(named(asked))
    for name in names:
        await MIGRATED[name](Settings())
    return names


async def provisioned(anew: bool = False) -> list[str]:
    """Creates or corrects streams and consumers; says what was done."""
    broker = Broker(Settings().nats("provision"), "danchu provision")
    try:
        return await provision(broker, anew)
    finally:
        await broker.close()


def instant(since: str, now: int) -> int:
    """A moment that is not ahead, out of an RFC 3339 time or a date, which begins at 00:00+07:00.

    OptionWrong says what is taken.
    """
    try:
        start = moments.day_start(since) if len(since) == 10 else moments.instant(since)
    except ValueError:
        why = (
            f"{since[:40]!r} is neither a day of the calendar such as 2025-01-01 nor an RFC 3339 "
            "time with an offset such as 2025-01-01T08:00:00+07:00"
        )
        raise OptionWrong("--since", why) from None
    if start > now:
        raise OptionWrong("--since", f"{since} lies in the future, so nothing would be sent again")
    return start


async def resend(since: str, told: Told) -> dict[str, int]:
    """Sends everything recorded since then again, and lifts the halt; rows by service.

    `told` hears how many services are done, of how many.
    """
    start = instant(since, now_us())
    told(0, len(PRODUCERS))
    await provisioned(anew=True)
    sent = {}
    for name in PRODUCERS:
        db = Database(Settings().database(name), name)
        try:
            async with db.write() as conn:
                sent[name] = await outbox.resend(conn, start)
        finally:
            await db.close()
        told(len(sent), len(PRODUCERS))
    await operations.lift(ScoringSettings())
    return sent


async def rebuild(year: int, told: Told) -> int | None:
    """Folds a year anew; how many events it read, None where nothing at all is of the year."""
    settings = ScoringSettings()
    async with operations.opened(settings) as db, db.read() as conn:
        booked = await queries.booked_units(conn, year)
    read = await operations.rebuild(settings, year, told)
    return read if read or booked else None


async def repaired(id_: str, file: Path, client: Client, home: Path) -> str:
    """Sends a repaired event through the door and links it to the original; its receipt."""
    settings = ScoringSettings()
    await operations.unreplaced(settings, id_)
    try:
        line = json.dumps(json.loads(file.read_bytes())).encode()
    except (ValueError, RecursionError) as wrong:
        raise NotRepaired(f"{file} is no JSON: {wrong}") from None
    refused: list[Refused] = []
    report = await send(client, [line], tokens(home).__getitem__, refused.append)
    if refused:
        raise NotRepaired(said(refused[0]))
    await operations.settle(settings, id_, quarantine.REPLAYED, report.receipt)
    return report.receipt


async def dropped(id_: str) -> None:
    """Marks an entry of the quarantine as dropped; its bytes stay."""
    await operations.settle(ScoringSettings(), id_, quarantine.DROPPED)


async def replayed(id_: str) -> bool:
    """Folds the original bytes once more; whether they count as folded now."""
    return await operations.replay(ScoringSettings(), id_)


async def set_aside(source: str, id_: str, reason: str) -> None:
    """Takes the event over which the fold stands still out of it, with a reason."""
    if not 1 <= len(reason.strip()) <= quarantine.DETAIL_MAX or not reason.isprintable():
        why = f"it is one line of 1 to {quarantine.DETAIL_MAX} printable characters"
        raise OptionWrong("--reason", why)
    await operations.set_aside(ScoringSettings(), source, id_, reason.strip())
