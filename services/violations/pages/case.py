"""A case: its stage and deadline, what is possible next, and its texts for who may read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response

from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.deadlines import is_overdue, today
from services.records.pages.erasures import Erasure, add_erasure
from services.violations.pages.case_steps import CASES
from services.violations.pages.cases import TONES
from services.violations.pages.messages import message

READS_TEXTS = ("council", "auditor")


async def _has_texts(visit: Visit, api: RecordApi, id_: str) -> bool:
    """Whether a text is stored; of one that was erased only its place is."""
    texts = (await api.get(visit, f"/cases/{id_}/words")).body["items"]
    return any(each["words"] is not None for each in texts)


TEXTS = Erasure("words", message("case-erase"), message("case-erase-text"), _has_texts)
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
    add_erasure(pages, site, api, CASES, TEXTS)


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
