"""The look at the stream tells a lost stream from another folder that was faster."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from nats.js import api
from nats.js.api import StreamConfig, StreamInfo

from services.chassis.broker import streams
from services.chassis.broker.connection import Broker
from services.chassis.broker.streams import StreamState, state_of
from services.chassis.settings import NatsAccess
from services.scoring import stream
from services.scoring.errors import FoldHalted
from services.scoring.operations import audit, lag
from services.scoring.operations.lag import FoldLag
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store import position as position_store
from services.scoring.store.position import Position
from services.scoring.subscribers.fold_loop import FoldLoop
from tests.scoring.folding import Fold, folding

pytestmark = pytest.mark.anyio

CREATED = 1_700_000_000_000_000


def loop_of(fold: Fold, replicas: int = 1) -> FoldLoop:
    """A fold loop whose broker is never asked."""
    access = NatsAccess("nats://127.0.0.1:1", None, None, "_INBOX", replicas)
    broker = Broker(access, "test")
    return FoldLoop(fold.db, broker, fold.folder, 10)


async def move_on(fold: Fold, **changed: Any) -> None:
    """The position as another process leaves it."""
    await fold.folder.move(lambda place: place._replace(**changed))


async def position(fold: Fold) -> Position:
    """The position as it stands."""
    async with fold.db.read() as conn:
        return await position_store.load(conn)


async def test_a_folder_that_was_faster_is_no_lost_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two looks of one folder another one folds on: the stream ends behind both."""
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:
        await move_on(fold, stream_created=CREATED, stream_seq=100)

        async def state(_: Broker) -> StreamState:
            stored = StreamState(CREATED, 100)
            await move_on(fold, stream_seq=200)
            return stored

        monkeypatch.setattr(stream, "stream_state", state)
        await loop_of(fold).check_stream()
        assert (await position(fold)).halted is None


async def test_a_stream_that_ends_too_early_halts_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The halt is written down with its reason."""
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:
        await move_on(fold, stream_created=CREATED, stream_seq=100)

        async def state(_: Broker) -> StreamState:
            return StreamState(CREATED, 99)

        monkeypatch.setattr(stream, "stream_state", state)
        with pytest.raises(FoldHalted):
            await loop_of(fold).check_stream()
        assert "ends at 99, although it was folded up to 100" in str((await position(fold)).halted)


@pytest.mark.parametrize("short", [20, 100])
async def test_a_server_of_a_cluster_that_leads_again_has_time_to_apply_what_it_stored(
    short: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a partition it shows a shorter stream for seconds; one that stays shorter halts."""
    looks = 0

    async def state(_: Broker) -> StreamState:
        nonlocal looks
        looks += 1
        return StreamState(CREATED, 60 if looks <= short else 100)

    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:
        await move_on(fold, stream_created=CREATED, stream_seq=100)
        monkeypatch.setattr(stream, "stream_state", state)
        monkeypatch.setattr(stream, "LOOK_SECONDS", 0)
        loop = loop_of(fold, replicas=3)
        if short == 20:
            await loop.check_stream()
            assert (await position(fold)).halted is None
            return
        with pytest.raises(FoldHalted):
            await loop.check_stream()
        assert looks == streams.CLUSTER_LOOKS + 1


async def test_the_lag_of_a_cluster_calls_a_stream_lost_once_it_stays_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the fold waits for a new leader, so does the lag; a single server is believed."""
    now, last = 0, 60
    waits = int(streams.CLUSTER_LOOKS * streams.LOOK_SECONDS * 1e6)

    async def info(_: Broker) -> StreamInfo:
        config = StreamConfig(name="EVENTS")
        state = api.StreamState(0, 0, 1, last, 0)
        return StreamInfo(config, state, created=datetime(2026, 1, 1, tzinfo=UTC))

    async def no_consumer(_: Broker) -> None:
        return None

    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:
        created = state_of(await info(loop_of(fold).broker)).created
        await move_on(fold, stream_created=created, stream_seq=100)
        monkeypatch.setattr(lag, "stream_info", info)
        monkeypatch.setattr(lag, "consumer", no_consumer)
        single, cluster = (
            FoldLag(fold.db, loop_of(fold, replicas).broker, lambda: now) for replicas in (1, 3)
        )
        assert (await single.progress()).halted is not None
        assert (await cluster.progress()).halted is None
        now, last = waits - 1, 100
        assert (await cluster.progress()).halted is None
        now, last = waits, 60
        assert (await cluster.progress()).halted is None
        now = 2 * waits
        assert "ends at 60" in str((await cluster.progress()).halted)


async def test_an_audit_waits_for_the_leader_of_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It compares the stream as the fold does, before it reads it."""
    looks = 0

    async def state(_: Broker) -> StreamState:
        nonlocal looks
        looks += 1
        return StreamState(CREATED, 60 if looks <= 20 else 100)

    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:
        await move_on(fold, stream_created=CREATED, stream_seq=100)
        monkeypatch.setattr(stream, "stream_state", state)
        monkeypatch.setattr(stream, "LOOK_SECONDS", 0)
        async with fold.db.read() as conn:
            broker = loop_of(fold, replicas=3).broker
            assert [line async for line in audit.position_differences(conn, broker)] == []
            looks = -1000
            (line,) = [line async for line in audit.position_differences(conn, broker)]
    assert "ends at 60" in line


async def test_a_halt_that_was_lifted_meanwhile_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator healed it while this folder still looked at the old position."""
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:
        await move_on(fold, stream_created=CREATED, stream_seq=100)

        async def state(_: Broker) -> StreamState:
            await move_on(fold, stream_created=CREATED + 1, stream_seq=0)
            return StreamState(CREATED + 1, 0)

        monkeypatch.setattr(stream, "stream_state", state)
        with pytest.raises(FoldHalted):
            await loop_of(fold).check_stream()
        assert (await position(fold)).halted is None
