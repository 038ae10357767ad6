"""Gauges: what is measured is reported while it is fresh, and a fault stops nothing else."""

from __future__ import annotations

import asyncio

import pytest
from opentelemetry.metrics import CallbackOptions

from services.chassis.database.engine import Database
from services.chassis.database.pool_metrics import connections, limits
from services.chassis.database.url import normal_url
from services.chassis.errors import DatabaseAway
from services.chassis.telemetry import gauges
from services.chassis.telemetry.gauges import FRESH_SECONDS, LatestGauge, measure_for_ever
from services.commands.start_line import process_name

pytestmark = pytest.mark.anyio


def values(gauge: LatestGauge) -> dict[str, float]:
    """What an exporter sees, by the value of the only attribute."""
    return {
        "".join(map(str, (each.attributes or {}).values())): each.value
        for each in gauge.observe(CallbackOptions())
    }


def test_a_gauge_forgets_what_nobody_measures_any_more() -> None:
    """A figure from before a loss would hide the loss."""
    now = [0.0]
    gauge = LatestGauge("danchu.test", "", "", clock=lambda: now[0])
    gauge.set(3, {"service": "a"})
    now[0] = FRESH_SECONDS
    gauge.set(5, {"service": "b"})
    assert values(gauge) == {"a": 3, "b": 5}
    now[0] += 1
    assert values(gauge) == {"b": 5}


async def test_a_measure_that_fails_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is away is expected; a bug is logged as an error; the next measure runs."""
    monkeypatch.setattr(gauges, "MEASURE_SECONDS", 0.01)
    measured = asyncio.Event()

    async def away() -> None:
        raise DatabaseAway("no database")

    async def bug() -> None:
        raise KeyError("a bug")

    async def slow() -> None:
        await asyncio.Event().wait()

    async def works() -> None:
        measured.set()

    task = asyncio.create_task(
        measure_for_ever({"away": away, "bug": bug, "slow": slow, "works": works})
    )
    async with asyncio.timeout(30):
        await measured.wait()
    assert not task.done()
    task.cancel()
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert {record.__dict__["measure"] for record in errors} == {"bug"}


async def test_the_connections_of_a_database_are_observed_while_it_is_in_use(
    database_url: str,
) -> None:
    """Used, idle and the most, under the name of the schema."""
    db = Database(normal_url(database_url), "pooled")

    def used() -> int:
        return sum(
            int(each.value) for each in connections(CallbackOptions())
            if set(map(str, (each.attributes or {}).values())) & {"pooled reader", "pooled"}
            and "used" in (each.attributes or {}).values()
        )  # fmt: skip

    try:
        async with db.read() as one, db.read() as other:
            assert one is not other and used() == 2
        assert used() == 0
        names = {str(value) for each in limits(CallbackOptions())
                 for value in (each.attributes or {}).values()}  # fmt: skip
        assert names & {"pooled reader", "pooled"}
    finally:
        await db.close()


@pytest.mark.parametrize(
    ("names", "part", "name"),
    [
        (("intake",), "all", "danchu-intake"), (("scoring",), "fold", "danchu-scoring-fold"),
        (("training", "awards"), "http", "danchu-training-awards-http"),
        (("intake", "training", "awards", "violations", "scoring"), "http", "danchu-http"),
    ],
)  # fmt: skip
def test_a_process_is_called_by_what_it_is(names: tuple[str, ...], part: str, name: str) -> None:
    """Not by the program that all of them are."""
    assert process_name(names, part) == name
