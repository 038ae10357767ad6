"""One event that breaks the fold stops it with an alarm that names it, and can be set aside."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.chassis.auth.credentials import Issuer
from services.scoring.errors import FoldHalted, NotHaltedBy
from services.scoring.fold import books
from services.scoring.handlers.batch import Delivery
from services.scoring.handlers.folder import Folder
from services.scoring.operations import halt, quarantine
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.conftest import NatsServer, eventually
from tests.scoring.folding import folding, subject_of
from tests.scoring.road import Road, open_road
from tests.scoring.subscribers.test_stream_look import loop_of, position
from tests.scoring.test_road import due, published, registered
from tests.support.builders.cities import accepted

pytestmark = pytest.mark.anyio
CHANGES = books.changes
POISON = "pub-H44.1-poison"


@contextlib.contextmanager
def broken(is_poison: Callable[[Any], bool]) -> Iterator[None]:
    """A fold with a bug that some events meet."""

    def changes(new: Any, *rest: Any) -> Any:
        events = list(new)
        if any(map(is_poison, events)):
            raise ZeroDivisionError("planted")
        return CHANGES(events, *rest)

    with pytest.MonkeyPatch.context() as planted:
        planted.setattr(books, "changes", changes)
        yield


def poisonous(event: Any) -> bool:
    """Whether this is the event that the planted bug cannot take."""
    return bool(event.event.id == POISON)


async def lag(road: Road) -> Any:
    """How the fold is."""
    return (await road.get("/lag", "operator")).json()


async def halted(road: Road) -> Any:
    """The lag once the fold stands still."""

    async def stands() -> Any:
        figures = await lag(road)
        return figures if figures["halted"] else None

    return await eventually(stands)


async def poisoned(road: Road) -> list[str]:
    """Sends a poisonous event among others; answers the receipts."""
    sent = [
        registered("H44.1"), due("H44.1", "a"), due("H44.1", "poison"),
        published("H44.1", "poison"), published("H44.1", "a"), registered("H44.2"),
    ]  # fmt: skip
    return await road.send(sent)


async def test_the_fold_halts_over_the_event_and_goes_on_when_it_is_set_aside(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer
) -> None:
    """Its source, id and fault are in the lag and in readiness; the process lives; then the rest
    counts, and the event is in quarantine and in the list of its unit with the reason.
    """
    async with open_road(home, database_url, issuer) as road:
        with broken(poisonous):
            receipts = await poisoned(road)
            source = published("H44.1", "poison")["source"]
            figures = await halted(road)
            for pattern in (POISON, source, "ZeroDivisionError: planted", "H44.1"):
                assert pattern in figures["halted_vi"] and pattern in figures["halted_en"]
            assert figures["quarantined"] == 0 and figures["events"] > 0
            ready = (await road.client.get("/scoring/readyz")).json()
            assert ready["status"] == "degraded"
            command = f"danchu quarantine aside --source {source} --id {POISON} --reason '"
            assert command in ready["checks"]["fold"] and command in figures["halted"]
            settings = road.scoring.settings
            with pytest.raises(NotHaltedBy):
                await halt.set_aside(settings, source, "another", "x")
            await halt.set_aside(settings, source, POISON, "công văn 12")
            rated = await road.get("/ratings/2025/H44.1", wait_for=",".join(receipts))
            assert rated.status_code == 200 and "6.00" in rated.json()["scores"].values()
        figures = await eventually(lambda: caught_up(road))
        assert (figures["halted"], figures["quarantined"], figures["folded"]) == (None, 1, 5)
        (entry,) = (await road.get("/quarantine", "operator")).json()["items"]
        assert entry["reason"] == "aside" and "công văn 12" in entry["detail"]
        assert entry["receipt"] == receipts[3]
        items = (await road.get("/ratings/2025/H44.1/events", limit=2)).json()
        rest = await road.get("/ratings/2025/H44.1/events", limit=50, cursor=items["next"])
        events = {each["id"]: each for each in (*items["items"], *rest.json()["items"])}
        assert len(events) == 5 and events[POISON]["counted"] is False
        assert "công văn 12" in events[POISON]["reason_vi"]
        assert await quarantine.replay(settings, entry["id"])
        again = (await road.get("/ratings/2025/H44.1")).json()
        assert "12.00" in again["scores"].values()


async def caught_up(road: Road) -> Any:
    """The lag once nothing waits."""
    figures = await lag(road)
    return figures if figures["events"] == 0 else None


async def test_a_version_that_mends_the_fault_goes_on_by_itself(
    home: Path, tmp_path: Path, issuer: Issuer, provisioned: NatsServer
) -> None:
    """Nothing was skipped: what was halted over counts after the next start."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_road(home, url, issuer) as road:
        with broken(poisonous):
            receipts = await poisoned(road)
            await halted(road)
    async with open_road(home, url, issuer) as road:
        rated = await road.get("/ratings/2025/H44.1", wait_for=",".join(receipts))
        assert "12.00" in rated.json()["scores"].values()
        assert (await lag(road))["halted"] is None


