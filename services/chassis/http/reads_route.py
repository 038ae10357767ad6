"""GET /reads of a service: its log of reads, the newest first, for auditors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contracts import moments
from contracts.messages import Message
from services.chassis import read_log
from services.chassis.http.cursors import decode_cursor, encode_cursor, question_mark
from services.chassis.http.openapi import Page, answers
from services.chassis.http.outbox_route import Authorize
from services.chassis.http.validation import Integer, instant_text
from services.chassis.messages import message
from services.chassis.read_log import Read, ReadLog, Selection

SubjectsOf = Callable[[str], Awaitable[tuple[str, ...]]]
"""From the key or a code of a unit to all of them."""


async def itself(unit: str) -> tuple[str, ...]:
    """A unit without further codes."""
    return (unit,)


Instant = Annotated[str, AfterValidator(instant_text)] | None


class ReadsPaging(BaseModel):
    """A page of the log of reads; `from` and `to` are RFC 3339 times, `to` is not included."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    year: Integer | None = Field(None, ge=1900, le=9999)
    unit: str | None = Field(None, max_length=200, pattern="^[^,%_\x00]+$")
    who: str | None = Field(None, max_length=200, pattern="^[^\x00]+$")
    from_: Instant = Field(None, alias="from", max_length=40)
    to: Instant = Field(None, max_length=40)
    limit: Integer = Field(50, ge=1, le=1000)
    cursor: str | None = Field(None, max_length=200)


class ReadAnswer(BaseModel):
    """One line of the log of reads."""

    model_config = ConfigDict(extra="allow")
    at: str = Field(description="when it was answered")
    who: str = Field(description="the bearer of the token, as its issuer names it")
    role: str
    what: str = Field(description="what was read or decided")
    year: int | None
    unit: str | None
    units: list[str] = Field(description="the units of a list or an export")
    rows: int
    address: str | None = Field(description="where the request came from")


class ReadPageAnswer(Page[ReadAnswer]):
    """A page of the log of reads."""


def add_reads_route(
    api: FastAPI, log: ReadLog, authorize: Authorize, subjects_of: SubjectsOf = itself,
    term: Callable[[str], Message] | None = None,
) -> None:  # fmt: skip
    """The route, for those whom `authorize` lets through; `term` names `what` in words."""

    @api.get(
        "/reads", summary="Who saw or decided what, when and from where",
        **answers(ReadPageAnswer, 401, 403, 422, 503, description="The lines, the newest first"),
    )  # fmt: skip
    async def list_reads(request: Request, paging: Annotated[ReadsPaging, Query()]) -> Response:
        authorize(request, message("read-reads"))
        await log.flush()
        subjects = () if paging.unit is None else await subjects_of(paging.unit)
        selection = Selection(
            paging.year, paging.who, _us(paging.from_), _us(paging.to), subjects=subjects
        )  # fmt: skip
        mark = question_mark("reads", *selection[:-1], paging.unit)
        before = decode_cursor(paging.cursor, int, mark)
        async with log.db.read() as conn:
            lines = await read_log.page(conn, selection, before, paging.limit + 1)
        more = len(lines) > paging.limit
        items = [_members(read, term) for _, read in lines[: paging.limit]]
        last = encode_cursor(lines[paging.limit - 1][0], mark) if more else None
        body = {"items": items, "next": last}
        return Response(msgspec.json.encode(body), media_type="application/json")


def _us(text: str | None) -> int | None:
    return None if text is None else moments.instant(text)


def _members(read: Read, term: Callable[[str], Message] | None) -> dict[str, Any]:
    members = {
        "at": moments.rfc3339(read.at), "who": read.by, "role": read.role, "what": read.what,
        "year": read.year, "unit": read.unit, "units": (read.units or "").strip(",").split(","),
        "rows": read.rows, "address": read.address,
    }  # fmt: skip
    if read.units is None:
        members["units"] = []
    if term is not None:
        words = term(read.what)
        members |= {"what_vi": words.vi, "what_en": words.en}
    return members
