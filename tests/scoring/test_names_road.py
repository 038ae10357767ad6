"""Names of units from the door by the fold to the systems of record: those that count alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts import moments
from services.chassis.auth.credentials import Issuer
from services.chassis.broker.connection import Broker
from services.chassis.clock import fixed
from services.chassis.settings import Settings
from services.records.unit_names import UnitNames
from tests.conftest import NatsServer, eventually
from tests.scoring.road import open_road
from tests.scoring.test_road import registered
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio


def renamed(unit: str, name: str, effective: str) -> dict[str, object]:
    """A renaming from a day on."""
    data = {"name": name, "effective": effective}
    return event(f"ren-{name}", "unit.renamed", subject=unit, data=data)


async def test_a_renaming_that_does_not_count_names_no_unit(
    home: Path, tmp_path: Path, issuer: Issuer, provisioned: NatsServer
) -> None:
    """Retracted, in quarantine, or to come: the last name that is in force is shown."""
    names = UnitNames(Broker(Settings(home=home).nats("awards"), "test names"))
    forger = provisioned.broker("intake")
    async with open_road(home, f"sqlite:///{tmp_path / 'test.db'}", issuer) as road:
        wrong = renamed("H44.1", "Phường nhầm", "2025-03-01")
        taken_back = event(
            "r1", "event.retracted", subject="H44.1",
            data={"source": wrong["source"], "id": wrong["id"], "reason": "Nhầm"},
        )  # fmt: skip
        sent = [
            registered("H44.1", "Xã cũ"), renamed("H44.1", "Xã mới", "2025-02-01"), wrong,
            renamed("H44.1", "Phường sau này", "2099-01-01"),
        ]  # fmt: skip
        receipts = await road.send(sent)
        receipts += await road.send([taken_back], "registrar")
        forged = json.dumps(renamed("H44.1", "Phường giả", "2025-05-01")).encode()
        await forger.request("danchu.events.H44-1.unit.renamed", forged)
        await road.get("/ratings/2025/H44.1", wait_for=receipts[-1])

        async def quarantined() -> bool:
            entries = await road.get("/quarantine", "operator")
            return bool(entries.json()["items"])

        await eventually(quarantined)
        assert await names.look() and not await names.look()
        assert [names.name_of(each) for each in ("H44.1", "H44.2")] == ["Xã mới", None]
        names.clock = fixed(moments.day_start("2099-01-01"))
        assert names.name_of("H44.1") == "Phường sau này"
    for broker in (forger, names.broker):
        await broker.close()
