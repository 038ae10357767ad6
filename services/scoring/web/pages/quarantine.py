"""The quarantine: what was not folded, by state and reason, and one message with all about it.

What an operator does about a message is in `quarantine_steps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import FastAPI, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from contracts.envelope import Recorded
from contracts.messages import Message, split_languages
from contracts.questions import ReceiptFate
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site, Visit
from services.scoring.access.cursors import quarantine_cursor, quarantine_place
from services.scoring.access.parameters import WaitFor
from services.scoring.operations.quarantine import QuarantineWork
from services.scoring.queries import quarantine as queries
from services.scoring.queries.quarantine import EntryRow
from services.scoring.readmodel.receipts import Receipts
from services.scoring.store.quarantine import REASONS, STATES, WAITING
from services.scoring.web.desk import Desk
from services.scoring.web.pages.desk import wait_briefly
from services.scoring.web.quarantined import MessageHead, head_of, text_of

ROWS = 50
ID_MAX = 64
STEPS = ("repair", "replay", "drop")
EntryId = Annotated[str, Path(max_length=ID_MAX, description="the id of an entry")]


class QuarantineFilters(BaseModel):
    """Which entries are listed."""

    state: Literal["waiting", "replayed", "dropped"] = "waiting"
    reason: Annotated[str | None, EMPTY] = Field(None, max_length=32)
    cursor: str | None = Field(None, max_length=2000)


class EntryQuery(BaseModel):
    """What the address of an entry may say."""

    model_config = ConfigDict(extra="ignore")
    wait_for: WaitFor = None


class ListedEntry(NamedTuple):
    """A row: why the message is there since when, and what it is."""

    id: str
    reason: str
    detail: str
    since: int
    head: MessageHead


class Replacement(NamedTuple):
    """The event that replaced an entry: whether it counts, and itself once it is folded."""

    receipt: str
    fate: ReceiptFate
    event: Recorded | None

    @property
    def reason(self) -> Message | None:
        """Why it does not count, or not yet."""
        fate = self.fate
        return Message("fate", fate.reason_vi, fate.reason_en or "") if fate.reason_vi else None


def add_quarantine(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The list, and an entry."""

    @pages.get("/quarantine")
    async def quarantine(
        request: Request, filters: Annotated[QuarantineFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        state, reason = filters.state, filters.reason if filters.reason in REASONS else None
        after = quarantine_place(filters.cursor, state, reason)
        async with desk.reading.db.read() as conn:
            numbers = await queries.counts(conn)
            rows = await queries.page(conn, state, reason, after, ROWS + 1)
        last = rows[ROWS - 1].place if len(rows) > ROWS else None
        return visit.page(
            "quarantine.html", state=state, reason=reason, rows=list(map(_listed, rows[:ROWS])),
            next=last and quarantine_cursor(last, state, reason),
            states=[(each, _number(numbers, each)) for each in STATES],
            reasons=[(each, numbers.get((state, each), 0)) for each in REASONS],
            total=_number(numbers, state),
        )  # fmt: skip

    @pages.get("/quarantine/{entry}")
    async def quarantine_entry(
        request: Request, entry: EntryId, query: Annotated[EntryQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        folded = await wait_briefly(desk.reading, query.wait_for)
        stored = await QuarantineWork(desk.reading.db).entry(entry)
        raw = bytes(stored["raw"])
        return visit.page(
            "quarantine_entry.html", entry=stored, id=entry, folded=folded,
            head=head_of(raw, stored["subject"]), detail=detail_of(stored), text=text_of(raw),
            replacement=await _replacement(desk, stored["replaced_by"]),
            steps=[each for each in STEPS if _offered(visit, stored, each)],
        )  # fmt: skip


def _number(numbers: Mapping[tuple[str, str], int], state: str) -> int:
    return sum(number for (each, _), number in numbers.items() if each == state)


def _listed(row: EntryRow) -> ListedEntry:
    detail = split_languages(row.detail, f"scoring.{row.reason}")
    return ListedEntry(row.id.hex(), row.reason, detail, row.since, head_of(row.raw, row.subject))


def detail_of(entry: Mapping[str, Any]) -> str:
    """Why a message is in quarantine, in both languages where it was saved so."""
    return split_languages(entry["detail"], f"scoring.{entry['reason']}")


def is_possible(entry: Mapping[str, Any], step: str) -> bool:
    """Whether a step is left to do: a link to an event stays, and nothing is dropped twice."""
    return entry["replaced_by"] is None and (step != "drop" or entry["state"] == WAITING)


def _offered(visit: Visit, entry: Mapping[str, Any], step: str) -> bool:
    """Whether a step is possible, and the person may take it."""
    return is_possible(entry, step) and visit.may(f"GET /quarantine/{{entry}}/{step}")


async def _replacement(desk: Desk, receipt: bytes | None) -> Replacement | None:
    if receipt is None:
        return None
    receipts = Receipts(desk.reading.db, desk.reading.versions)
    receipt = bytes(receipt)
    return Replacement(receipt.hex(), await receipts.fate(receipt), await receipts.event(receipt))
