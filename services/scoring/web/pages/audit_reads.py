"""The log of reads: who saw or decided what, when, and from where."""

from __future__ import annotations

from datetime import date
from typing import Annotated, NamedTuple

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from contracts import moments
from contracts.messages import Message, templates
from services.chassis import read_log
from services.chassis.http.cursors import decode_cursor, encode_cursor, question_mark
from services.chassis.http.problems import wrong_parameters
from services.chassis.messages import message as chassis_message
from services.chassis.read_log import Read, Selection
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site
from services.scoring.access.read_terms import read_term, read_terms
from services.scoring.access.units import subjects_of
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message

ROWS = 50
UNITS_SHOWN = 4
DAY_US = 24 * 3600 * 1_000_000
Text = Annotated[str | None, EMPTY]
Day = Annotated[date | None, EMPTY]


class ReadFilters(BaseModel):
    """Which lines are listed; `to` is a day that is included."""

    who: Text = Field(None, max_length=200, pattern="^[^\x00]+$")
    what: Text = Field(None, max_length=64)
    unit: Text = Field(None, max_length=200, pattern="^[^,%_\x00]+$")
    from_: Day = Field(None, alias="from")
    to: Day = None
    cursor: str | None = Field(None, max_length=200)

    @property
    def narrowed(self) -> bool:
        """Whether not all lines are listed."""
        return any((self.who, self.what, self.unit, self.from_, self.to))

    def selection(self, subjects: tuple[str, ...]) -> Selection:
        """The lines as the log selects them; Problem 422 for days in the wrong order."""
        if self.from_ and self.to and self.to < self.from_:
            raise wrong_parameters([("to", message("audit-reads-days"))])
        since = None if self.from_ is None else moments.day_start(self.from_.isoformat())
        until = None if self.to is None else moments.day_start(self.to.isoformat()) + DAY_US
        return Selection(None, self.who, since, until, self.what, subjects)


class ReadRow(NamedTuple):
    """A line; `units` are the first ones of a list, `more` how many follow."""

    read: Read
    what: Message
    role: Message | str
    units: tuple[str, ...]
    more: int


def add_audit_reads(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The page of the log."""

    @pages.get("/audit/reads")
    async def audit_reads(request: Request, filters: Annotated[ReadFilters, Query()]) -> Response:
        visit = site.visit(request)
        await desk.reads.flush()
        subjects = () if filters.unit is None else await subjects_of(desk.reading, filters.unit)
        selection = filters.selection(subjects)
        mark = question_mark("reads page", *selection[:-1], filters.unit)
        before = decode_cursor(filters.cursor, int, mark)
        async with desk.reading.db.read() as conn:
            lines = await read_log.page(conn, selection, before, ROWS + 1)
        return visit.page(
            "audit_reads.html", filters=filters, rows=[row_of(read) for _, read in lines[:ROWS]],
            next=encode_cursor(lines[ROWS - 1][0], mark) if len(lines) > ROWS else None,
            terms=[(each, read_term(each)) for each in read_terms()],
        )  # fmt: skip


def row_of(read: Read) -> ReadRow:
    """A line for the page."""
    units = tuple(each for each in (read.units or "").split(",") if each)
    role = f"role-{read.role}"
    in_words = role in templates("services.chassis")
    return ReadRow(
        read, read_term(read.what), chassis_message(role) if in_words else read.role,
        units[:UNITS_SHOWN], max(0, len(units) - UNITS_SHOWN),
    )  # fmt: skip
