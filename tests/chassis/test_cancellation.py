"""Background tasks end when they are told to, whatever happens in that moment."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.chassis.cancellation import BackgroundTasks, cancel_all, complete, give_up
from services.chassis.clock import now_us
from services.chassis.database.engine import Database
from services.chassis.relay.loop import Relay
from tests.conftest import NatsServer

pytestmark = pytest.mark.anyio


async def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    """The second cancellation ends what the first one did not."""
    swallowed = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await cancel_all([task])
    assert swallowed.is_set() and task.cancelled()


async def test_what_is_given_up_leaves_no_failure_behind() -> None:
    """Neither where it ends by the cancellation, nor where it fails in that moment."""
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

    async def failing() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionError from None

    failed, ended = asyncio.create_task(failing()), asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    give_up(failed)
    give_up(ended)
    await asyncio.wait([failed, ended])
    await asyncio.sleep(0)
    assert ended.cancelled() and not failed.cancelled()
    del failed
    gc.collect()
    assert reported == []


async def test_what_goes_on_in_the_background_ends_with_its_service() -> None:
    """A task that nobody waits for is cancelled and awaited; one that is done is forgotten."""
    background, ends = BackgroundTasks(), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ends.append("closed")

    async def short() -> int:
        return 7

    assert await background.begin(short(), "short") == 7
    task = background.begin(work(), "long")
    await asyncio.sleep(0)
    await background.close()
    assert task.cancelled() and ends == ["closed"]
    await background.close()


async def test_work_that_must_not_be_interrupted_ends_before_its_task_is_cancelled() -> None:
    """However often it is cancelled; the failure of the work is the cause."""
    gate, steps = asyncio.Event(), []

    async def work() -> None:
        await gate.wait()
        steps.append("worked")
        raise KeyError

    task = asyncio.create_task(complete(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError) as cancellation:
        await task
    assert steps == ["worked"] and isinstance(cancellation.value.__cause__, KeyError)
    with pytest.raises(KeyError):
        await complete(work())


class NothingWaits(Relay):
    """A relay whose outbox is empty."""

    async def once(self, batches: int = 1) -> int:
        """Nothing to do."""
        return 0


@asynccontextmanager
async def _idle(server: NatsServer) -> AsyncIterator[tuple[Relay, asyncio.Task[None]]]:
    db = Database("sqlite+aiosqlite:///unused.db", "unused")
    relay = NothingWaits(db, server.broker("intake"), now_us)
    task = asyncio.create_task(relay.run())
    await asyncio.sleep(0)
    yield relay, task
    await db.close()


async def test_a_relay_that_is_nudged_in_its_last_moment_ends_at_the_first_cancellation(
    nats_server: NatsServer,
) -> None:
    """A nudge and a cancellation in the same turn of the loop: the cancellation counts."""
    for _ in range(20):
        async with _idle(nats_server) as (relay, task):
            relay.nudge()
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task], timeout=5)
            assert task.cancelled()
