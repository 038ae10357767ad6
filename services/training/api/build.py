"""The application of training: the routes of its commands, and those of `query_api`."""

from typing import Any

from fastapi import FastAPI, Request, Response

from services.chassis.health import Health
from services.records.command_endpoint import Desk, build_desk_api, route_answers
from services.records.request_bodies import When
from services.records.routes import Collection, Id, Retraction
from services.records.state_machine import Step
from services.records.work import Outcome, Work
from services.training import fields
from services.training.api import answers, file_routes, query_api, request_bodies
from services.training.domain import course, roster
from services.training.handlers import successions
from services.training.handlers.attendance import Row
from services.training.handlers.courses import Courses, course_body
from services.training.handlers.persons import PersonReference, Persons
from services.training.handlers.rosters import Rosters, membership_body
from services.training.messages import message

CLERK, COUNCIL = ("clerk",), ("council",)
BOTH = (*CLERK, *COUNCIL)


def build_api(desk: Desk, rosters: Rosters, courses: Courses, health: Health) -> FastAPI:
    """The application, to be mounted under /training."""
    api = build_desk_api(desk, "Rosters, the yearly plan, courses, attendance, completion.", health)
    names = query_api.Names(desk, rosters.persons.vault)
    query_api.add_lists(api, desk, names)
    _add_rosters(Collection(api, desk, "memberships", fields.MEMBER_ID), rosters)
    _add_persons(api, desk, rosters.persons)
    _add_courses(Collection(api, desk, "courses", fields.COURSE_ID), courses)
    file_routes.add_files(file_routes.Files(api, desk, names), rosters, courses)
    return api


def _add_rosters(memberships: Collection, rosters: Rosters) -> None:
    async def assign(work: Work, body: request_bodies.Assign) -> Outcome:
        data = {"unit": body.unit, "role": body.role}
        step = body.step("assign", work.now)._replace(data=data)
        return await rosters.assign(
            work, step, PersonReference(body.person, body.number, body.name)
        )

    async def succeed(work: Work, body: request_bodies.Succeed) -> Outcome:
        work.check_unit(body.unit)
        work.check_unit(body.predecessor)
        return await successions.succeed(work, body.step("succeed", work.now))

    async def retract(command: Retraction) -> Outcome:
        return await rosters.retract(command.work, command.id, command.version, command.reason)

    model = answers.Membership
    memberships.create(request_bodies.Assign, CLERK, message("do-assign"), assign, model)
    memberships.step("release", When, CLERK, message("do-release"), rosters.step, model)
    transfer = message("do-transfer")
    memberships.step("transfer", request_bodies.Transfer, COUNCIL, transfer, rosters.step, model)
    memberships.retraction(BOTH, retract, model)
    memberships.read_routes(roster.evolve, membership_body, model=model)
    moves = Collection(memberships.api, memberships.desk, "successions")
    moves.create(
        request_bodies.Succeed, COUNCIL, message("do-succeed"), succeed, answers.Succession
    )


def _add_persons(api: FastAPI, desk: Desk, handlers: Persons) -> None:
    problems = (400, 401, 403, 404, 409, 412, 413, 422, 503)
    versioned = (*problems, 428)
    persons = Collection(api, desk, "persons", fields.PERSON_ID)

    @api.post(
        "/persons/{id}/rename", summary="Correct the display name of the version in If-Match",
        **route_answers(*versioned, command=True, model=answers.PersonState),
    )  # fmt: skip
    async def rename(request: Request, id: Id, body: request_bodies.Rename) -> Response:
        async def work(work: Work) -> Outcome:
            persons.check(id)
            return await handlers.rename(work, id, body.name)

        return await desk.execute(request, BOTH, message("do-rename"), work)

    @api.delete(
        "/persons/{id}", summary="Erase name, staff number and secret",
        **route_answers(*problems, command=True, model=answers.PersonState),
    )  # fmt: skip
    async def erase(request: Request, id: Id) -> Response:
        async def work(work: Work) -> Outcome:
            persons.check(id)
            return await handlers.erase(work, id)

        return await desk.execute(request, COUNCIL, message("do-erase"), work)


def _add_courses(collection: Collection, courses: Courses) -> None:
    async def plan(work: Work, body: request_bodies.Plan) -> Outcome:
        return await courses.plan(work, body.step("plan", work.now))

    async def attend(work: Work, id_: str, step: Step) -> Outcome:
        rows = [_row(f"rows.{i}", row) for i, row in enumerate(step.data["rows"])]
        return await courses.attend(work, id_, step.data["session"], rows)

    async def retract(command: Retraction) -> Outcome:
        return await courses.retract(command.work, command.id, command.version, command.reason)

    model = answers.Course
    collection.create(request_bodies.Plan, CLERK, message("do-plan"), plan, model)
    for name, body, roles in (
        ("revise", request_bodies.Revise, CLERK), ("schedule", request_bodies.Schedule, CLERK),
        ("move", request_bodies.MoveSession, CLERK), ("drop", request_bodies.DropSession, CLERK),
        ("strike", request_bodies.Strike, CLERK), ("hold", When, CLERK),
        ("cancel", request_bodies.Cancel, COUNCIL), ("transfer", request_bodies.Transfer, COUNCIL),
    ):  # fmt: skip
        collection.step(name, body, roles, message(f"do-{name}"), courses.step, model)
    collection.step("attend", request_bodies.Attend, CLERK, message("do-attend"), attend, model)
    collection.retraction(BOTH, retract, model)
    collection.read_routes(course.evolve_course, course_body, model=model)


def _row(where: str, row: dict[str, Any]) -> Row:
    return Row(where, row["hours"], row.get("test"), row.get("person"), row.get("number"))
