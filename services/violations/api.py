"""Commands and queries of the violations over HTTP."""

from datetime import date
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request, Response
from pydantic import Field

from contracts import moments
from contracts.envelope import UNIT_KEY
from services.chassis.asked import (
    NO_NUL,
    Day,
    Key,
    Line,
    Listing,
    Opaque,
    Prose,
    UnitKey,
    When,
    Why,
)
from services.chassis.auth import READS_ALL
from services.chassis.desk import Desk, described, desk_api, json_answer
from services.chassis.health import Health
from services.chassis.records import Done, Work, check_unit, loaded
from services.chassis.routes import (
    ID_MAX,
    Collection,
    Id,
    Retraction,
    page,
    units_seen,
)
from services.chassis.steps import Step
from services.violations import domain, queries
from services.violations.handlers import Violations, check_seen, shown

CLERK, COUNCIL = ("clerk",), ("council",)
READS_CASES = ("clerk", "council", "auditor")
READS_WORDS = ("council", "auditor")
READS_COUNTS = ("reader", "clerk", "hr", "council", "auditor")
REPORTER = "reporter"
Stage = Literal[
    "reported", "assigned", "verified", "dismissed", "joined", "concluded", "handled",
    "appealed", "upheld", "overturned", "withdrawn",
]  # fmt: skip
Words = Literal["allegation", "place", "reporter", "outcome", "reason", "measure"]


class Report(When):
    """What is alleged and where; `at` is when the unit or the council came to know of it."""

    unit: UnitKey
    allegation: Prose = Field(description="kept encrypted, and in no event")
    place: Line | None = Field(None, description="where and when it was; kept encrypted")
    reporter: Line | None = Field(
        None, description="how the reporter is reached; encrypted, and better not given at all"
    )


class Assign(When):
    """Who verifies, by an opaque reference; a complex case has longer terms."""

    to: Opaque
    complexity: domain.Complexity = "ordinary"


class Verify(When):
    """What the verification found, in words that stay here."""

    outcome: Prose


class Conclude(When):
    """That there was a violation: the clause of Law 10/2022, and the one act of one person."""

    act: domain.Act = Field(description="the clause of Article 9 of Law 10/2022/QH15")
    deed: Opaque = Field(description="an opaque reference of the act; sanctioned once in its unit")
    due: Day | None = Field(None, description="the last day for handling; else that of the law")


class Handle(When):
    """The sanction: its form, the measure in words that stay here, and the decision."""

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


class Appeal(When):
    """By whom, in role alone; `received` is when the decision reached the appellant."""

    by: domain.Appellant
    received: Day | None = None


class Uphold(When):
    """The decision on the appeal: the sanction stays."""

    decision: Key


class Overturn(When):
    """The decision, of a court too, that neither conclusion nor sanction stands."""

    decision: Key
    by: domain.Authority


class Join(When):
    """The other case of the same act."""

    into: Annotated[str, Field(max_length=ID_MAX, pattern=NO_NUL)]


class Transfer(When):
    """The unit that keeps the case from now on, as after a merger."""

    unit: UnitKey


class Listed(Listing):
    """Which cases; `overdue` are those whose last day for the next step has passed."""

    unit: UnitKey | None = None
    stage: Stage | None = None
    overdue: bool = False


class Counted(Listing):
    """Of which year the conclusions are counted."""

    places = UNIT_KEY.pattern
    year: int = Field(ge=2000, le=9999)


def build_api(desk: Desk, violations: Violations, health: Health) -> FastAPI:
    """The application, to be mounted under /violations."""
    api = desk_api(desk, "Violations: reported, verified, concluded, handled.", health)
    _add_lists(api, desk)
    cases = Collection(api, desk, "cases")
    _add_commands(cases, violations)
    cases.one(
        domain.evolve, shown, READS_CASES, journals=READS_CASES, sees=check_seen,
        noted=True,
    )  # fmt: skip
    _add_words(api, desk, violations)
    _add_erasure(api, desk, violations)
    return api


