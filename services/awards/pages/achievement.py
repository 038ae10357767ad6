"""An achievement: votes, honours and replications, what is possible next, and the person's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response

from services.awards.pages.achievement_steps import ACHIEVEMENTS, NOMINATE
from services.awards.pages.achievements import TONES
from services.awards.pages.messages import message
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi, RecordRefused
from services.records.pages.erasures import Erasure, add_erasure
from services.records.pages.kinds import EVIDENCE

READS_NAMES = ("clerk", "council", "hr")
MISSING = 404


def described(achievement: Mapping[str, Any]) -> dict[str, Any]:
    """An achievement with all its members, which one that was withdrawn has not."""
    absent = dict.fromkeys(("origin", "kind", "title", "appraisal"))
    return {**absent, "honours": [], "replicated": [], **achievement}


def add_achievement(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The page of an achievement, and that of the person's name."""

    @pages.get("/achievements/{id}")
    async def achievement(request: Request, id: str) -> Response:
        visit = site.visit(request)
        record = described((await api.get(visit, f"/achievements/{id}")).body)
        return visit.page(
            "achievement.html", kind=ACHIEVEMENTS, achievement=record, tones=TONES,
            address=ACHIEVEMENTS.address(id), steps=ACHIEVEMENTS.next_steps(visit, record),
            nomination=await _nomination(visit, api, id),
            may_see_name=_may_see_name(visit, record),
        )  # fmt: skip

    @pages.get("/achievements/{id}/honoree")
    async def honoree(request: Request, id: str) -> Response:
        visit = site.visit(request)
        record = (await api.get(visit, f"/achievements/{id}")).body
        return visit.page(
            "honoree.html", kind=ACHIEVEMENTS, achievement=record,
            address=ACHIEVEMENTS.address(id), name=await _name(visit, api, id),
        )  # fmt: skip

    add_erasure(pages, site, api, ACHIEVEMENTS, NAME)


async def _has_name(visit: Visit, api: RecordApi, id_: str) -> bool:
    return await _name(visit, api, id_) is not None


NAME = Erasure("honoree", message("honoree-erase"), message("honoree-erase-text"), _has_name)


def _may_see_name(visit: Visit, record: Mapping[str, Any]) -> bool:
    return record["kind"] == "person" and visit.may("GET /achievements/{id}/honoree")


async def _nomination(visit: Visit, api: RecordApi, id_: str) -> dict[str, Any] | None:
    """The merits and documents of the nomination, for whoever may read the journal."""
    if not visit.may(f"GET {ACHIEVEMENTS.route('journal')}"):
        return None
    entries = (await api.get(visit, f"/achievements/{id_}/journal")).body["items"]
    first = next(entry for entry in entries if entry["step"] == NOMINATE.name)
    return {"at": first["at"], "merits": first["data"]["merits"],
            EVIDENCE: first["data"].get(EVIDENCE, [])}  # fmt: skip


async def _name(visit: Visit, api: RecordApi, id_: str) -> str | None:
    """The name of the person; None where none is stored."""
    try:
        return str((await api.get(visit, f"/achievements/{id_}/honoree")).body["name"])
    except RecordRefused as refusal:
        if refusal.status != MISSING:
            raise
        return None
