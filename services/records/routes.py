"""The routes that every kind of record has: create, step, retract, read, and read the journal."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request, Response
from pydantic import BaseModel, Field

from contracts import moments
from contracts.messages import Message
from services.chassis.auth.credentials import READS_ALL, Credential
from services.chassis.http.language import labels
from services.chassis.http.openapi import Items
from services.records.command_endpoint import Desk, json_answer, route_answers
from services.records.journal import Entry
from services.records.messages import message
from services.records.record import (
    Evolve,
    Record,
    check_unit,
    etag,
    load_record,
    record_missing,
    step_words,
    unit_of,
)
from services.records.request_bodies import NO_NUL, Act, CommandBody, Prose
from services.records.state_machine import Step, plain_term
from services.records.work import Outcome, Work

READERS = ("reader", "clerk", "hr", "council", "auditor", "operator")
READS_JOURNALS = ("clerk", "council", "auditor", "operator")
ID_MAX = 128
Id = Annotated[str, Path(max_length=ID_MAX, pattern=NO_NUL, description="the id of the record")]
Handler = Callable[[Work, Any], Awaitable[Outcome]]
StepHandler = Callable[[Work, str, Step], Awaitable[Outcome]]
Precheck = Callable[[Any], Awaitable[None]]
CheckVisible = Callable[[Credential, Record[Any]], None]


@dataclass(frozen=True)
class Retraction:
    """A request to retract the step with this version, with the reason."""

    work: Work
    id: str
    version: int
    reason: str


class JournalEntry(BaseModel):
    """One journal entry: the step, its time, the time of recording, and who entered it."""

    version: int
    step: str
    step_vi: str | None = None
    step_en: str | None = None
    at: str
    recorded: str
    role: str
    role_vi: str
    role_en: str
    by: str
    data: dict[str, Any]
    events: list[str]
    receipts: list[str]


class TakeBack(CommandBody):
    """The body of a retraction: the version of the mistaken step, and the reason."""

    version: int = Field(ge=1, le=100_000, description="the step, as its journal counts it")
    reason: Prose


@dataclass(frozen=True)
class Collection:
    """The routes of one kind of record: `/<name>` and the paths below it.

    `ids` is the pattern of its record ids, for a service that has several kinds of record.
    """

    api: FastAPI
    desk: Desk
    name: str
    ids: str = ""

    def check(self, id_: str) -> None:
        """Problem 404 if this cannot be the id of such a record."""
        if self.ids and not re.fullmatch(self.ids, id_, re.ASCII):
            raise record_missing(id_)

    def create(
        self,
        body: type[CommandBody],
        roles: Iterable[str],
        summary: str,
        handler: Handler,
        model: Any = None,
    ) -> None:
        """POST /<name>: creates a record."""

        async def create(request: Request, request_body: body) -> Response:  # type: ignore[valid-type]
            async def work(work: Work) -> Outcome:
                return await handler(work, request_body)

            return await self.desk.execute(request, roles, summary, work, 201)

        problems = (400, 401, 403, 409, 413, 422, 503)
        self.api.post(
            f"/{self.name}", summary=_in_english(summary), name=f"create {self.name}",
            **route_answers(*problems, status=201, command=True, model=model),
        )(create)  # fmt: skip

    def step(
        self, name: str, body: type[Act], roles: Iterable[str], summary: str,
        handler: StepHandler, model: Any = None, precheck: Precheck | None = None,
    ) -> None:  # fmt: skip
        """POST /<name>/{id}/<step>: adds a step to a record.

        `precheck` checks the body before the transaction, for slow checks that hold no lock.
        """

        async def step(request: Request, id: Id, request_body: body) -> Response:  # type: ignore[valid-type]
            if precheck is not None:
                self.desk.caller(request, roles, summary)
                await precheck(request_body)

            async def work(work: Work) -> Outcome:
                self.check(id)
                return await handler(work, id, request_body.step(name, work.now))  # type: ignore[attr-defined]

            return await self.desk.execute(request, roles, summary, work)

        if self.desk.roles_by_step.setdefault(name, frozenset(roles)) != frozenset(roles):
            raise ValueError(f"the step {name} is for other roles elsewhere")
        self._command(name, step, summary, model)

    def retraction(
        self,
        roles: Iterable[str],
        handler: Callable[[Retraction], Awaitable[Outcome]],
        model: Any = None,
    ) -> None:
        """POST /<name>/{id}/retract: retracts a mistaken step."""
        summary = message("take-back-mistake")

        async def retract(request: Request, id: Id, take_back: TakeBack) -> Response:
            async def work(work: Work) -> Outcome:
                self.check(id)
                return await handler(Retraction(work, id, take_back.version, take_back.reason))

            return await self.desk.execute(request, roles, summary, work)

        self._command("retract", retract, summary, model)

    def _command(self, name: str, take: Callable[..., Any], summary: str, model: Any) -> None:
        problems = (400, 401, 403, 404, 409, 412, 413, 422, 503)
        self.api.post(
            f"/{self.name}/{{id}}/{name}", summary=_in_english(summary),
            name=f"{name} {self.name}",
            **route_answers(*problems, command=True, model=model),
        )(take)  # fmt: skip

    def read_routes(
        self, evolve: Evolve[Any],
        describe: Callable[[Record[Any]], dict[str, Any]], roles: Iterable[str] = READERS,
        journals: Iterable[str] = READS_JOURNALS, check_visible: CheckVisible | None = None,
        log_reads: bool = False, model: Any = None,
    ) -> None:  # fmt: skip
        """GET /<name>/{id} and /<name>/{id}/journal: the record, and who did what when.

        `check_visible` raises a Problem for a record that the reader may not see; by default
        that is a record of another unit. `log_reads` writes each read into the read log.
        """
        problems = (401, 403, 404, 422, 503)
        read = self._reader(evolve, check_visible, log_reads)

        @self.api.get(
            f"/{self.name}/{{id}}", summary="One record", name=f"get one of {self.name}",
            **route_answers(*problems, model=model),
        )  # fmt: skip
        async def get_one(request: Request, id: Id) -> Response:
            record = await read(request, id, roles)
            body = self.desk.answer_body(request.state.caller, describe(record))
            return json_answer(body, headers={"ETag": etag(record.version)})

        @self.api.get(
            f"/{self.name}/{{id}}/journal", summary="Who did what when",
            name=f"get journal of {self.name}",
            **route_answers(*problems, model=Items[JournalEntry]),
        )  # fmt: skip
        async def get_journal(request: Request, id: Id) -> Response:
            record = await read(request, id, journals)
            items = [self._journal_item(entry) for entry in record.entries]
            return json_answer({"items": items})

    def _journal_item(self, entry: Entry) -> dict[str, Any]:
        """A journal entry as a JSON answer, with labels and local times."""
        words = labels("role", message(f"role-{entry.by.role}"))
        words |= labels("step", step_words(entry, self.desk.terms.get("possible", plain_term)))
        times = {"at": entry.step.at, "recorded": entry.recorded}
        instants = {name: moments.local_time(at) for name, at in times.items()}
        return {**entry.members(), **instants, **words}

    def _reader(
        self, evolve: Evolve[Any], check_visible: CheckVisible | None, log_reads: bool
    ) -> Callable[[Request, str, Iterable[str]], Awaitable[Record[Any]]]:
        """The function that authorises a read, loads the record and logs the read."""

        async def read(request: Request, id: str, roles: Iterable[str]) -> Record[Any]:
            reader = self.desk.caller(request, roles, message("read-records", name=self.name))
            self.check(id)
            async with self.desk.db.read() as conn:
                record = await load_record(conn, id, evolve)
            if check_visible is not None:
                check_visible(reader, record)
            elif reader.role not in READS_ALL:
                check_unit(reader, unit_of(record))
            if log_reads:
                await self.desk.log_read(reader, f"{self.name} {id}", 1)
            return record

        return read


def _in_english(summary: str) -> str:
    return summary.en if isinstance(summary, Message) else summary


def units_seen(reader: Credential) -> frozenset[str] | None:
    """The units that a list is limited to; None if the reader sees all."""
    everything = reader.role in READS_ALL or "*" in reader.units
    return None if everything else reader.units


def page(items: list[dict[str, Any]], limit: int, place: str = "id") -> dict[str, Any]:
    """A page of a list, from up to `limit` + 1 items; `place` is the member of the cursor."""
    more = len(items) > limit
    rows = items[:limit]
    return {"items": rows, "next": rows[-1][place] if more else None}
