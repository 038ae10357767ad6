"""What scoring measures about itself follows its database: halts, marks, quarantine, seals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from opentelemetry.metrics import CallbackOptions

from services.chassis.broker.connection import Broker
from services.chassis.settings import NatsAccess
from services.chassis.telemetry.gauges import LatestGauge
from services.scoring.handlers import authorship
from services.scoring.operations import gauges
from services.scoring.operations.gauges import ScoringGauges
from services.scoring.operations.lag import FoldLag
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store import backups, doors, seals
from services.scoring.store.door_state import ALARM_US
from services.scoring.store.quarantine import ASIDE, REASONS
from services.scoring.store.seals import DraftRow
from tests.scoring.folding import Fold, folding
from tests.scoring.subscribers.test_stream_look import move_on
from tests.support.builders.cities import NOW, accepted
from tests.support.builders.events import event
from tests.support.processes import PROJECT

pytestmark = pytest.mark.anyio
DAY_US = 86_400_000_000


def value(gauge: LatestGauge, reason: str | None = None) -> float:
    """The value of a gauge, for one reason where it has several."""
    values = {
        (each.attributes or {}).get("reason"): each.value
        for each in gauge.observe(CallbackOptions())
    }
    return values[reason]


def gauges_of(fold: Fold) -> ScoringGauges:
    """The gauges of a process that folds and has three ratings to announce."""
    broker = Broker(NatsAccess("nats://127.0.0.1:1", None, None, "_INBOX"), "test")
    return ScoringGauges(FoldLag(fold.db, broker, fold.folder.clock), lambda: 3)


async def measure(fold: Fold) -> None:
    """Everything but the lag, which needs a stream."""
    for name, each in gauges_of(fold).measures().items():
        if name != "lag":
            await each()


async def test_the_gauges_are_those_of_the_database(tmp_path: Path) -> None:
    """Each is 0 in good times, and follows what happens: what alerts are made of."""
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:
        await measure(fold)
        quiet = (gauges._halted, gauges._alarm, gauges._differing, gauges._unowned,
                 gauges._pending, gauges._pending_age, gauges._missing, gauges._backup)  # fmt: skip
        assert [value(gauge) for gauge in quiet] == [0] * len(quiet)
        assert {value(gauges._quarantine, reason) for reason in REASONS} == {0}
        assert value(gauges._feed) == 3

        await fold.fold([*accepted([event("a", subject="H44.999")]), b"no event"])
        await move_on(fold, halted="it was lost")
        async with fold.db.write() as conn:
            (door,) = (await doors.ensure_doors(conn, ["intake.0a1b2c3d"])).values()
            since = NOW - ALARM_US
            await doors.save(conn, door._replace(differs_since=since, mark_events=2))
            row = DraftRow(
                2025, 1, NOW, 1, b"r", 1, b"e", "1/QD", "2026-01-01", "x", "hr", NOW - DAY_US, ()
            )
            await seals.add_draft(conn, row, [])
            await backups.note(conn, 2 * DAY_US)
            await backups.note(conn, 3 * DAY_US)
        await measure(fold)
        assert [value(gauge) for gauge in quiet] == [1, 1, 1, 1, 1, 86_400, 0, 3 * 86_400]
        assert value(gauges._quarantine, "syntax") == 1


async def test_a_process_of_queries_measures_the_fold_and_backups_alone(tmp_path: Path) -> None:
    """So that the end of the fold shows, and nothing is measured twice."""
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:
        assert {*ScoringGauges(gauges_of(fold).lag, None).measures()} == {"fold", "lag", "backup"}


def test_every_reason_of_quarantine_is_measured_from_the_start() -> None:
    """So that the first event with a reason is a growth, from 0."""
    text = (PROJECT / "contracts/envelope.py").read_text(encoding="utf-8")
    broken = re.findall(r'ContractBroken\(\s*"([a-z-]+)"', text)
    assert {*broken, authorship.REASON, "conflict", doors.BELOW_MARK, ASIDE} == {*REASONS}
