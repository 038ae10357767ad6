"""Commands and queries of the awards over HTTP."""

from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request, Response
from pydantic import Field

from services.awards import domain, queries
from services.awards.handlers import Awards, shown
from services.chassis.asked import (
    RECORD_ID,
    Evidence,
    Key,
    Line,
    Listing,
    Prose,
    UnitKey,
    When,
    Why,
)
from services.chassis.auth import READS_ALL
from services.chassis.desk import Desk, described, desk_api, json_answer
from services.chassis.health import Health
from services.chassis.http import Problem
from services.chassis.records import Done, Work, check_unit, loaded, unit_of
from services.chassis.routes import (
    READERS,
    Collection,
    Id,
    Retraction,
    page,
    units_seen,
)
from services.chassis.steps import Step

CLERK, COUNCIL = ("clerk",), ("council",)
READS_NAMES = ("clerk", "council", "hr")
VOTES_MAX = 1000
Votes = Annotated[int, Field(ge=0, le=VOTES_MAX)]
Recognition = Literal["commune", "city", "province", "nation"]
Award = Literal["province", "ministry", "state"]
Stage = Literal["nominated", "appraised", "recognised", "refused", "revoked", "withdrawn"]


class Nominate(When):
    """A model, or a person who gives an example; the title names no person."""

    unit: UnitKey
    kind: domain.Kind = "model"
    title: Prose
    merits: Prose
    honoree: Line | None = Field(
        None, description="the person's name; kept encrypted, and in no event"
    )
    evidence: list[Evidence] = Field(default=[], max_length=20)


class Appraise(When):
    """What the council voted on one level of recognition (model) or of an award."""

    what: domain.What
    level: Literal["commune", "city", "province", "nation", "ministry", "state"]
    in_favour: Votes
    against: Votes
    abstained: Votes = 0


class Decide(When):
    """The decision that an appraisal led to: its number, and the day as `at`."""

    decision: Key
    evidence: list[Evidence] = Field(default=[], max_length=20)


class Recognise(Decide):
    """A recognition at a level."""

    level: Recognition


class Grant(Decide):
    """An award of a level."""

    level: Award


class Replicate(When):
    """Another unit took the model up."""

    by: UnitKey


class Revoke(When):
    """The recognition of the model, or one award, is revoked."""

    what: domain.What
    level: Award | None = Field(None, description="which award; a model loses every level")
    cause: domain.Cause
    decision: Key


class Transfer(When):
    """The unit that keeps the achievement from now on, as after a merger."""

    unit: UnitKey


class Listed(Listing):
    """Which achievements."""

    unit: UnitKey | None = None
    stage: Stage | None = None


class Registered(Listing):
    """Which part of the register."""

    places = f"{RECORD_ID}:(model|award):[a-z]+"
    year: int = Field(ge=2000, le=9999)
    level: Literal["commune", "city", "province", "nation", "ministry", "state"] | None = None


def build_api(desk: Desk, awards: Awards, health: Health) -> FastAPI:
    """The application, to be mounted under /awards."""
    api = desk_api(desk, "Models and awards: nominated, appraised, recognised.", health)
    _add_lists(api, desk)
    achievements = Collection(api, desk, "achievements")
    _add_commands(achievements, awards)
    achievements.one(domain.evolve, shown)
    _add_honoree(api, desk, awards)
    return api


def _add_commands(achievements: Collection, awards: Awards) -> None:
    async def nominate(work: Work, asked: Nominate) -> Done:
        said = asked.said()
        return await awards.nominate(
            work, Step("nominate", asked.instant(work.now), said), said.pop("honoree", None)
        )

    async def retract(asked: Retraction) -> Done:
        return await awards.retract(asked.work, asked.id, asked.version, asked.reason)

    achievements.create(Nominate, CLERK, "Nominate a model or an example", nominate)
    for name, body, roles, summary in (
        ("appraise", Appraise, COUNCIL, "Enter what the council voted"),
        ("recognise", Recognise, COUNCIL, "Recognise at a level"),
        ("grant", Grant, COUNCIL, "Grant an award"),
        ("refuse", Why, COUNCIL, "Refuse, with the reason"),
        ("replicate", Replicate, (*CLERK, *COUNCIL), "Another unit took the model up"),
        ("revoke", Revoke, COUNCIL, "Revoke a recognition or an award"),
        ("transfer", Transfer, COUNCIL, "Give it to the unit that succeeds"),
    ):
        achievements.step(name, body, roles, summary, awards.step)
    achievements.retraction((*CLERK, *COUNCIL), retract)


def _add_lists(api: FastAPI, desk: Desk) -> None:
    @api.get("/achievements", summary="Achievements", **described(401, 403, 422, 503))
    async def list_achievements(request: Request, asked: Annotated[Listed, Query()]) -> Response:
        reader = desk.caller(request, READERS, "Reading achievements")
        units = units_seen(reader)
        if asked.unit is not None:
            if units is not None:
                check_unit(reader, asked.unit)
            units = frozenset((asked.unit,))
        async with desk.db.read() as conn:
            found = await queries.achievements(
                conn, units, asked.stage, asked.cursor, asked.limit + 1
            )
        return json_answer(page(found, asked.limit))

    @api.get("/register", summary="What is recognised", **described(401, 403, 422, 503))
    async def get_register(request: Request, asked: Annotated[Registered, Query()]) -> Response:
        desk.caller(request, READERS, "Reading the register")
        async with desk.db.read() as conn:
            found = await queries.register(
                conn, asked.year, asked.level, asked.cursor, asked.limit + 1
            )
        return json_answer(page(found, asked.limit, "place"))


def _add_honoree(api: FastAPI, desk: Desk, awards: Awards) -> None:
    @api.get(
        "/achievements/{id}/honoree", summary="The name of the person; the read is remembered",
        **described(401, 403, 404, 422, 503),
    )  # fmt: skip
    async def get_honoree(request: Request, id: Id) -> Response:
        reader = desk.caller(request, READS_NAMES, "Reading names")
        async with desk.db.read() as conn:
            record = await loaded(conn, id, domain.evolve)
            hidden = await queries.honoree(conn, id)
        if reader.role not in READS_ALL:
            check_unit(reader, unit_of(record))
        if hidden is None:
            raise Problem(404, "No name is kept with this achievement.")
        await desk.note_read(reader, f"honoree of {id}", 1)
        return json_answer({"name": awards.vault.show(hidden)})

    @api.delete(
        "/achievements/{id}/honoree", summary="Erase the name",
        **described(401, 403, 404, 412, 422, 503, command=True),
    )  # fmt: skip
    async def erase_honoree(request: Request, id: Id) -> Response:
        async def forget(work: Work) -> Done:
            return await awards.forget(work, id)

        return await desk.take(request, COUNCIL, "erasing a name", forget)
