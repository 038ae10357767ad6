"""HTTP routes of the awards: commands and single achievements; lists are in `lists`."""

from typing import Annotated, Literal

from fastapi import FastAPI, Request, Response
from pydantic import Field

from services.awards import answers, domain, lists, queries
from services.awards.handlers import Awards, describe, own_replications
from services.awards.messages import message
from services.awards.unit_register import Units, check_registered
from services.chassis.auth.credentials import READS_ALL
from services.chassis.health import Health
from services.chassis.http.openapi import Items
from services.chassis.http.service_api import Problem
from services.records.command_endpoint import Desk, build_desk_api, json_answer, route_answers
from services.records.record import check_unit, load_record, record_missing, unit_of
from services.records.request_bodies import Evidence, Key, Line, Prose, UnitKey, When, Why
from services.records.routes import Collection, Id, Retraction
from services.records.work import Outcome, Work

CLERK, COUNCIL = ("clerk",), ("council",)
BOTH = (*CLERK, *COUNCIL)
READS_NAMES = ("clerk", "council", "hr")
VOTES_MAX = 1000
Votes = Annotated[int, Field(ge=0, le=VOTES_MAX)]
Recognition = Literal["commune", "city", "province", "nation"]
Award = Literal["province", "ministry", "state"]


class Nominate(When):
    """A model or an exemplary person; the title must not name a person."""

    unit: UnitKey
    kind: domain.Kind = "model"
    title: Prose
    merits: Prose
    honoree: Line | None = Field(
        None, description="the person's name; kept encrypted, and in no event"
    )
    evidence: list[Evidence] = Field(default=[], max_length=20)


class Appraise(When):
    """The votes of the council on one level of recognition (model) or of an award."""

    what: domain.What
    level: Literal["commune", "city", "province", "nation", "ministry", "state"]
    in_favour: Votes
    against: Votes
    abstained: Votes = 0


class Decide(When):
    """A decision after an appraisal: its number, with its day in `at`."""

    decision: Key
    evidence: list[Evidence] = Field(default=[], max_length=20)


class Recognise(Decide):
    """A recognition at a level."""

    level: Recognition


class Grant(Decide):
    """An award of a level."""

    level: Award


class Replicate(When):
    """The replication of a model by another unit, proved by a document."""

    by: UnitKey = Field(description="the key of the replicating unit, which must be registered")
    evidence: list[Evidence] = Field(min_length=1, max_length=20)


class Revoke(When):
    """The revocation of the recognition of a model, or of one award."""

    what: domain.What
    level: Award | None = Field(None, description="which award; a model loses every level")
    cause: domain.Cause
    decision: Key


class Transfer(When):
    """The unit that takes over the achievement, for example after a merger."""

    unit: UnitKey


def build_api(desk: Desk, awards: Awards, units: Units, health: Health) -> FastAPI:
    """The application, to be mounted under /awards; `units` reads the registered units."""
    api = build_desk_api(desk, "Models and awards: nominated, appraised, recognised.", health)
    lists.add_lists(api, desk)
    achievements = Collection(api, desk, "achievements")
    _add_commands(achievements, awards, units)
    achievements.read_routes(domain.evolve, describe, model=answers.AchievementAnswer)
    _add_replications(api, desk)
    _add_honoree(api, desk, awards)
    return api


def _add_commands(achievements: Collection, awards: Awards, units: Units) -> None:
    async def nominate(work: Work, request_body: Nominate) -> Outcome:
        step = request_body.step("nominate", work.now)
        data = dict(step.data)
        return await awards.nominate(work, step._replace(data=data), data.pop("honoree", None))

    async def retract(retraction: Retraction) -> Outcome:
        return await awards.retract(
            retraction.work, retraction.id, retraction.version, retraction.reason
        )

    async def check_replicator(request_body: Replicate) -> None:
        await check_registered(request_body.by, "by", units)

    model = answers.AchievementAnswer
    achievements.create(Nominate, CLERK, message("do-nominate"), nominate, model)
    for name, body, roles in (
        ("appraise", Appraise, COUNCIL), ("recognise", Recognise, COUNCIL),
        ("grant", Grant, COUNCIL), ("refuse", Why, COUNCIL), ("revoke", Revoke, COUNCIL),
        ("transfer", Transfer, COUNCIL),
    ):  # fmt: skip
        achievements.step(name, body, roles, message(f"do-{name}"), awards.step, model)
    replicate = message("do-replicate")
    achievements.step("replicate", Replicate, BOTH, replicate, awards.step, model, check_replicator)
    achievements.retraction(BOTH, retract, model)


def _add_replications(api: FastAPI, desk: Desk) -> None:
    @api.get(
        "/achievements/{id}/replications", summary="Replications that the caller may retract",
        **route_answers(401, 403, 404, 422, 503, model=Items[answers.OwnReplication]),
    )  # fmt: skip
    async def get_replications(request: Request, id: Id) -> Response:
        reader = desk.caller(request, BOTH, message("read-replications"))
        async with desk.db.read() as conn:
            record = await load_record(conn, id, domain.evolve)
        if not reader.speaks_for(unit_of(record)) and not domain.is_public(record.state):
            raise record_missing(id)
        return json_answer({"items": own_replications(record, reader)})


def _add_honoree(api: FastAPI, desk: Desk, awards: Awards) -> None:
    @api.get(
        "/achievements/{id}/honoree", summary="The name of the person; the read is remembered",
        **route_answers(401, 403, 404, 422, 503, model=answers.Name),
    )  # fmt: skip
    async def get_honoree(request: Request, id: Id) -> Response:
        reader = desk.caller(request, READS_NAMES, message("read-names"))
        async with desk.db.read() as conn:
            record = await load_record(conn, id, domain.evolve)
            hidden = await queries.honoree(conn, id)
        if reader.role not in READS_ALL:
            check_unit(reader, unit_of(record))
        if hidden is None:
            raise Problem(404, message("name-none"))
        await desk.log_read(reader, f"honoree of {id}", 1)
        return json_answer({"name": awards.vault.show(hidden)})

    @api.delete(
        "/achievements/{id}/honoree", summary="Erase the name",
        **route_answers(
            401, 403, 404, 412, 422, 503, command=True, model=answers.AchievementAnswer
        ),
    )  # fmt: skip
    async def erase_honoree(request: Request, id: Id) -> Response:
        async def erase(work: Work) -> Outcome:
            return await awards.erase_name(work, id)

        return await desk.execute(request, COUNCIL, message("do-erase"), erase)
