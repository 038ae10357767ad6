"""Several servers of NATS: each shows its durability, and one that is cut off is left."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from nats.js.api import StorageType, StreamConfig

from services.chassis.broker import durability
from services.chassis.broker.connection import STAY_SECONDS, Broker
from services.chassis.broker.durability import NodesUnread, check_stream, check_sync
from services.chassis.errors import DurabilityTooWeak, DurabilityUnknown
from services.chassis.settings import NatsAccess, Settings
from tests.conftest import NatsServer, free_port

pytestmark = pytest.mark.anyio


def test_a_stream_with_fewer_replicas_than_the_setting_is_refused() -> None:
    """The sentence names the stream and what to run; more replicas are no fault."""
    with pytest.raises(DurabilityTooWeak, match=r"EVENTS.*num_replicas.*danchu provision"):
        check_stream(StreamConfig(name="EVENTS", storage=StorageType.FILE, num_replicas=1), 3)
    check_stream(StreamConfig(name="EVENTS", storage=StorageType.FILE, num_replicas=3), 1)


def test_replicas_are_one_or_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two would stop with either of their servers."""
    monkeypatch.setenv("DANCHU_NATS_REPLICAS", "3")
    assert Settings().nats("intake").replicas == 3
    monkeypatch.setenv("DANCHU_NATS_REPLICAS", "2")
    with pytest.raises(ValueError, match="nats_replicas"):
        Settings()


async def test_a_server_that_is_away_at_the_start_is_read_later(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The health names it until it has shown that it writes before it acknowledges."""
    away = f"http://127.0.0.1:{free_port()}"
    sync = await check_sync(f"{nats_server.monitor}, {away}", vouched=False)
    assert sync is not None and sync.unread == [away]
    with pytest.raises(NodesUnread, match=away):
        await sync.state()
    sync.unread, sync._due = [nats_server.monitor], 0.0
    assert await sync.state() == "verified"
    weak = {"jetstream": {"config": {"sync_interval": 120 * 10**9}}}
    monkeypatch.setattr(durability, "_varz", lambda _: weak)
    sync.unread, sync._due = [away], 0.0
    with pytest.raises(DurabilityTooWeak, match="sync_interval"):
        await sync.state()


async def test_three_replicas_need_three_addresses_or_somebody_who_vouches(
    nats_server: NatsServer,
) -> None:
    """Each server that may hold the only copy of the last events is read, or vouched for."""
    with pytest.raises(DurabilityUnknown):
        await check_sync(nats_server.monitor, vouched=False, replicas=3)
    assert await check_sync(nats_server.monitor, vouched=True, replicas=3) is None


async def test_a_server_that_answers_nothing_is_left_where_there_are_others() -> None:
    """Not one that was just connected, and not the only one."""

    def broker(url: str) -> tuple[Broker, list[str]]:
        made, closed = Broker(NatsAccess(url, None, None, "_INBOX"), "test"), list[str]()

        async def close() -> None:
            closed.append("closed")

        client: Any = SimpleNamespace(is_connected=True, is_reconnecting=False, close=close)
        made.nc = client
        return made, closed

    several, closed = broker("nats://a:4222, nats://b:4222")
    first = several._servers[0]
    several._connected_at = time.monotonic()
    await several.change_server()
    assert closed == [] and several._servers[0] == first
    several._connected_at -= STAY_SECONDS
    await several.change_server()
    assert closed == ["closed"] and several._servers[1] == first
    alone, closed = broker("nats://a:4222")
    await alone.change_server()
    assert closed == []
