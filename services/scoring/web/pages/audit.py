"""The audit desk: the last audit, how far the fold is, and the checkpoints of a year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from contracts.messages import Message
from services.chassis.errors import DanchuError
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site
from services.scoring.errors import YearUnknown
from services.scoring.operations.lag import ANSWER_SECONDS
from services.scoring.operations.seal_audit import note_fault
from services.scoring.sealing.service import SealService
from services.scoring.store import audit_results
from services.scoring.store.seals import CheckpointRow
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message
from services.scoring.web.pages.desk import FINGERPRINT, YEARS_SHOWN
from services.scoring.year import checkpoints
from services.scoring.year.notes import Head
from services.scoring.year.seal import encode_root

OLD_US = 8 * 24 * 3600 * 1_000_000
"""An audit that is older is one that was forgotten."""
TELLS = ("halted", "feed", "open")
"""What the lag says in words beside its numbers."""


class AuditQuery(BaseModel):
    """Of which year the checkpoints are shown: the newest without one."""

    year: Annotated[int | None, EMPTY] = Field(None, ge=1900, le=9999)


class CheckpointLine(NamedTuple):
    """A checkpoint; `fault` is why its signature does not hold."""

    until: int
    size: int
    root: str
    fault: Message | None

    @property
    def fingerprint(self) -> str:
        """The beginning of the root."""
        return self.root[:FINGERPRINT]


class FoldState(NamedTuple):
    """How far the fold is behind: its figures, and by what it is hindered, in words."""

    figures: Mapping[str, Any]
    alarms: list[tuple[str, Message]]


def add_audit(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The page of the audit."""

    @pages.get("/audit")
    async def audit(request: Request, query: Annotated[AuditQuery, Query()]) -> Response:
        visit = site.visit(request)
        years = (await desk.years.known())[-YEARS_SHOWN:]
        year = query.year or await desk.years.newest()
        async with desk.reading.db.read() as conn:
            result = await audit_results.last(conn)
        lines, pending = await _checkpoints(desk.seals, year)
        is_old = result is not None and desk.reading.clock() - result.ended > OLD_US
        return visit.page(
            "audit.html", result=result, is_old=is_old, fold=await _fold_state(desk), year=year,
            years=years, checkpoints=lines[::-1], pending=pending,
            signs_here=desk.seals.checkpoints.can_sign(),
        )  # fmt: skip


async def _fold_state(desk: Desk) -> FoldState | None:
    """The state of the fold; None while NATS does not answer."""
    lag = await desk.lag_within(ANSWER_SECONDS)
    if lag is None:
        return None
    alarms = [
        (name, Message(name, str(lag[f"{name}_vi"]), str(lag[f"{name}_en"])))
        for name in TELLS if lag.get(f"{name}_vi")
    ]  # fmt: skip
    return FoldState(lag, alarms)


async def _checkpoints(
    seals: SealService, year: int
) -> tuple[list[CheckpointLine], Message | None]:
    """The checkpoints of a year, and why there may be more of them."""
    try:
        rows = await seals.checkpoints.of_year(year)
        keys = [each.key for each in seals.keyring.listed()]
    except YearUnknown:
        return [], message("audit-no-rubric", year=year)
    except DanchuError as error:
        return [], error.message
    name = checkpoints.log_name(seals.keyring.origin, year)

    def line(row: CheckpointRow) -> CheckpointLine:
        fault = note_fault(row.note, Head(name, row.size, row.root), keys, 1)
        return CheckpointLine(row.until, row.size, encode_root(row.root), fault)

    return [line(row) for row in rows], None
