"""The operator's commands: resend, audit, rebuild, quarantine, and the making of tokens."""

import json
from pathlib import Path

from contracts import moments
from services.chassis import outbox
from services.chassis.broker import Broker, provision
from services.chassis.database import Database
from services.chassis.errors import DanchuError, SettingWrong
from services.chassis.settings import Settings
from services.commands.client import Client, tokens
from services.commands.emit import Refused, said, send
from services.commands.parts import MIGRATED, PRODUCERS, named
from services.commands.running import Told
from services.scoring import operations, quarantine
from services.scoring.settings import ScoringSettings


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


def instant(since: str) -> int:
    """A moment out of an RFC 3339 time or a date, which begins at 00:00+07:00."""
    try:
        return moments.day_start(since) if len(since) == 10 else moments.instant(since)
    except ValueError as wrong:
        raise SettingWrong("--since", str(wrong)) from None


async def resend(since: str, told: Told) -> dict[str, int]:
    """Sends everything recorded since then again, and lifts the halt; rows by service.

    `told` hears how many services are done, of how many.
    """
    start = instant(since)
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
