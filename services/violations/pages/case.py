"""A case: its stage and deadline, what is possible next, and its texts for who may read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response

from services.chassis.web.site import Site
from services.records.pages.api_client import RecordApi
from services.records.pages.deadlines import is_overdue, today
from services.violations.pages.case_steps import CASES, COUNCIL
from services.violations.pages.cases import TONES

DESCRIBED = (
    "origin", "by_unit", "reported", "due", "complexity", "assigned", "into", "conclusion",
    "handling",
)  # fmt: skip


def described(case: Mapping[str, Any]) -> dict[str, Any]:
    """A case with all its members, which one that was withdrawn has not."""
    return {**dict.fromkeys(DESCRIBED), "appeals": [], **case}


def add_case(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The page of a case, and that of its texts."""

    @pages.get("/cases/{id}")
    async def case(request: Request, id: str) -> Response:
        visit = site.visit(request)
        record = described((await api.get(visit, f"/cases/{id}")).body)
        return visit.page(
            "case.html", kind=CASES, case=record, address=CASES.address(id), tones=TONES,
            overdue=is_overdue(record, today(site)), steps=CASES.next_steps(visit, record),
        )  # fmt: skip

    _add_texts(pages, site, api)
    _add_erasure(pages, site, api)


def _add_texts(pages: FastAPI, site: Site, api: RecordApi) -> None:
    @pages.get("/cases/{id}/words")
    async def case_words(request: Request, id: str) -> Response:
        visit = site.visit(request)
        record = (await api.get(visit, f"/cases/{id}")).body
        texts = (await api.get(visit, f"/cases/{id}/words")).body["items"]
        return visit.page(
            "case_words.html", kind=CASES, case=record, address=CASES.address(id), texts=texts,
            reporter=False,
        )  # fmt: skip

    @pages.get("/cases/{id}/reporter")
    async def case_reporter(request: Request, id: str) -> Response:
        visit = site.visit(request)
        record = (await api.get(visit, f"/cases/{id}")).body
        texts = (await api.get(visit, f"/cases/{id}/reporter")).body["items"]
        return visit.page(
            "case_words.html", kind=CASES, case=record, address=CASES.address(id), texts=texts,
            reporter=True,
        )  # fmt: skip


def _add_erasure(pages: FastAPI, site: Site, api: RecordApi) -> None:
    @pages.get("/cases/{id}/erase")
    async def case_erase(request: Request, id: str) -> Response:
        visit = site.visit(request)
        answer = await api.get(visit, f"/cases/{id}")
        return visit.page(
            "case_erase.html", kind=CASES, case=answer.body, address=CASES.address(id),
            form=visit.form(answer.version),
        )  # fmt: skip

    @pages.post("/cases/{id}/erase")
    async def erase_case(request: Request, id: str) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        answer = await api.send(visit, form, f"/cases/{id}/words", {}, "DELETE")
        if form.faulty:
            record = (await api.get(visit, f"/cases/{id}")).body
            return visit.page(
                "case_erase.html", answer.status, kind=CASES, case=record,
                address=CASES.address(id), form=form,
            )  # fmt: skip
        return visit.see_other(CASES.address(id), "case-erased")


ERASES, READS_TEXTS = COUNCIL, ("council", "auditor")
