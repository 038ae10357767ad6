"""A small town whose events were recorded at set instants, and what seals need beside it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from contracts import door, envelope, moments
from contracts.envelope import Recorded
from services.chassis.database.engine import Database
from services.chassis.marks import Mark
from services.scoring.fold.registry import Registry
from services.scoring.readmodel.as_of import AsOf
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing.commands import StageCommands, StageOrder
from services.scoring.sealing.keyring import Keyring
from services.scoring.sealing.service import SealService, seal_service
from services.scoring.sealing.sets import SealQuestion
from services.scoring.store import doors, position
from services.scoring.year.keys import ListedKey, Role, SigningKey
from tests.scoring.folding import Fold, folding
from tests.support.builders.events import event

YEAR = 2025
DOOR = "intake.00000001"
FEBRUARY = moments.instant("2026-02-01T00:00:00+07:00")
ORDER = StageOrder("2/QĐ", "2026-02-20", "Chốt kết quả", "operator")
MARCH = moments.instant("2026-03-01T00:00:00+07:00")
SECOND = 1_000_000
OPERATOR = SigningKey("danchu.local/operator/1", bytes(32))
AUDITOR = SigningKey("danchu.local/auditor/1", bytes(31) + b"\x01")


def recorded(item: dict[str, Any], at: int) -> Recorded:
    """An event as a door recorded it."""
    _, (read,) = door.read(json.dumps(item).encode(), door.SINGLE, at)
    assert isinstance(read, door.Emitted), read
    return envelope.decode(read.body(at))


def registration(unit: str, at: int, kind: str = "commune") -> Recorded:
    """A unit of the register."""
    data = {"name": f"Xã {unit}", "kind": kind}
    return recorded(event(f"r-{unit}", "unit.registered", subject=unit, data=data), at)


def training(unit: str, number: int, at: int, **changed: Any) -> Recorded:
    """A training of a person of a unit."""
    data = {"person": f"p{number}", "course": f"c{number}", "topic": "democracy", "hours": 8}
    return recorded(event(f"{unit}-{number}", subject=unit, data=data, **changed), at)


def town(at: int) -> list[Recorded]:
    """Two communes and an agency, with a few trainings each."""
    units = ("H44.1", "H44.2", "H44.3")
    events = [registration(unit, at + n, "commune" if n < 2 else "agency")
              for n, unit in enumerate(units)]  # fmt: skip
    for number in range(4):
        events += [training(unit, number, at + 10 + number) for unit in units]
    return events


@dataclass
class Clock:
    """A clock that a test sets."""

    now: int

    def __call__(self) -> int:
        return self.now


@dataclass
class Town:
    """A folded town, its keys, and a clock."""

    fold: Fold
    keyring: Keyring
    clock: Clock
    rubrics: Rubrics = field(default_factory=lambda: load_directory(SHIPPED))

    @property
    def db(self) -> Database:
        """The database of scoring."""
        return self.fold.db

    async def mark(self, until: int) -> None:
        """The only door announces that nothing of its own came up to an instant."""
        async with self.db.write() as conn:
            await position.lock(conn)
            await doors.compare(conn, [Mark(DOOR, until, 0)], self.clock())


def keyring_of(folder: Path, *signers: SigningKey) -> Keyring:
    """A keyring with these private keys, which a file lists from the beginning of 2020 on."""
    file = folder / "seal-keys.txt"
    listed = [ListedKey(key.verifier, key.verifier.role or Role.AUDITOR, 0) for key in signers]
    file.write_text("".join(f"{each.encode()}\n" for each in listed))
    roles = {key.verifier.role: key for key in signers if key.verifier.role is not None}
    return Keyring("danchu.local", b"a secret of the tests", file, roles)


@contextlib.asynccontextmanager
async def open_town(
    url: str, folder: Path, events: Sequence[Recorded], now: int
) -> AsyncIterator[Town]:
    """A town of these events, whose keys are all in the home."""
    async with folding(url, load_directory(SHIPPED)) as fold:
        await fold.fold(events)
        yield Town(fold, keyring_of(folder, OPERATOR, AUDITOR), Clock(now))


def service_of(place: Town) -> SealService:
    """The seals of a town, whose ratings the read model computes."""
    past = AsOf(place.db, place.rubrics)

    async def year_as_of(sealed: SealQuestion) -> Snapshot:
        snapshot = await past.snapshot(sealed.year, sealed.cut, sealed.rubrics)
        return replace(snapshot, stage="sealed", version=sealed.version, as_of=None, _bodies={})

    async def registry() -> Registry:
        return (await Snapshots(place.db, place.rubrics).of(YEAR)).registry

    seals = (place.db, place.keyring, place.rubrics, place.clock, year_as_of, registry)
    return seal_service(*seals)


async def publish(place: Town, number: str = "1/QĐ") -> None:
    """Publishes the ratings as of now, and waits until units can no longer reply."""
    commands = StageCommands(place.db, place.rubrics, place.clock)
    decision = await commands.publish(YEAR, StageOrder(number, "2026-01-05", "Công bố", "council"))
    assert decision.reply_until is not None
    place.clock.now = decision.reply_until
