"""HTTP routes of the violations: commands, single cases and their texts; lists are in `lists`."""

from typing import Annotated, Literal

from fastapi import FastAPI, Request, Response
from pydantic import Field

from services.chassis.health import Health
from services.chassis.http.language import labelled
from services.chassis.http.openapi import Items
from services.records.command_endpoint import Desk, build_desk_api, json_answer, route_answers
from services.records.record import load_record
from services.records.request_bodies import (
    NO_NUL,
    Day,
    Key,
    Line,
    Opaque,
    Prose,
    UnitKey,
    When,
    Why,
)
from services.records.routes import ID_MAX, Collection, Id, Retraction
from services.records.work import Outcome, Work
from services.violations import answers, domain, lists, queries
from services.violations.handlers import Violations, check_visible, describe
from services.violations.labels import TERMS
from services.violations.lists import READS_CASES
from services.violations.messages import message

CLERK, COUNCIL = ("clerk",), ("council",)
BOTH = (*CLERK, *COUNCIL)
READS_WORDS = ("council", "auditor")
REPORTER = "reporter"
Words = Literal["allegation", "place", "reporter", "outcome", "reason", "measure"]


class Report(When):
    """The allegation; `at` is when the unit or the council learned of it."""

    unit: UnitKey
    allegation: Prose = Field(description="kept encrypted, and in no event")
    place: Line | None = Field(None, description="where and when it was; kept encrypted")
    reporter: Line | None = Field(
        None, description="contact of the reporter; kept encrypted, and best left out"
    )


class Assign(When):
    """The verifier, by an opaque reference; a complex case has longer terms."""

    to: Opaque
    complexity: domain.Complexity = "ordinary"


class Verify(When):
    """The result of the verification, a text that no event contains."""

    outcome: Prose


class Conclude(When):
    """The conclusion that there was a violation: the clause of Law 10/2022, and the act."""

    act: domain.Act = Field(description="the clause of Article 9 of Law 10/2022/QH15")
    deed: Opaque = Field(description="an opaque reference of the act; sanctioned once in its unit")
    due: Day | None = Field(None, description="the last day for handling; else that of the law")


class Handle(When):
    """The sanction: its severity, the measure (a text that no event contains), the decision."""

    severity: domain.Severity
    measure: Prose
    by_head: bool = Field(description="whether the head of the unit obstructed democracy")
    self_found: bool = Field(description="whether the unit found the violation itself")
    decision: Key
    year: int | None = Field(
        None, ge=2000, le=9999,
        description="the rating year that it counts in: that of the decision or, by default, "
        "that of the conclusion",
    )  # fmt: skip


class FileAppeal(When):
    """The role of the appellant; `received` is when the decision reached the appellant."""

    by: domain.Appellant
    received: Day | None = None


class Uphold(When):
    """The decision on the appeal: the sanction stays."""

    decision: Key


class Overturn(When):
    """The decision, also of a court, that overturns conclusion and sanction."""

    decision: Key
    by: domain.Authority


class Join(When):
    """The other case of the same act."""

    into: Annotated[str, Field(max_length=ID_MAX, pattern=NO_NUL)]


class Transfer(When):
    """The unit that takes over the case, for example after a merger."""

    unit: UnitKey


def build_api(desk: Desk, violations: Violations, health: Health) -> FastAPI:
    """The application, to be mounted under /violations."""
    api = build_desk_api(desk, "Violations: reported, verified, concluded, handled.", health)
    lists.add_lists(api, desk)
    cases = Collection(api, desk, "cases")
    _add_commands(cases, violations)
    cases.read_routes(
        domain.evolve, describe, READS_CASES, journals=READS_CASES, check_visible=check_visible,
        log_reads=True, model=answers.CaseAnswer,
    )  # fmt: skip
    _add_words(api, desk, violations)
    _add_erasure(api, desk, violations)
    return api


def _add_commands(cases: Collection, violations: Violations) -> None:
    async def report(work: Work, request_body: Report) -> Outcome:
        return await violations.report(work, request_body.step("report", work.now))

    async def retract(retraction: Retraction) -> Outcome:
        return await violations.retract(
            retraction.work, retraction.id, retraction.version, retraction.reason
        )

    model = answers.CaseAnswer
    cases.create(Report, BOTH, message("do-report"), report, model)
    for name, body, roles in (
        ("assign", Assign, COUNCIL), ("verify", Verify, COUNCIL), ("dismiss", Why, COUNCIL),
        ("join", Join, COUNCIL), ("conclude", Conclude, COUNCIL), ("handle", Handle, BOTH),
        ("appeal", FileAppeal, BOTH), ("uphold", Uphold, COUNCIL), ("overturn", Overturn, COUNCIL),
        ("transfer", Transfer, COUNCIL),
    ):  # fmt: skip
        cases.step(name, body, roles, message(f"do-{name}"), violations.step, model)
    cases.retraction(BOTH, retract, model)


def _add_words(api: FastAPI, desk: Desk, violations: Violations) -> None:
    model = Items[answers.Words]

    @api.get(
        "/cases/{id}/words", summary="The words of a case; the read is remembered",
        **route_answers(401, 403, 404, 422, 503, model=model),
    )  # fmt: skip
    async def get_words(request: Request, id: Id) -> Response:
        items = await read(request, id, READS_WORDS, reporter=False)
        return json_answer({"items": labelled(items, TERMS)})

    @api.get(
        "/cases/{id}/reporter", summary="How the reporter is reached; the read is remembered",
        **route_answers(401, 403, 404, 422, 503, model=model),
    )  # fmt: skip
    async def get_reporter(request: Request, id: Id) -> Response:
        items = await read(request, id, COUNCIL, reporter=True)
        return json_answer({"items": labelled(items, TERMS)})

    async def read(
        request: Request, id: str, roles: tuple[str, ...], reporter: bool
    ) -> list[dict[str, object]]:
        reader = desk.caller(request, roles, message("read-words"))
        async with desk.db.read() as conn:
            await load_record(conn, id, domain.evolve)
            entries = await queries.words(conn, id)
        criteria = [entry for entry in entries if (entry.field == REPORTER) == reporter]
        await desk.log_read(reader, f"{REPORTER if reporter else 'words'} of {id}", len(criteria))
        show = violations.vault.show
        return [
            {"version": entry.version, "field": entry.field,
             "words": None if entry.hidden is None else show(entry.hidden)}
            for entry in criteria
        ]  # fmt: skip


def _add_erasure(api: FastAPI, desk: Desk, violations: Violations) -> None:
    @api.delete(
        "/cases/{id}/words", summary="Erase words of a case; who did it is remembered",
        **route_answers(401, 403, 404, 412, 422, 503, command=True, model=answers.CaseAnswer),
    )  # fmt: skip
    async def erase(request: Request, id: Id, field: Words | None = None) -> Response:
        async def erase_words(work: Work) -> Outcome:
            return await violations.erase(work, id, field)

        return await desk.execute(request, COUNCIL, message("do-erase"), erase_words)
