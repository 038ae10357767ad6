"""One membership of a roster: whose it is, what is possible next, and the name of the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from contracts.messages import Message
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import Answer, RecordApi, last_change
from services.records.pages.impossible import impossible_page, typed_fields
from services.records.pages.kinds import Record, RecordKind, StepField, StepForm, short_id
from services.records.pages.messages import message as records_message
from services.records.pages.steps import step_page
from services.training.domain import labels
from services.training.pages.course_steps import (
    BOTH,
    CLERK,
    COUNCIL,
    DAY,
    READS_JOURNALS,
)
from services.training.pages.messages import message
from services.training.pages.rosters import READS_NAMES, roster_address

TONES = {"on_roster": "good"}
DESCRIBED = ("person", "role", "from", "until")


class PersonCommand(NamedTuple):
    """A command on the person who has a membership: its form, and where it goes."""

    step: StepForm
    method: str
    path: str
    notice: str


COMMANDS = (
    PersonCommand(
        StepForm("rename", (StepField("name", required=True),), BOTH, journaled=False),
        "POST", "/rename", "renamed",
    ),
    PersonCommand(
        StepForm("erase", (), COUNCIL, grave=True, journaled=False), "DELETE", "", "erased"
    ),
)  # fmt: skip
UNREAD = '"0"'
"""The version of a form that says none: no record has it, so its person looks again."""


def member_title(record: Record) -> Message:
    """A membership by the end of its id, which names nobody."""
    return message("member-title", id=short_id(record))


MEMBERS = RecordKind(
    "training", "memberships", message("rosters-title"), member_title, labels.command,
    (
        StepForm("release", (DAY,), CLERK),
        StepForm("transfer", (StepField("unit", required=True), DAY), COUNCIL),
    ),
    READS_JOURNALS, BOTH, {"role": labels.role}, listed="rosters",
)  # fmt: skip


def add_members(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The page of a membership, and the steps on the person who has it."""

    @pages.get("/memberships/{id}")
    async def member(request: Request, id: str) -> Response:
        visit = site.visit(request)
        record = (await api.get(visit, f"/memberships/{id}")).body
        record = {**dict.fromkeys(DESCRIBED), "places": [], **record}
        steps = [command.step for command in COMMANDS]
        allowed = [step for step in steps if visit.may(f"GET {MEMBERS.route(step.name)}")]
        named = visit.caller.role in READS_NAMES
        key = record["person"] if allowed or named else None
        person = None if key is None else await _person(visit, api, key)
        return visit.page(
            "member.html", kind=MEMBERS, member=record, address=MEMBERS.address(id), tones=TONES,
            steps=MEMBERS.next_steps(visit, record), roster=roster_address(record["unit"]),
            person=await _with_completions(visit, api, person) if person and named else None,
            on_person=allowed if person and not person.body["erased"] else [],
        )  # fmt: skip

    for command in COMMANDS:
        _add_command(pages, site, api, command)


async def _person(visit: Visit, api: RecordApi, key: str) -> Answer:
    """The person with this key, with the name for whoever may read names."""
    return await api.get(visit, f"/persons/{quote(key)}")


async def _with_completions(visit: Visit, api: RecordApi, person: Answer) -> Mapping[str, Any]:
    path = f"/persons/{quote(person.body['person'])}/completions"
    return {**person.body, "completions": (await api.get(visit, path)).body["items"]}


def _add_command(pages: FastAPI, site: Site, api: RecordApi, command: PersonCommand) -> None:
    step, where = command.step, MEMBERS.route(command.step.name)

    @pages.get(where)
    async def ask(request: Request, id: str) -> Response:
        visit = site.visit(request)
        record = (await api.get(visit, f"/memberships/{id}")).body
        if (key := record.get("person")) is None:
            return await impossible_page(visit, api, MEMBERS, record, MEMBERS.command(step.name))
        person = await _person(visit, api, key)
        form = visit.form(person.version, name=person.body.get("name"))
        return await _command_page(visit, api, command, record, form, person)

    @pages.post(where)
    async def take(request: Request, id: str) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        record = (await api.get(visit, f"/memberships/{id}")).body
        if (key := record.get("person")) is None:
            typed = typed_fields(form, step.fields)
            title = MEMBERS.command(step.name)
            return await impossible_page(visit, api, MEMBERS, record, title, typed=typed)
        form.version = version = form.version or UNREAD
        body = {each.name: form.text(each.name) for each in step.fields}
        path = f"/persons/{quote(key)}{command.path}"
        answer = await api.send(visit, form, path, body, command.method)
        if not form.faulty:
            return visit.see_other(MEMBERS.address(id), f"person-{command.notice}")
        person = await _person(visit, api, key)
        now = person.body.get("name")
        if form.version != version and now and now != form.text("name") and step.fields:
            form.refuse("name", records_message("record-now-other", now=now))
        return await _command_page(visit, api, command, record, form, person, answer)


async def _command_page(
    visit: Visit, api: RecordApi, command: PersonCommand, record: Record, form: Form,
    person: Answer, answer: Answer | None = None,
) -> Response:  # fmt: skip
    """The form of a command on a person; of one who was erased the page that says so."""
    if person.body["erased"]:
        why = [message("member-erased"), *(last_change(answer) if answer else ())]
        title, typed = MEMBERS.command(command.step.name), typed_fields(form, command.step.fields)
        entered = typed if answer else ()  # before, the form has only what it began with
        return await impossible_page(visit, api, MEMBERS, record, title, why, entered)
    return step_page(visit, MEMBERS, command.step, record, form, answer.status if answer else 200)
