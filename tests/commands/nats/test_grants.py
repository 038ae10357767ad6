"""What the development emitter and the services cannot do on the embedded nats-server."""

import asyncio
import contextlib
import json

import pytest

from services.chassis.broker.connection import Broker
from services.chassis.errors import BrokerAway
from services.chassis.settings import NatsAccess
from tests.conftest import NatsServer

pytestmark = pytest.mark.anyio


def emitter_of(server: NatsServer) -> Broker:
    """A connection made of nothing but nats.json, with a client's usual inbox."""
    file = json.loads((server.home / "nats.json").read_text())
    access = NatsAccess(file["url"], file["user"], file["password"], "_INBOX")
    return Broker(access, "attacker")


async def stored(server: NatsServer) -> int:
    """How many messages EVENTS holds."""
    broker = server.broker("provision")
    info = await broker.stream_info("EVENTS")
    await broker.close()
    return info.state.messages


@pytest.mark.parametrize(
    "subject",
    [
        "danchu.events.H44-12.training.completed",
        "danchu.quarantine.syntax",
        "danchu.ratings.2025.H44-12",
        "$JS.API.STREAM.INFO.EVENTS",
        "$JS.API.STREAM.DELETE.EVENTS",
        "$JS.API.CONSUMER.MSG.NEXT.EVENTS.scoring",
        "$JS.ACK.EVENTS.scoring.1.1.1.1.1",
        "danchu.emit.H44-12.more",
    ],
)
async def test_an_emitter_publishes_to_doors_alone(provisioned: NatsServer, subject: str) -> None:
    """Every other subject is denied, and said so at once."""
    emitter = emitter_of(provisioned)
    with pytest.raises(BrokerAway, match=r"permission was denied"):
        await emitter.request(subject, b"{}")
    await emitter.close()
    assert await stored(provisioned) == 0


@pytest.mark.parametrize("subject", ["danchu.events.>", "danchu.emit.*", ">", "$JS.>"])
async def test_an_emitter_reads_nothing_but_its_replies(
    provisioned: NatsServer, subject: str
) -> None:
    """A subscription beyond inboxes is denied by the server."""
    emitter, refused = emitter_of(provisioned), asyncio.Event()
    emitter._on_error = _note(refused)  # type: ignore[method-assign]
    nc = await emitter.ensure()
    await nc.subscribe(subject)
    await asyncio.wait_for(refused.wait(), 10)
    await emitter.close()


def _note(refused: asyncio.Event):  # type: ignore[no-untyped-def]
    async def on_error(error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            refused.set()

    return on_error


async def test_a_forged_reply_or_id_puts_nothing_into_the_stream(provisioned: NatsServer) -> None:
    """The reply is mapped at the border of the account, so an answer never becomes an event."""
    emitter, door = emitter_of(provisioned), provisioned.broker("intake")
    heard = await (await door.ensure()).subscribe("danchu.emit.*", queue="intake")
    await door.nc.flush()
    nc = await emitter.ensure()
    forged = "danchu.events.H44-13.training.completed"
    await nc.publish("danchu.emit.H44-12", b"{}", reply=forged, headers={"Nats-Msg-Id": "x"})
    message = await heard.next_msg(timeout=10)
    assert message.reply != forged
    with contextlib.suppress(Exception):
        await message.respond(b'{"receipts": []}')
    await door.nc.flush()
    await emitter.close()
    await door.close()
    assert await stored(provisioned) == 0


@pytest.mark.parametrize("user", ["intake", "scoring"])
@pytest.mark.parametrize(
    "subject",
    [
        "$JS.API.STREAM.DELETE.EVENTS", "$JS.API.STREAM.PURGE.EVENTS",
        "$JS.API.STREAM.UPDATE.EVENTS", "$JS.API.STREAM.CREATE.MORE",
        "$JS.API.CONSUMER.DELETE.EVENTS.scoring", "$JS.API.STREAM.MSG.DELETE.EVENTS",
    ],
)  # fmt: skip
async def test_no_daily_user_changes_streams(
    provisioned: NatsServer, user: str, subject: str
) -> None:
    """`delete_stream` works in spite of deny_delete, so nobody daily may ask for it."""
    broker = provisioned.broker(user)
    with pytest.raises(BrokerAway, match=r"permission was denied"):
        await broker.request(subject, b"{}")
    await broker.close()


async def test_scoring_cannot_write_practice_events(provisioned: NatsServer) -> None:
    """Only the relay of a door writes under a unit; scoring announces its years alone."""
    broker = provisioned.broker("scoring")
    with pytest.raises(BrokerAway, match=r"permission was denied"):
        await broker.request("danchu.events.H44-12.training.completed", b"{}")
    answer = await broker.request("danchu.events.CITY.year.opened", b"{}")
    assert json.loads(answer.data)["stream"] == "EVENTS"
    await broker.close()


def test_passwords_are_kept_and_private(home: object) -> None:
    """A second start uses the same passwords; nobody else on the machine reads them."""
    server = NatsServer(home)  # type: ignore[arg-type]
    first = (server.home / "nats.json").read_text()
    NatsServer(server.home, server.port, server.monitor_port)
    assert (server.home / "nats.json").read_text() == first
    for name in ("nats.json", "nats-users.json", "nats/server.conf"):
        assert (server.home / name).stat().st_mode & 0o777 == 0o600
