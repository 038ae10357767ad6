"""Whether others can write to EVENTS is proved on a real server, and nothing is ever stored."""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.broker import openness
from services.chassis.broker.connection import Broker
from services.chassis.broker.openness import OPENNESS, Openness, is_open, public_name
from services.chassis.broker_startup import check_broker
from services.chassis.errors import StreamOpen
from services.chassis.health import Health
from services.chassis.settings import NatsAccess, Settings
from services.commands.nats.provisioning import provision
from tests.conftest import NatsServer, eventually

pytestmark = pytest.mark.anyio
OVERRIDE = "DANCHU_NATS_OPEN_ACCEPTED"
OURS, STRANGER = '{ user: "us", password: "us" }', 'user: "stranger", password: "none"'


def with_stranger(server: NatsServer, permissions: str, other_account: bool = False) -> None:
    """Whoever names no user is a stranger with these permissions."""
    head = re.split("system_account|accounts", server.config.read_text())[0]
    user = f"{{ {STRANGER}, permissions: {{ {permissions} }} }}"
    ours, others = (f"[{OURS}]", f"[{user}]") if other_account else (f"[{OURS}, {user}]", "[]")
    server.config.write_text(
        f"{head}accounts {{ DANCHU {{ jetstream: enabled, users: {ours} }}\n"
        f'OTHERS {{ users: {others} }} }}\nno_auth_user: "stranger"\n'
    )


async def stored(broker: Broker) -> int:
    """The number of messages in EVENTS."""
    return (await broker.stream_info("EVENTS")).state.messages


@pytest.fixture
async def us(home: Path) -> AsyncIterator[tuple[NatsServer, Broker]]:
    """A server that is not started yet, and a connection of ours that may do everything."""
    server = NatsServer(home)
    access = NatsAccess(server.url, "us", "us", "_INBOX", open_accepted=True)
    broker = Broker(access, "test")
    try:
        yield server, broker
    finally:
        await broker.close()
        server.stop()


@pytest.mark.parametrize(
    ("permissions", "other_account", "expected"),
    [
        ("", False, True),
        ('publish: "danchu.events.>"', False, True),
        ('publish: "danchu.events.>", subscribe: { deny: ">" }', False, True),
        ('publish: "danchu.emit.>"', False, False),
        ('publish: { deny: "danchu.events.>" }', False, False),
        ("", True, False),
    ],
)
async def test_what_a_client_without_a_password_may_do_is_found_out(
    us: tuple[NatsServer, Broker], permissions: str, other_account: bool, expected: bool
) -> None:
    """By the server's own answer, whatever the configuration looks like; nothing is stored."""
    server, broker = us
    with_stranger(server, permissions, other_account)
    server.start()
    await provision(broker)
    assert await is_open(broker.access, server.url) is expected
    assert await stored(broker) == 0


async def test_the_embedded_server_is_closed(provisioned: NatsServer) -> None:
    """What `danchu up` starts passes, and so does a deployment with the same accounts."""
    broker = provisioned.broker("scoring")
    health = Health()
    settings = Settings(home=provisioned.home)
    await check_broker(settings, broker, health)
    assert broker.openness.fault is None and OPENNESS not in health.checks
    assert await broker.openness.state() == "closed to others"
    await broker.close()


async def test_a_server_without_users_is_refused_by_name(home: Path) -> None:
    """The sentence names server and override in both languages; nothing was stored."""
    server = NatsServer(home)
    server.remove_users()
    server.start()
    broker = server.broker("provision")
    with pytest.raises(StreamOpen, match=OVERRIDE) as refused:
        await provision(broker)
    message = refused.value.message
    assert server.url in message.vi and server.url in message.en and OVERRIDE in message.vi
    assert await stored(broker) == 0
    await broker.close()
    server.stop()


async def test_the_override_starts_and_the_check_fails_as_long_as_it_is_open(
    us: tuple[NatsServer, Broker],
) -> None:
    """Readiness is degraded, and recovers by itself once the server denies it to strangers."""
    server, broker = us
    with_stranger(server, "")
    server.start()
    await provision(broker)
    health = Health()
    await check_broker(Settings(home=server.home, nats_open_accepted=True), broker, health)
    _, state = await health.readiness()
    assert state["status"] == "degraded" and OVERRIDE in str(state["checks"])

    with_stranger(server, 'publish: { deny: "danchu.events.>" }')
    assert server.process is not None
    server.process.send_signal(signal.SIGHUP)

    async def is_closed() -> bool:
        await broker.openness.look()
        return broker.openness.fault is None

    await eventually(is_closed)
    _, state = await health.readiness()
    assert state["status"] == "ready"


async def test_each_change_is_one_line_and_a_silent_server_changes_nothing(
    provisioned: NatsServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is away keeps what was found before it went."""
    found: list[bool | None] = [False, True, None, True, False]

    async def probe(*_: object) -> bool | None:
        return found.pop(0)

    monkeypatch.setattr(openness, "is_open", probe)
    watched = Openness(Settings(home=provisioned.home).nats("scoring"))
    states = []
    with caplog.at_level(logging.WARNING):
        while found:
            await watched.look()
            states.append(watched.fault is not None)
    assert states == [False, True, True, True, False]
    assert len([r for r in caplog.records if "EVENTS" in r.message]) == 2


async def test_a_server_that_is_away_says_nothing(nats_server: NatsServer) -> None:
    """Nobody can write there, and nobody knows whether somebody could."""
    nats_server.stop()
    access = Settings(home=nats_server.home).nats("scoring")
    assert await is_open(access, nats_server.url) is None
    assert await Openness(access).state() == "unknown"


def test_the_probe_never_uses_the_password_of_the_url() -> None:
    """A user in the URL is ours, so the probe would find itself."""
    assert public_name("nats://us:secret@host:4222") == "nats://host:4222"
    assert public_name("us@[::1]:4222") == "nats://[::1]:4222"