def _add_commands(cases: Collection, violations: Violations) -> None:
    async def report(work: Work, asked: Report) -> Done:
        return await violations.report(work, Step("report", asked.instant(work.now), asked.said()))

    async def retract(asked: Retraction) -> Done:
        return await violations.retract(asked.work, asked.id, asked.version, asked.reason)

    both = (*CLERK, *COUNCIL)
    cases.create(Report, both, "Report a case", report)
    for name, body, roles, summary in (
        ("assign", Assign, COUNCIL, "Say who verifies it"),
        ("verify", Verify, COUNCIL, "Enter what the verification found"),
        ("dismiss", Why, COUNCIL, "Dismiss, with the reason"),
        ("join", Join, COUNCIL, "Join it to another case of the same act"),
        ("conclude", Conclude, COUNCIL, "Conclude that there was a violation"),
        ("handle", Handle, both, "Enter the sanction"),
        ("appeal", Appeal, both, "Enter an appeal"),
        ("uphold", Uphold, COUNCIL, "The sanction stays"),
        ("overturn", Overturn, COUNCIL, "Conclusion and sanction no longer stand"),
        ("transfer", Transfer, COUNCIL, "Give it to the unit that succeeds"),
    ):
        cases.step(name, body, roles, summary, violations.step)
    cases.retraction(both, retract)


def _add_lists(api: FastAPI, desk: Desk) -> None:
    @api.get("/cases", summary="Cases; the read is remembered", **described(401, 403, 422, 503))
    async def list_cases(request: Request, asked: Annotated[Listed, Query()]) -> Response:
        reader = desk.caller(request, READS_CASES, "Reading cases")
        units = units_seen(reader)
        if asked.unit is not None:
            if units is not None:
                check_unit(reader, asked.unit)
            units = frozenset((asked.unit,))
        today = date.fromordinal(moments.local_day(desk.clock())).isoformat()
        wanted = queries.Wanted(
            units, asked.stage, today if asked.overdue else None,
            reader.role not in READS_ALL, asked.cursor, asked.limit + 1,
        )  # fmt: skip
        async with desk.db.read() as conn:
            found = await queries.cases(conn, wanted)
        shown_ = page(found, asked.limit)
        await desk.note_read(reader, "cases", len(shown_["items"]))
        return json_answer(shown_)

    @api.get(
        "/counts", summary="How many conclusions of a year stand, by unit",
        **described(401, 403, 422, 503),
    )  # fmt: skip
    async def get_counts(request: Request, asked: Annotated[Counted, Query()]) -> Response:
        reader = desk.caller(request, READS_COUNTS, "Reading counts")
        async with desk.db.read() as conn:
            found = await queries.counts(
                conn, units_seen(reader), asked.year, asked.cursor, asked.limit + 1
            )
        return json_answer(page(found, asked.limit, "unit"))


def _add_words(api: FastAPI, desk: Desk, violations: Violations) -> None:
    @api.get(
        "/cases/{id}/words", summary="The words of a case; the read is remembered",
        **described(401, 403, 404, 422, 503),
    )  # fmt: skip
    async def get_words(request: Request, id: Id) -> Response:
        return json_answer({"items": await read(request, id, READS_WORDS, reporter=False)})

    @api.get(
        "/cases/{id}/reporter", summary="How the reporter is reached; the read is remembered",
        **described(401, 403, 404, 422, 503),
    )  # fmt: skip
    async def get_reporter(request: Request, id: Id) -> Response:
        return json_answer({"items": await read(request, id, COUNCIL, reporter=True)})

    async def read(
        request: Request, id: str, roles: tuple[str, ...], reporter: bool
    ) -> list[dict[str, object]]:
        reader = desk.caller(request, roles, "Reading the words of a case")
        async with desk.db.read() as conn:
            await loaded(conn, id, domain.evolve)
            kept = await queries.words(conn, id)
        chosen = [one for one in kept if (one.field == REPORTER) == reporter]
        await desk.note_read(reader, f"{REPORTER if reporter else 'words'} of {id}", len(chosen))
        show = violations.vault.show
        return [
            {"version": one.version, "field": one.field,
             "words": None if one.hidden is None else show(one.hidden)}
            for one in chosen
        ]  # fmt: skip


def _add_erasure(api: FastAPI, desk: Desk, violations: Violations) -> None:
    @api.delete(
        "/cases/{id}/words", summary="Erase words of a case; who did it is remembered",
        **described(401, 403, 404, 412, 422, 503, command=True),
    )  # fmt: skip
    async def erase(request: Request, id: Id, field: Words | None = None) -> Response:
        async def forget(work: Work) -> Done:
            return await violations.erase(work, id, field)

        return await desk.take(request, COUNCIL, "erasing words", forget)
