"""The page by which what is stored encrypted beside a record is erased; the record stays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from fastapi import FastAPI, Request, Response

from contracts.messages import Message
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.impossible import impossible_page
from services.records.pages.kinds import Record, RecordKind
from services.records.pages.messages import message


class Erasure(NamedTuple):
    """What is erased: its path below the record, the title of the page, what is lost.

    `is_left` says whether anything is stored that can be erased.
    """

    path: str
    title: Message
    loss: Message
    is_left: Callable[[Visit, RecordApi, str], Awaitable[bool]]


def add_erasure(
    pages: FastAPI, site: Site, api: RecordApi, kind: RecordKind, erasure: Erasure
) -> None:
    """The page that asks, and the command."""
    where = kind.route("erase")

    @pages.get(where)
    async def ask(request: Request, id: str) -> Response:
        visit = site.visit(request)
        answer = await api.get(visit, f"/{kind.collection}/{id}")
        if not await erasure.is_left(visit, api, id):
            why = [message("record-erased-before")]
            return await impossible_page(visit, api, kind, answer.body, erasure.title, why)
        return _erasure_page(visit, kind, erasure, answer.body, visit.form(answer.version))

    @pages.post(where)
    async def erase(request: Request, id: str) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        path = f"/{kind.collection}/{id}/{erasure.path}"
        answer = await api.send(visit, form, path, {}, "DELETE")
        if form.faulty:
            record = (await api.get(visit, f"/{kind.collection}/{id}")).body
            return _erasure_page(visit, kind, erasure, record, form, answer.status)
        return visit.see_other(kind.address(id), "record-erased")


def _erasure_page(
    visit: Visit, kind: RecordKind, erasure: Erasure, record: Record, form: Form, status: int = 200
) -> Response:
    return visit.page(
        "record_erase.html", status, kind=kind, erasure=erasure, record=record, form=form,
        address=kind.address(record["id"]),
    )  # fmt: skip
