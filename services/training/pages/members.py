"""One membership of a roster: whose it is, what is possible next, and the name of the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from contracts.messages import Message
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.impossible import impossible_page
from services.records.pages.kinds import Record, RecordKind, StepField, StepForm, short_id
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
RENAME = StepForm("rename", (StepField("name", required=True),), BOTH, journaled=False)
ERASE = StepForm("erase", (), COUNCIL, grave=True, journaled=False)
ON_PERSON = (RENAME, ERASE)


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
        return visit.page(
            "member.html", kind=MEMBERS, member=record, address=MEMBERS.address(id), tones=TONES,
            steps=MEMBERS.next_steps(visit, record), roster=roster_address(record["unit"]),
            person=await _person(visit, api, record["person"]),
            on_person=[step for step in ON_PERSON if visit.may(f"GET {MEMBERS.route(step.name)}")],
        )  # fmt: skip

    _add_rename(pages, site, api)
    _add_erasure(pages, site, api)


async def _person(visit: Visit, api: RecordApi, key: str | None) -> Mapping[str, Any] | None:
    """The person with the name and what was completed, for who may read names; None otherwise."""
    if key is None or visit.caller.role not in READS_NAMES:
        return None
    person = (await api.get(visit, f"/persons/{quote(key)}")).body
    completions = (await api.get(visit, f"/persons/{quote(key)}/completions")).body["items"]
    return {**person, "completions": completions}


async def _key(visit: Visit, api: RecordApi, id_: str) -> tuple[Record, str]:
    """A membership, and the key of the person who has it."""
    record = (await api.get(visit, f"/memberships/{id_}")).body
    return record, str(record.get("person", ""))


def _add_rename(pages: FastAPI, site: Site, api: RecordApi) -> None:
    @pages.get("/memberships/{id}/rename")
    async def ask_name(request: Request, id: str) -> Response:
        visit = site.visit(request)
        record, key = await _key(visit, api, id)
        person = await _person(visit, api, key)
        if person is not None and person["erased"]:
            why = [message("member-erased")]
            return await impossible_page(visit, api, MEMBERS, record, labels.command("rename"), why)
        return _step_page(visit, RENAME, record, visit.form(name=person and person["name"]))

    @pages.post("/memberships/{id}/rename")
    async def rename(request: Request, id: str) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        record, key = await _key(visit, api, id)
        answer = await api.send(
            visit, form, f"/persons/{quote(key)}/rename", {"name": form.text("name")}
        )
        if form.faulty:
            return _step_page(visit, RENAME, record, form, answer.status)
        return visit.see_other(MEMBERS.address(id), "person-renamed")


def _add_erasure(pages: FastAPI, site: Site, api: RecordApi) -> None:
    @pages.get("/memberships/{id}/erase")
    async def ask_erasure(request: Request, id: str) -> Response:
        visit = site.visit(request)
        record, _ = await _key(visit, api, id)
        return _step_page(visit, ERASE, record, visit.form())

    @pages.post("/memberships/{id}/erase")
    async def erase(request: Request, id: str) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        record, key = await _key(visit, api, id)
        answer = await api.send(visit, form, f"/persons/{quote(key)}", {}, "DELETE")
        if form.faulty:
            return _step_page(visit, ERASE, record, form, answer.status)
        return visit.see_other(MEMBERS.address(id), "person-erased")


def _step_page(
    visit: Visit, step: StepForm, record: Record, form: Form, status: int = 200
) -> Response:
    return visit.page(
        "record_step.html", status, form=form, kind=MEMBERS, step=step, record=record,
        fields=step.fields, address=MEMBERS.address(record["id"]),
    )  # fmt: skip
