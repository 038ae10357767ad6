"""The feed on a real nats-server: a consumer of RATINGS that was away gets the last state."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from nats.js import JetStreamContext
from sqlalchemy import text

from services.chassis.auth.credentials import Issuer
from services.chassis.broker.connection import Broker
from services.chassis.relay import loop
from services.chassis.settings import NatsAccess
from services.commands.nats.provisioning import provision
from services.scoring.subscribers import rating_feed
from tests.conftest import NatsServer, eventually
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, published, registered
from tests.scoring.test_sealing_road import fold_town, seal, sealing_road

pytestmark = pytest.mark.anyio
SUBJECT = "danchu.ratings.2025.H44-1"


class Consumer:
    """The durable consumer of the feed, bound with nothing but nats-feed.json."""

    bound: JetStreamContext.PullSubscription | None = None

    def __init__(self, server: NatsServer) -> None:
        file = json.loads((server.home / "nats-feed.json").read_text())
        access = NatsAccess(file["url"], file["user"], file["password"], "_INBOX")
        self.broker, self.states, self.ids = Broker(access, "office"), dict[str, Any](), list[str]()

    async def bind(self) -> None:
        """Binds the consumer that was provisioned."""
        await self.leave()
        nc = await self.broker.ensure()
        self.bound = await nc.jetstream().pull_subscribe_bind("hr", "RATINGS")

    async def leave(self) -> None:
        """Leaves the consumer to whoever binds it next."""
        if self.bound is not None:
            await self.bound.unsubscribe()
            self.bound = None

    async def read(self) -> Any:
        """Reads what waits; the last state of each subject."""
        assert self.bound is not None
        try:
            for message in await self.bound.fetch(10, timeout=0.2):
                event = json.loads(message.data)
                self.states[message.subject] = event["data"]
                self.ids.append(event["id"])
                await message.ack_sync()
        except TimeoutError:
            pass
        return self.states

    async def until(self, total: str) -> Any:
        """Reads until the unit has this total."""

        async def reached() -> Any:
            data = (await self.read()).get(SUBJECT)
            return data if data and data["total"] == total else None

        return await eventually(reached)


@pytest.fixture
async def office(provisioned: NatsServer) -> AsyncIterator[Consumer]:
    """A consumer that reads when a test says so."""
    consumer = Consumer(provisioned)
    yield consumer
    await consumer.leave()
    await consumer.broker.close()


async def rating(road: Road, receipt: str) -> str:
    """The total over HTTP once an event is folded."""
    answer = await road.get("/ratings/2025/H44.1", wait_for=receipt)
    return str(answer.json()["total"])


async def test_a_consumer_gets_the_last_state_also_after_it_or_the_stream_was_away(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer, office: Consumer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """As HTTP answers it; a message that comes twice has the same id."""
    for name in ("STEP_SECONDS", "STREAM_SECONDS"):
        monkeypatch.setattr(rating_feed, name, 0.05)
    await office.bind()
    async with open_road(home, database_url, issuer) as road:
        receipts = await road.send([registered("H44.1"), due("H44.1", "a")])
        first = await office.until(await rating(road, receipts[-1]))
        assert (first["year"], first["version"], first["stage"]) == (2025, 1, "open")
        receipts = await road.send([published("H44.1", "a"), due("H44.1", "b")])
        total = await rating(road, receipts[-1])
        assert (await office.until(total))["total"] == total != first["total"]
        assert len(office.ids) == len(set(office.ids)), "each message came once"
        office.states.clear()
        admin = provisioned.broker("provision")
        await admin.ensure()
        await admin.manager().delete_stream("RATINGS")
        await provision(admin)
        await office.bind()
        assert (await office.until(total))["total"] == total
        assert len(office.ids) > len(set(office.ids)), "sent again with the same id"
        assert (await admin.stream_info("RATINGS")).state.messages == 1
        stored = await admin.manager().get_last_msg("RATINGS", SUBJECT)
        async with road.scoring.db.read() as conn:
            row = (await conn.execute(text("SELECT receipt, generation, door FROM outbox"))).one()
            events = (await conn.execute(text("SELECT events FROM door"))).scalar_one()
        assert (stored.headers or {}).get("Nats-Msg-Id") == f"{bytes(row[0]).hex()}-{row[1]}"
        assert row[2] is None and events == 0, "marks count events of the ledger alone"
        assert "Danchu-Door" not in (stored.headers or {})
        await admin.close()

        async def relayed() -> bool:
            return bool((await road.get("/outbox", "operator")).json()["waiting"] == 0)

        await eventually(relayed)


async def test_a_year_is_sealed_while_the_feed_is_not_heard(
    home: Path, issuer: Issuer, provisioned: NatsServer, office: Consumer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Decisions do not wait; what the feed told before the seal comes as it was, and the seal last.

    Readiness and lag name what consumers lack for as long as it lasts.
    """
    for module, name in ((rating_feed, "STEP_SECONDS"), (loop, "SILENT_SECONDS")):
        monkeypatch.setattr(module, name, 0.05)
    admin = provisioned.broker("provision")
    await admin.ensure()
    await admin.manager().delete_stream("RATINGS")
    url = f"sqlite:///{home / 'scoring.db'}"
    async with sealing_road(home, url, issuer, outside=False) as road:
        await fold_town(road)
        lag = await lag_of(road)
        assert "RATINGS" in lag["feed"] and lag["halted"] is None
        assert "RATINGS" in (await road.client.get("/scoring/readyz")).text
        await seal(road, outside=False)
        async with road.scoring.db.read() as conn:
            rows = await conn.execute(
                text("SELECT body FROM outbox WHERE sent IS NULL AND subject = :subject "
                     "ORDER BY seq"), {"subject": SUBJECT}
            )  # fmt: skip
            unsent = [json.loads(row[0]) for row in rows]
        assert len(unsent) > 1 and unsent[-1]["type"] == "vn.danchu.rating.sealed.v1"
        before = [event["data"]["stage"] for event in unsent[:-1]]
        assert before and "sealed" not in before
        await provision(admin)
        await office.bind()

        async def sealed() -> bool:
            state = (await office.read()).get(SUBJECT)
            return bool(state and "rank" in state and "feed" not in await lag_of(road))

        await eventually(sealed)
        assert set(office.ids) >= {unsent[-1]["id"]}
        async with road.scoring.db.read() as conn:
            left = await conn.execute(text("SELECT count(*) FROM outbox WHERE sent IS NULL"))
            assert left.scalar_one() == 0
    await admin.close()


async def lag_of(road: Road) -> Any:
    """The lag as an operator sees it."""
    return (await road.get("/lag", "operator")).json()
