"""Routes that every system of record has for each kind of its records.

Creating, a step, taking a step back, one record, and its journal: what differs is given.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request, Response
from pydantic import BaseModel, Field

from contracts import moments
from services.chassis.asked import NO_NUL, Act, Asked, Prose
from services.chassis.auth import READS_ALL, Credential
from services.chassis.desk import Desk, described, json_answer
from services.chassis.http import Problem
from services.chassis.openapi import Page
from services.chassis.records import Done, Evolve, Loaded, Work, check_unit, etag, loaded, unit_of
from services.chassis.steps import Step

READERS = ("reader", "clerk", "hr", "council", "auditor", "operator")
READS_JOURNALS = ("clerk", "council", "auditor", "operator")
ID_MAX = 128
Id = Annotated[str, Path(max_length=ID_MAX, pattern=NO_NUL, description="the id of the record")]
CarryOut = Callable[[Work, Any], Awaitable[Done]]
CarryStep = Callable[[Work, str, Step], Awaitable[Done]]
Sees = Callable[[Credential, Loaded[Any]], None]


@dataclass(frozen=True)
class Retraction:
    """How a step is taken back: by its version, with a reason."""

    work: Work
    id: str
    version: int
    reason: str


class JournalEntry(BaseModel):
    """One step as the journal has it: what, when it happened and was recorded, and by whom."""

    version: int
    step: str
    at: str
    recorded: str
    role: str
    by: str
    data: dict[str, Any]
    events: list[str]
    receipts: list[str]


class TakeBack(Asked):
    """The body of a retraction: which step was a mistake, and why."""

    version: int = Field(ge=1, le=100_000, description="the step, as its journal counts it")
    reason: Prose


@dataclass(frozen=True)
class Collection:
    """The routes of one kind of record: `/<name>` and what is below it.

    A service with several kinds says by `ids`, a pattern, which records are of this one.
    """

    api: FastAPI
    desk: Desk
    name: str
    ids: str = ""

    def check(self, id_: str) -> None:
        """Problem 404 for what cannot be the id of such a record."""
        if self.ids and not re.fullmatch(self.ids, id_, re.ASCII):
            raise Problem(404, f"There is no record {id_[:80]}.")

    def create(
        self, body: type[Asked], roles: Iterable[str], summary: str, carry_out: CarryOut
    ) -> None:
        """POST /<name>: makes a record."""

        async def create(request: Request, asked: body) -> Response:  # type: ignore[valid-type]
            async def work(work: Work) -> Done:
                return await carry_out(work, asked)

            return await self.desk.take(request, roles, summary, work, 201)

        problems = (400, 401, 403, 409, 413, 422, 503)
        self.api.post(
            f"/{self.name}", summary=summary, name=f"create {self.name}",
            **described(*problems, status=201, command=True),
        )(create)  # fmt: skip

    def step(
        self, name: str, body: type[Act], roles: Iterable[str], summary: str,
        carry_out: CarryStep,
    ) -> None:  # fmt: skip
        """POST /<name>/{id}/<step>: something happens to a record."""

        async def step(request: Request, id: Id, asked: body) -> Response:  # type: ignore[valid-type]
            async def work(work: Work) -> Done:
                given = asked.said()  # type: ignore[attr-defined]
                self.check(id)
                at = asked.instant(work.now)  # type: ignore[attr-defined]
                return await carry_out(work, id, Step(name, at, given))

            return await self.desk.take(request, roles, summary, work)

        self._command(name, step, summary)

    def retraction(
        self, roles: Iterable[str], carry_out: Callable[[Retraction], Awaitable[Done]]
    ) -> None:
        """POST /<name>/{id}/retract: a step was a mistake."""
        summary = "Take a mistaken step back"

        async def retract(request: Request, id: Id, asked: TakeBack) -> Response:
            async def work(work: Work) -> Done:
                self.check(id)
                return await carry_out(Retraction(work, id, asked.version, asked.reason))

            return await self.desk.take(request, roles, summary, work)

        self._command("retract", retract, summary)

    def _command(self, name: str, take: Callable[..., Any], summary: str) -> None:
        problems = (400, 401, 403, 404, 409, 412, 413, 422, 503)
        self.api.post(
            f"/{self.name}/{{id}}/{name}", summary=summary, name=f"{name} {self.name}",
            **described(*problems, command=True),
        )(take)  # fmt: skip

    def one(
        self, evolve: Evolve[Any],
        shown: Callable[[Loaded[Any]], dict[str, Any]], roles: Iterable[str] = READERS,
        journals: Iterable[str] = READS_JOURNALS, sees: Sees | None = None, noted: bool = False,
        model: Any = None,
    ) -> None:  # fmt: skip
        """GET /<name>/{id} and /<name>/{id}/journal: the record, and who did what when.

        `sees` raises where a reader may not see a record, by default that of a foreign unit;
        `noted` remembers each read.
        """
        problems = (401, 403, 404, 422, 503)
        read = self._reading(evolve, sees, noted)

        @self.api.get(
            f"/{self.name}/{{id}}", summary="One record", name=f"get one of {self.name}",
            **described(*problems, model=model),
        )  # fmt: skip
        async def get_one(request: Request, id: Id) -> Response:
            record = await read(request, id, roles)
            return json_answer(shown(record), headers={"ETag": etag(record.version)})

        @self.api.get(
            f"/{self.name}/{{id}}/journal", summary="Who did what when",
            name=f"get journal of {self.name}", **described(*problems, model=Page[JournalEntry]),
        )  # fmt: skip
        async def get_journal(request: Request, id: Id) -> Response:
            record = await read(request, id, journals)
            items = [_spelled(entry.shown()) for entry in record.entries]
            return json_answer({"items": items, "next": None})

    def _reading(
        self, evolve: Evolve[Any], sees: Sees | None, noted: bool
    ) -> Callable[[Request, str, Iterable[str]], Awaitable[Loaded[Any]]]:
        """How a record is read by whoever may see it."""

        async def read(request: Request, id: str, roles: Iterable[str]) -> Loaded[Any]:
            reader = self.desk.caller(request, roles, f"Reading {self.name}")
            self.check(id)
            async with self.desk.db.read() as conn:
                record = await loaded(conn, id, evolve)
            if sees is not None:
                sees(reader, record)
            elif reader.role not in READS_ALL:
                check_unit(reader, unit_of(record))
            if noted:
                await self.desk.note_read(reader, f"{self.name} {id}", 1)
            return record

        return read


def _spelled(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        **entry, "at": moments.local_time(entry["at"]),
        "recorded": moments.local_time(entry["recorded"]),
    }  # fmt: skip


def units_seen(reader: Credential) -> frozenset[str] | None:
    """The units that a list is filtered to; None where the reader sees all."""
    everything = reader.role in READS_ALL or "*" in reader.units
    return None if everything else reader.units


def page(items: list[dict[str, Any]], limit: int, place: str = "id") -> dict[str, Any]:
    """A page of a list that was asked with one item more than `limit`."""
    more = len(items) > limit
    shown = items[:limit]
    return {"items": shown, "next": shown[-1][place] if more else None}
