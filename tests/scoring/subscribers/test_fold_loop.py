"""A fold that stands still is seen by machines: in readiness and in the lag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.chassis.auth.credentials import Issuer
from services.chassis.cancellation import cancel_all
from services.commands.nats.provisioning import provision
from services.scoring import app as scoring
from services.scoring.app import Part
from services.scoring.operations import halt, lag
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.settings import ScoringSettings
from tests.conftest import NatsServer, eventually
from tests.scoring.folding import folding
from tests.scoring.road import open_road
from tests.scoring.subscribers.test_stream_look import move_on
from tests.scoring.test_road import due, published, registered

pytestmark = pytest.mark.anyio


async def readiness(home: Path, part: Part, **settings: Any) -> tuple[bool, dict[str, Any]]:
    """The readiness of a part of scoring on the database of a home."""
    app = scoring.build(ScoringSettings(home=home, nats_port=1, **settings), part)
    try:
        return await app.health.readiness()
    finally:
        await app.stop()


@pytest.mark.parametrize(
    ("part", "ready", "status"),
    [("fold", False, "not ready"), ("http", True, "degraded"), ("all", True, "degraded")],
)
async def test_a_halt_makes_the_fold_not_ready_and_the_queries_degraded(
    part: Part, ready: bool, status: str, tmp_path: Path
) -> None:
    """Who reads still gets the last commit; who folds alone does nothing, and says why."""
    database = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with folding(database, load_directory(SHIPPED)) as fold:
        assert (await readiness(tmp_path, part))[1]["status"] == "ready"
        await move_on(fold, halted="the stream EVENTS is gone")
        is_ready, answer = await readiness(tmp_path, part)
        assert (is_ready, answer["status"]) == (ready, status)
        assert "the stream EVENTS is gone" in answer["checks"]["fold"]
        assert "danchu resend" in answer["checks"]["fold"]


async def test_who_has_other_rubrics_than_the_ratings_is_not_ready(tmp_path: Path) -> None:
    """It answers no query: others that fold with the same rubrics can."""
    database = f"sqlite:///{tmp_path / 'scoring.db'}"
    (tmp_path / "other").mkdir()
    yaml = next(SHIPPED.glob("*agency.yaml")).read_text()
    (tmp_path / "other" / "agency.yaml").write_text(yaml)
    async with folding(database, load_directory(SHIPPED)):
        is_ready, answer = await readiness(tmp_path, "http", scoring_rubrics=tmp_path / "other")
        assert (is_ready, answer["status"]) == (False, "not ready")
        assert "other rubrics" in answer["checks"]["rubrics"]


async def test_the_lag_of_a_halted_fold_is_what_the_stream_holds(
    home: Path, tmp_path: Path, issuer: Issuer, provisioned: NatsServer
) -> None:
    """The stream is made anew: its consumer counts from nothing, and two events wait all the
    same until the halt is lifted.
    """
    async with open_road(home, f"sqlite:///{tmp_path / 'test.db'}", issuer) as road:

        async def lag_of(halted: str | None, events: int) -> Any:
            figures = (await road.get("/lag", "operator")).json()
            reason = figures["halted"]
            matches = reason == halted or (halted and halted in (reason or ""))
            return figures if matches and figures["events"] == events else None

        (receipt,) = await road.send([registered("H44.1")])
        await road.get("/ratings/2025/H44.1", wait_for=receipt)
        await eventually(lambda: lag_of(None, 0))
        broker = provisioned.broker("provision")
        await broker.ensure()
        await broker.manager().delete_stream("EVENTS")
        lag = await eventually(lambda: lag_of("is gone", 0))
        assert (lag["seconds"], lag["folded"]) == (0.0, 1)
        await provision(broker, anew=True)
        await broker.close()
        await road.send([due("H44.1", "a"), published("H44.1", "a")])
        anew = await eventually(lambda: lag_of("the stream EVENTS", 2))
        assert anew["seconds"] > 0
        await halt.lift_halt(road.scoring.settings)
        assert (await eventually(lambda: lag_of(None, 0)))["seconds"] == 0.0


async def test_what_waits_for_a_fold_that_hangs_is_said(
    home: Path, tmp_path: Path, issuer: Issuer, provisioned: NatsServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Queries go on and are ready, and degraded: ratings lack what is in the stream."""
    async with open_road(home, f"sqlite:///{tmp_path / 'test.db'}", issuer) as road:
        health = road.scoring.health

        async def said(words: str) -> Any:
            answer = (await health.readiness())[1]
            return answer if words in str(answer["checks"]) else None

        await road.get("/ratings/2025/H44.1", wait_for=(await road.send([registered("H44.1")]))[0])
        assert (await eventually(lambda: said("'0 behind'")))["status"] == "ready"
        await cancel_all(road.scoring.tasks)
        await road.send([due("H44.1", "a"), published("H44.1", "a")])
        assert (await eventually(lambda: said("'2 behind'")))["status"] == "ready"
        monkeypatch.setattr(lag, "WAIT_SECONDS", 0.0)
        answer = await said("2 events of the stream wait for the fold")
        assert answer["status"] == "degraded" and "kill -9" in answer["checks"]["lag"]
        provisioned.stop()
        assert (await eventually(lambda: said("'unknown'")))["status"] == "ready"
        provisioned.start()
