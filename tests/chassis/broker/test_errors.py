"""Whatever the client library raises, cancels or dies of is waited out; a fault of ours is not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import nats.errors
import nats.js.errors
import pytest
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.js.manager import JetStreamManager

from services.chassis.auth.credentials import Issuer
from services.chassis.broker.errors import translate_client_errors
from services.chassis.errors import BrokerAway
from services.chassis.relay import loop as relaying
from services.scoring.subscribers import fold_loop
from tests.conftest import NatsServer, eventually
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, registered

pytestmark = pytest.mark.anyio
OF_LIBRARY = sorted(
    {
        item for module in (nats.errors, nats.js.errors) for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, nats.errors.Error)
    },
    key=lambda item: (item.__module__, item.__name__),
)  # fmt: skip
OTHERS = (
    OSError, ConnectionResetError, BrokenPipeError, TimeoutError, EOFError,
    asyncio.IncompleteReadError, asyncio.InvalidStateError,
)  # fmt: skip


def error_of(kind: type[BaseException]) -> BaseException:
    """An error of this kind, whatever it is made of."""
    for values in ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), (b"", 1)):
        with contextlib.suppress(TypeError, AttributeError):
            error = kind(*values)
            str(error)
            return error
    raise AssertionError(kind)


@pytest.mark.parametrize("kind", [*OF_LIBRARY, *OTHERS], ids=lambda kind: kind.__name__)
def test_each_error_of_a_connection_is_one_that_is_waited_out(kind: type[Exception]) -> None:
    """Those of a later version of the library too."""
    with pytest.raises(BrokerAway), translate_client_errors():
        raise error_of(kind)


def test_a_bug_within_the_library_is_waited_out_and_ours_is_not() -> None:
    """A transport that is gone makes it fail with AttributeError, for one."""
    within: dict[str, Any] = {"__name__": "nats.aio.client"}
    exec("def write():\n    None.write(b'')", within)
    with pytest.raises(BrokerAway, match="write"), translate_client_errors():
        within["write"]()
    with pytest.raises(ZeroDivisionError), translate_client_errors():
        raise ZeroDivisionError


async def test_a_wait_that_the_library_cancels_is_no_cancellation_of_the_task() -> None:
    """Closing a connection cancels what waits for its answers; ending the task still ends it."""
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    answer.cancel()
    with pytest.raises(BrokerAway), translate_client_errors():
        await answer

    async def waiting() -> None:
        with translate_client_errors():
            await asyncio.Event().wait()

    task = asyncio.create_task(waiting())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


AWAITS = [
    (Client, "publish"), (Client, "flush"), (Client, "request"), (Client, "subscribe"),
    (Subscription, "unsubscribe"), (JetStreamManager, "reset_consumer"),
    (JetStreamManager, "stream_info"),
]  # fmt: skip
ERRORS = (
    nats.errors.FlushTimeoutError, nats.errors.ConnectionClosedError, ConnectionResetError,
    nats.errors.StaleConnectionError, nats.errors.NoRespondersError, nats.js.errors.ServerError,
    nats.errors.OutboundBufferLimitError, asyncio.InvalidStateError, asyncio.CancelledError,
)  # fmt: skip


@contextlib.contextmanager
def planted(owner: type, name: str, before: Any) -> Iterator[asyncio.Event]:
    """Does something else before the next call of a method of the library, once."""
    called, plain = asyncio.Event(), getattr(owner, name)

    async def faulty(self: Any, *args: Any, **options: Any) -> Any:
        if not called.is_set():
            called.set()
            await before()
        return await plain(self, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, faulty)
        yield called


@pytest.fixture
async def road(
    home: Any, tmp_path: Any, issuer: Issuer, provisioned: NatsServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:  # fmt: skip
    """Doors and fold that are quick to try again."""
    monkeypatch.setattr(fold_loop, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(fold_loop, "WAIT_SECONDS", 0.02)
    monkeypatch.setattr(relaying, "PAUSE_SECONDS", (0.01,))
    async with open_road(home, f"sqlite:///{tmp_path / 'x.db'}", issuer) as opened:
        yield opened


async def folded(road: Road, receipts: list[str]) -> None:
    """Waits until these events are in the ledger, and looks that every task still runs."""

    async def arrived() -> bool:
        answer = await road.get("/ratings/2025/H44.1", wait_for=",".join(receipts))
        return answer.status_code == 200

    await eventually(arrived, 60)
    tasks = [*road.intake.tasks, *road.scoring.tasks]
    assert not [task for task in tasks if task.done()]


@pytest.mark.parametrize(("owner", "name"), AWAITS, ids=[name for _, name in AWAITS])
async def test_no_error_at_any_await_ends_relay_or_fold(road: Road, owner: type, name: str) -> None:
    """Each is raised once at the next call; the events that come meanwhile are all folded."""
    receipts = await road.send([registered("H44.1")])
    await folded(road, receipts)
    for number, kind in enumerate(ERRORS):

        async def fail(kind: type[BaseException] = kind) -> None:
            raise error_of(kind)

        with planted(owner, name, fail) as called:
            if name in ("reset_consumer", "unsubscribe", "subscribe"):
                assert road.scoring.fold is not None
                road.scoring.fold._lost = True
            receipts += await road.send([due("H44.1", f"{name}-{number}")])
            await folded(road, receipts[-1:])
            if name != "subscribe":
                await asyncio.wait_for(called.wait(), 20)
    await folded(road, receipts)


@pytest.mark.parametrize(("owner", "name"), AWAITS, ids=[name for _, name in AWAITS])
async def test_no_death_of_the_broker_at_any_await_ends_relay_or_fold(
    road: Road, provisioned: NatsServer, owner: type, name: str
) -> None:
    """The server is killed right before a call and comes back; nothing is lost."""
    receipts = await road.send([registered("H44.1")])
    await folded(road, receipts)

    async def kill() -> None:
        provisioned.stop()

    with planted(owner, name, kill) as called:
        assert road.scoring.fold is not None
        road.scoring.fold._lost = True
        receipts += await road.send([due("H44.1", name)])
        await asyncio.wait_for(called.wait(), 20)
        await asyncio.to_thread(provisioned.start)
        await folded(road, receipts)
