"""The look at the stream tells a lost stream from another folder that was faster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.chassis.broker.connection import Broker
from services.chassis.broker.streams import StreamState
from services.chassis.settings import NatsAccess
from services.scoring.errors import FoldHalted
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store import position as position_store
from services.scoring.store.position import Position
from services.scoring.subscribers import fold_loop
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

        monkeypatch.setattr(fold_loop, "stream_state", state)
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

        monkeypatch.setattr(fold_loop, "stream_state", state)
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
        monkeypatch.setattr(fold_loop, "stream_state", state)
        monkeypatch.setattr(fold_loop, "PAUSE_SECONDS", 0)
        loop = loop_of(fold, replicas=3)
        if short == 20:
            await loop.check_stream()
            assert (await position(fold)).halted is None
            return
        with pytest.raises(FoldHalted):
            await loop.check_stream()
        assert looks == fold_loop.LEADER_LOOKS + 1


async def test_a_halt_that_was_lifted_meanwhile_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator healed it while this folder still looked at the old position."""
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:
        await move_on(fold, stream_created=CREATED, stream_seq=100)

        async def state(_: Broker) -> StreamState:
            await move_on(fold, stream_created=CREATED + 1, stream_seq=0)
            return StreamState(CREATED + 1, 0)

        monkeypatch.setattr(fold_loop, "stream_state", state)
        with pytest.raises(FoldHalted):
            await loop_of(fold).check_stream()
        assert (await position(fold)).halted is None