async def test_a_bug_that_no_event_brings_halts_the_fold_and_blames_none(
    home: Path, tmp_path: Path, issuer: Issuer, provisioned: NatsServer
) -> None:
    """The process lives, the events stay in the stream, and count once it is mended."""
    url = f"sqlite:///{tmp_path / 'test.db'}"

    def failing(*_: Any) -> Any:
        raise ZeroDivisionError("planted")

    async with open_road(home, url, issuer) as road:
        with pytest.MonkeyPatch.context() as planted:
            planted.setattr(books, "changes", failing)
            await road.send([registered("H44.1")])
            figures = await halted(road)
            assert "planted" in figures["halted_en"] and "reg-H44.1" not in figures["halted_en"]
            assert (figures["events"], figures["folded"], figures["quarantined"]) == (1, 0, 0)
            assert not any(task.done() for task in road.scoring.tasks)
    async with open_road(home, url, issuer) as road:

        async def rated() -> Any:
            return (await road.get("/ratings/2025/H44.1")).status_code == 200

        await eventually(rated)


@pytest.mark.parametrize("place", [0, 63, 99])
async def test_the_event_is_found_by_halves(
    place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a batch of 100 by some 14 transactions; what lies before it is folded, nothing behind."""
    sent = [registered("H44.1"), *(published("H44.1", str(n)) for n in range(100))]
    events = accepted(sent)[1:]
    poison = events[place].event.id
    tried: list[int] = []
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:
        plain = fold.folder.fold

        async def counted(messages: Any, *rest: Any) -> Any:
            tried.append(len(messages))
            return await plain(messages, *rest)

        monkeypatch.setattr(fold.folder, "fold", counted)
        deliveries = [Delivery(e.raw, subject_of(e.raw), n) for n, e in enumerate(events)]
        with broken(lambda event: event.event.id == poison), pytest.raises(FoldHalted) as stopped:
            await loop_of(fold)._fold_or_halt(deliveries)
        assert poison in str(stopped.value) and len(tried) <= 16
        place_now = await position(fold)
        assert (place_now.folded, place_now.stream_seq) == (place, max(0, place - 1))
        with pytest.raises(FoldHalted):
            await fold.fold(events)


async def test_a_body_that_the_decoder_dies_of_is_named_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its source and id where these can be read, else by the digest of its bytes."""
    (event,) = accepted([registered("H44.1")])

    def dying(_: bytes) -> Any:
        raise RuntimeError("planted")

    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:
        monkeypatch.setattr("services.scoring.handlers.batch.decode", dying)
        for raw, pattern in ((event.raw, "reg-H44.1"), (b"\xff{", "sha256")):
            with pytest.raises(FoldHalted, match=pattern):
                await loop_of(fold)._fold_or_halt([Delivery(raw, "danchu.events.H44-1.x.y", 1)])
            await loop_of(fold)._lift_fault()
            assert (await position(fold)).halted is None


async def test_rubrics_that_break_the_fold_halt_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folding everything anew at a start is no reason to die again and again either."""
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:

        async def failing(_: Folder) -> None:
            raise ZeroDivisionError("planted")

        monkeypatch.setattr(Folder, "prepare", failing)
        with pytest.raises(FoldHalted, match="planted"):
            await loop_of(fold)._prepare()
        assert (await position(fold)).faulty == b""
