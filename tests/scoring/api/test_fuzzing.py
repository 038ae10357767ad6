"""schemathesis at the OpenAPI of scoring, by all roles in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.chassis.auth.credentials import ROLES, Issuer
from services.chassis.marks import Mark
from services.scoring.readmodel.arrivals import Arrivals
from services.scoring.sealing import fence
from services.scoring.sealing.commands import StageCommands, StageOrder
from services.scoring.store import doors, position
from tests.scoring.answering import Answering, answering
from tests.scoring.sealing.town import SECOND, Clock
from tests.scoring.test_road import due, published, registered
from tests.support.builders.cities import NOW
from tests.support.builders.events import event
from tests.support.fuzzing import MAY_BE_SAID, fuzz

YEAR, UNIT = 2025, "H44.1"
APPEAL = event(
    "k", "appeal.filed", subject=UNIT,
    data={"appeal": "kn-1", "reason": "Thiếu điểm", "year": YEAR + 1},
)  # fmt: skip
CITY = [
    registered(UNIT), registered("H44.2"), due(UNIT, "a"), published(UNIT, "a"), APPEAL,
]  # fmt: skip
TOKEN_DAYS = 20_000
FILES = (".csv", ".xlsx", ".pdf", "seal.zip")


@asynccontextmanager
async def scoring_of(home: Path, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    """Scoring with two units, some events, and a sealed year."""
    clock, url = Clock(NOW + SECOND), f"sqlite:///{home / 'scoring.db'}"
    async with answering(home, url, issuer, CITY, clock) as made:
        await seal(made, clock)
        yield made.client


async def seal(made: Answering, clock: Clock) -> None:
    """Publishes and seals the year with the keys of the home, after the period of replies."""
    db, service = made.app.db, made.app.seals
    stages = StageCommands(db, service.drafts.rubrics, clock)
    order = StageOrder("1/QĐ", "2026-01-05", "Công bố", "council")
    published_year = await stages.publish(YEAR, order)
    clock.now = (published_year.reply_until or clock.now) + SECOND
    async with db.write() as conn:
        await position.lock(conn)
        await doors.compare(conn, [Mark("intake.00000001", clock.now, 0)], clock.now)
    await service.drafts.draw_up(YEAR, StageOrder("2/QĐ", "2026-02-05", "Chốt", "operator"))
    await service.seals.seal(YEAR, None, "auditor")


def test_no_request_breaks_scoring(
    home: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No server error by any role or by nobody, and every answer as documented, files too.

    Also for a unit that exists, in a sealed year. Nobody waits 5 s for any receipt, nor 30 s for
    marks.
    """
    monkeypatch.setattr(Arrivals.wait, "__defaults__", (0.02,))
    monkeypatch.setattr(fence.wait_for_marks, "__defaults__", (0.0,))
    home.mkdir(parents=True, exist_ok=True)
    existing: dict[str, Any] = {"year": YEAR, "unit": UNIT}
    headers = [{"authorization": f"Bearer {issuer.mint(role, days=TOKEN_DAYS)}"} for role in ROLES]
    paths: dict[str, set[int]] = {}
    seen = fuzz(scoring_of(home, issuer), "scoring", {}, 6, existing, headers, paths)
    assert {200, 401, 403} <= set(seen)
    assert not any(status >= 500 and status not in MAY_BE_SAID for status in seen)
    for ending in FILES:
        files = [statuses for path, statuses in paths.items() if path.endswith(ending)]
        assert files and all(200 in statuses for statuses in files), ending
