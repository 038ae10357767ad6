"""Which units are registered, asked of a real stream by the user of the awards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.awards import app as awards
from services.awards import unit_register
from services.chassis.auth.credentials import Issuer
from services.chassis.broker.connection import Broker
from services.chassis.http.service_api import compose
from services.chassis.settings import Settings
from services.records import vault
from tests.conftest import NatsServer
from tests.records.test_answers import EVIDENCE, OTHER, recognised
from tests.support.builders.desks import Desk

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(provisioned: NatsServer, home: Path, issuer: Issuer) -> AsyncIterator[Desk]:
    """The awards beside a real nats-server, as `danchu serve` builds them."""
    settings = Settings(home=home)
    vault.make(settings)
    await awards.migrated(settings)
    app = awards.build(settings)
    await app.start()
    transport = httpx.ASGITransport(
        compose({"awards": (app.api, app.health)}), raise_app_exceptions=False
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://danchu") as client:
        yield Desk("awards", app, client, issuer)
    await app.stop()


async def register(home: Path, *units: str) -> None:
    """Registrations as the door relays them."""
    broker = Broker(Settings(home=home).nats("intake"), "test door")
    try:
        for unit in units:
            subject = f"danchu.events.{unit.replace('.', '-')}.unit.registered"
            await broker.request(subject, b"{}")
            await broker.request(subject.replace("registered", "renamed"), b"{}")
    finally:
        await broker.close()


async def replicated(desk: Desk, id_: str, by: str) -> Any:
    """The answer to a replication by the council."""
    return await desk.post(f"achievements/{id_}/replicate", "council", {"by": by, **EVIDENCE})


async def test_a_registered_unit_takes_a_model_up_and_a_mistyped_one_is_refused(
    desk: Desk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream tells who is registered; whoever is only renamed is not."""
    monkeypatch.setattr(unit_register, "PAUSE_SECONDS", 0.01)
    await register(home, "H44.2.1", OTHER)
    id_ = await recognised(desk)
    mistyped = await replicated(desk, id_, "H44.2.22")
    assert (mistyped.status_code, mistyped.json()["errors"][0]["field"]) == (422, "by")
    assert OTHER in mistyped.json()["detail_vi"]
    assert (await replicated(desk, id_, OTHER)).status_code == 200


async def test_nothing_is_refused_while_no_unit_is_known(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that is new or was lost says 503, with the time after which to try again."""
    monkeypatch.setattr(unit_register, "PAUSE_SECONDS", 0.01)
    id_ = await recognised(desk)
    answer = await replicated(desk, id_, OTHER)
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert "detail_vi" in answer.json()


async def test_a_registration_that_is_on_its_way_is_waited_for(
    desk: Desk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit is looked for again before it is refused."""
    await register(home, "H44.2.1")
    id_ = await recognised(desk)
    looks: list[int] = []

    async def late(seconds: float) -> None:
        looks.append(1)
        if len(looks) == 2:
            await register(home, OTHER)

    monkeypatch.setattr(unit_register, "pause", late)
    assert (await replicated(desk, id_, OTHER)).status_code == 200
    assert len(looks) == 2


async def test_without_a_broker_a_replication_waits_and_everything_else_goes_on(
    desk: Desk, provisioned: NatsServer
) -> None:
    """503 for the one command that names another unit."""
    provisioned.stop()
    id_ = await recognised(desk)
    answer = await replicated(desk, id_, OTHER)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
