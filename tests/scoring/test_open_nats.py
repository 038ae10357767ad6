"""An outside NATS where anybody can write: refused, or shown as long as it is open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import nats
import pytest
from opentelemetry.metrics import CallbackOptions

from contracts import envelope
from contracts.envelope import stream_subject
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import now_us
from services.chassis.errors import StreamOpen
from services.chassis.marks import HEADER
from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.scoring import app as scoring
from services.scoring.operations import gauges
from services.scoring.settings import ScoringSettings
from services.scoring.store.door_state import ALARM_US
from services.scoring.subscribers import mark_watch
from tests.conftest import NatsServer, eventually
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, published, registered
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
OVERRIDE = "DANCHU_NATS_OPEN_ACCEPTED"
INVENTED = "intake.0badd007"


@pytest.fixture
def open_nats(home: Path) -> Iterator[NatsServer]:
    """A server without users, which the provisioning accepts."""
    server = NatsServer(home, open_accepted=True)
    server.remove_users()
    server.start()
    yield server
    server.stop()


class Clock:
    """The clock of the machine, which a test can set forward."""

    ahead = 0

    def __call__(self) -> int:
        return now_us() + self.ahead


@pytest.fixture
async def accepted(
    open_nats: NatsServer, home: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Road, Clock]]:
    """A rated unit on the open server, whose operator accepts it."""
    monkeypatch.setenv(OVERRIDE, "true")
    monkeypatch.setattr(mark_watch, "STEP_SECONDS", 0.05)
    await open_nats.provisioned()
    clock = Clock()
    async with open_road(home, f"sqlite:///{home / 'x.db'}", issuer, clock=clock) as road:
        receipts = await road.send(
            [registered("H44.1"), due("H44.1", "a"), published("H44.1", "a")]
        )
        await road.get("/ratings/2025/H44.1", wait_for=",".join(receipts))
        yield road, clock


async def forge(server: NatsServer, id_: str, door: str | None) -> None:
    """Writes an award into the stream, as anybody on the network can."""
    award = event(id_, "award.granted", subject="H44.1", data={"award": id_, "level": "state"})
    body = envelope.body(award, now_us(), envelope.content_of(award))
    client = await nats.connect(server.url)
    headers = None if door is None else {HEADER: door}
    await client.jetstream().publish(
        stream_subject("H44.1", "award.granted"), body, headers=headers
    )
    await client.close()


async def total(road: Road) -> str:
    """The points of the unit."""
    return str((await road.get("/ratings/2025/H44.1")).json()["total"])


async def test_no_process_that_relays_or_folds_starts_on_an_open_nats(
    open_nats: NatsServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the override, which is not set."""
    await open_nats.provisioned()
    door, rater = IntakeSettings(home=home), ScoringSettings(home=home)
    await intake.migrated(door)
    await scoring.migrated(rater)
    for app in (intake.build(door), scoring.build(rater, "fold")):
        with pytest.raises(StreamOpen, match=OVERRIDE):
            await app.start()
        await app.stop()


async def test_a_forged_award_on_an_accepted_open_nats_is_shown_everywhere(
    open_nats: NatsServer, accepted: tuple[Road, Clock]
) -> None:
    """Without a door it is in quarantine; in the name of an invented one it is an alarm, and that
    the stream is open stands in readiness, lag and metric all the while.
    """
    road, clock = accepted
    before = await total(road)
    await forge(open_nats, "nameless", None)

    async def quarantined() -> Any:
        return (await road.get("/quarantine", "operator")).json()["items"]

    (entry,) = await eventually(quarantined)
    assert entry["reason"] == "authorship" and "names no door" in entry["detail"]
    assert await total(road) == before

    await forge(open_nats, "invented", INVENTED)

    async def gained() -> bool:
        return await total(road) != before

    async def alarmed() -> Any:
        clock.ahead += ALARM_US
        return (await road.get("/lag", "operator")).json()["halted"]

    await eventually(gained)
    assert INVENTED in await eventually(alarmed)
    lag = (await road.get("/lag", "operator")).json()
    assert open_nats.url in lag["open_en"] and OVERRIDE in lag["open_vi"]
    for service in ("intake", "scoring"):
        state = (await road.client.get(f"/{service}/readyz")).json()
        assert state["status"] == "degraded" and OVERRIDE in state["checks"]["writers"]
    await road.scoring.gauges.fold()
    assert [each.value for each in gauges._open.observe(CallbackOptions())] == [1]


async def test_a_nats_that_is_opened_later_halts_the_fold_until_it_is_closed(
    provisioned: NatsServer, home: Path, issuer: Issuer
) -> None:
    """Doors go on accepting; nothing counts meanwhile, and the halt ends by itself."""
    async with open_road(home, f"sqlite:///{home / 'x.db'}", issuer) as road:
        (receipt,) = await road.send([registered("H44.1")])
        before = (await road.get("/ratings/2025/H44.1", wait_for=receipt)).json()
        openness = road.scoring.broker.openness
        openness.servers, openness.was_open = (provisioned.url,), True
        receipts = await road.send([due("H44.1", "a"), published("H44.1", "a")])

        async def halted() -> Any:
            lag = (await road.get("/lag", "operator")).json()
            return lag["halted"] if lag["events"] else None

        assert OVERRIDE in await eventually(halted)
        state = (await road.client.get("/scoring/readyz")).json()
        assert state["status"] == "degraded" and OVERRIDE in state["checks"]["fold"]
        assert (await road.get("/ratings/2025/H44.1")).json() == before
        openness.servers = ()
        rated = await road.get("/ratings/2025/H44.1", wait_for=",".join(receipts))
        assert rated.json()["total"] != before["total"]
        assert (await road.get("/quarantine", "operator")).json()["items"] == []
