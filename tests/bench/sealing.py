"""How fast a year is sealed on its database: the draft, and the auditor's half."""

from __future__ import annotations

import time

from services.chassis.clock import now_us
from services.scoring.handlers.folder import Folder
from services.scoring.queries import appeals, books
from services.scoring.rubrics import loader
from services.scoring.sealing.commands import StageOrder
from services.scoring.settings import SERVICE
from services.scoring.store import stages
from tests.bench.city import YEAR
from tests.bench.exact import NotExact
from tests.bench.ground import Ground
from tests.bench.measures import opened
from tests.scoring.folding import Fold
from tests.scoring.sealing.town import (
    AUDITOR,
    OPERATOR,
    SECOND,
    Clock,
    Town,
    keyring_of,
    publish,
    recorded,
    service_of,
)
from tests.support.builders.events import event

ORDER = StageOrder("2/QĐ", "2026-01-20", "Chốt kết quả", "operator")


async def entries_per_second(ground: Ground, url: str) -> float:
    """Entries that a draft and its seal took a second, on what a fold left behind."""
    rubrics = loader.load_directory(ground.settings(url).rubrics_folder)
    async with opened(url, SERVICE) as db:
        clock = Clock(now_us() + 3600 * SECOND)
        fold = Fold(db, Folder(db, rubrics, clock))
        town = Town(fold, keyring_of(ground.folder, OPERATOR, AUDITOR), clock, rubrics)
        await publish(town)
        await _decide_appeals(town)
        await town.mark(clock.now)
        service = service_of(town)
        began = time.perf_counter()
        draft = await service.drafts.draw_up(YEAR, ORDER)
        await service.seals.seal(YEAR, None, "auditor")
        seconds = time.perf_counter() - began
    if draft.size <= ground.expected.events:
        raise NotExact(f"a seal has {draft.size} entries, and the ledger {ground.expected.events}")
    return draft.size / seconds


async def _decide_appeals(town: Town) -> None:
    """Rejects what waits for a decision, since a year is not sealed before."""
    async with town.db.read() as conn:
        state, registry = await stages.load(conn, YEAR), await books.registry(conn)
        waiting = (await appeals.undecided(conn, [state], registry, town.rubrics))[YEAR]
    decisions = [
        recorded(
            event(
                f"decided-{number}", "appeal.decided", subject=appeal.unit,
                data={
                    "appeal": appeal.appeal, "outcome": "rejected", "decision": f"{number}",
                    "year": YEAR,
                },
            ),
            town.clock.now,
        )
        for number, appeal in enumerate(waiting)
    ]  # fmt: skip
    await town.fold.fold(decisions)
