"""Real processes under load: the door, its database, its disk and NATS die and come back.

After each, every receipt that was answered is in the database and on the stream, exactly once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import NatsServer, eventually
from tests.drills.doors.load import Load, kept_once, stored, under
from tests.support.builders.events import event
from tests.support.processes import Served
from tests.support.servers import postgres_database, postgres_server

pytestmark = pytest.mark.anyio
DISK_MIB = 8


@pytest.fixture
async def served(provisioned: NatsServer, home: Path, database_url: str) -> AsyncIterator[Served]:
    """A door in a process of its own, on either database, with NATS."""
    made = Served(home, settings={"DANCHU_DATABASE_URL": database_url})
    await made.migrated()
    made.start()
    yield made
    made.stop()


async def test_a_door_that_is_killed_while_it_takes_batches_loses_nothing(
    served: Served, provisioned: NatsServer
) -> None:
    """kill -9 four times; what was not answered is sent again and counts once."""
    load = Load(served, "killed")
    with under(load) as running:
        for _ in range(4):
            await load.more()
            served.stop(signal.SIGKILL)
            served.start()
        await load.finish(running)
    await kept_once([load], served.settings["DANCHU_DATABASE_URL"], provisioned)


async def test_two_doors_and_their_relays_at_one_database_while_nats_is_away(
    served: Served, provisioned: NatsServer
) -> None:
    """Both go on accepting, and when NATS is back the two relays send everything once."""
    second = Served(served.home, settings=served.settings)
    second.start()
    loads = [Load(served, "one"), Load(second, "two")]
    try:
        with under(loads[0]) as first_running, under(loads[1]) as second_running:
            await asyncio.gather(*(load.more() for load in loads))
            provisioned.stop()
            await asyncio.gather(*(load.more() for load in loads))
            provisioned.start()
            await asyncio.gather(*(load.more() for load in loads))
            await loads[0].finish(first_running)
            await loads[1].finish(second_running)
        assert loads[0].refusals == loads[1].refusals == []
        await kept_once(loads, served.settings["DANCHU_DATABASE_URL"], provisioned)
    finally:
        second.stop()


async def test_a_database_that_crashes_under_load_is_503_until_it_is_back(
    provisioned: NatsServer, home: Path
) -> None:
    """PostgreSQL ends at once, as in a crash; the door stays, and goes on after its recovery."""
    with postgres_server() as postgres:
        async with postgres_database(postgres) as url:
            served = Served(home, settings={"DANCHU_DATABASE_URL": url})
            await served.migrated()
            served.start()
            load = Load(served, "crashed")
            try:
                with under(load) as running:
                    for number in range(2):
                        await load.more()
                        postgres.stop(signal.SIGQUIT)
                        await eventually(partial(_refused, load, number + 1), 60)
                        postgres.start()
                    await load.more()
                    await load.finish(running)
                assert set(load.refusals) == {503}
                await kept_once([load], url, provisioned)
            finally:
                served.stop()


async def _refused(load: Load, times: int) -> bool:
    return len(load.refusals) >= times


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB of its own; skipped where this machine mounts nothing."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk_is_503_and_afterwards_the_door_goes_on(
    small_disk: Path, provisioned: NatsServer, home: Path
) -> None:
    """Nothing is answered as accepted that is not on the disk; space helps without a restart."""
    url = f"sqlite:///{small_disk / 'intake.db'}"
    served = Served(home, settings={"DANCHU_DATABASE_URL": url})
    await served.migrated()
    served.start()
    load = Load(served, "full")
    filler = small_disk / "filler"
    try:
        with under(load) as running:
            await load.more()
            await asyncio.to_thread(_fill, filler)
            await eventually(lambda: _refused(load, 3), 60)
            answer = await asyncio.to_thread(served.post, event("refused"))
            assert answer.status == 503
            assert answer.headers["retry-after"] == "2"
            assert answer.headers["content-type"] == "application/problem+json"
            filler.unlink()
            await load.more()
            await load.finish(running)
        assert set(load.refusals) == {503}
        assert len(await stored(url)) == len(load.receipts)
        await kept_once([load], url, provisioned)
    finally:
        served.stop()


def _fill(filler: Path) -> None:
    """Writes until the disk has no room left."""
    with filler.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(os.urandom(4096))
            except OSError:
                return
