"""A loop that stands still makes its process fail the liveness probe; one that rests does not."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from services.chassis import heartbeat
from services.chassis.health import Health
from services.chassis.heartbeat import Heartbeats, pulse
from services.chassis.http.service_api import compose, service_api

pytestmark = pytest.mark.anyio


class Watch:
    """A clock that a test moves."""

    seconds = 100.0

    def monotonic(self) -> float:
        """The seconds on it."""
        return self.seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """The clock of all heartbeats."""
    clock = Watch()
    monkeypatch.setattr(heartbeat, "time", clock)
    return clock


async def test_a_loop_that_stands_still_is_named_by_healthz(watch: Watch) -> None:
    """503 with its name, for the process and for its service alone, until it turns again."""
    still, well = Health(beats=Heartbeats(60)), Health(beats=Heartbeats(60))
    beat, other = still.beats.beat("a relay"), well.beats.beat("another")
    healths = {"still": still, "well": well}
    apps = {name: (service_api(name, "", health), health) for name, health in healths.items()}
    beat.turn()
    watch.seconds += 61
    other.turn()
    transport = httpx.ASGITransport(compose(apps))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = {path: await client.get(path) for path in ("/healthz", "/still/healthz")}
        assert {answer.status_code for answer in answers.values()} == {503}
        assert answers["/healthz"].json() == {"status": "stands still", "loops": ["a relay"]}
        assert (await client.get("/well/healthz")).status_code == 200
        beat.turn()
        assert (await client.get("/healthz")).json() == {"status": "alive"}


async def test_rest_and_long_work_are_no_hang_but_work_beyond_its_limit_is(watch: Watch) -> None:
    """A rest has no limit, work the limit that the loop names; a loop that ended need not turn."""
    beats = Heartbeats(60)
    beat = beats.beat("the fold")
    with beat.resting():
        watch.seconds += 10_000
        assert beats.still() == []
    watch.seconds += 59
    assert beats.still() == []
    with beat.resting(600):
        watch.seconds += 599
        assert beats.still() == []
        watch.seconds += 2
        assert beats.still() == ["the fold"]
    beat.end()
    watch.seconds += 10_000
    assert beats.still() == []


async def test_the_time_in_which_the_process_stood_still_is_not_counted(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first pulse after it grants every loop that time, and goes on; a hang ends the pulses."""
    monkeypatch.setattr(heartbeat, "PULSE_SECONDS", 0.0)
    beats, signs = Heartbeats(60), asyncio.Semaphore(0)
    beat = beats.beat("a relay")
    beat.turn()
    running = asyncio.create_task(pulse(lambda: [beats], signs.release))
    await signs.acquire()
    watch.seconds += 500
    await signs.acquire()
    await signs.acquire()
    for _ in range(70):
        watch.seconds += 1
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert beats.still() == ["a relay"]
    running.cancel()
