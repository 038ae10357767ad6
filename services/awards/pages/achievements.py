"""The list of achievements, also as a file."""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from services.awards import labels
from services.awards.lists import Stage
from services.awards.pages.achievement_steps import ACHIEVEMENTS, achievement_title
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site
from services.records.pages.api_client import RecordApi
from services.records.pages.kinds import options

ROWS = 50
TONES = {"nominated": "warn", "appraised": "warn", "recognised": "good", "revoked": "bad"}


class AchievementFilters(BaseModel):
    """Which achievements are listed; the interface checks the values."""

    unit: Annotated[str | None, EMPTY] = Field(None, max_length=64)
    stage: Annotated[str | None, EMPTY] = Field(None, max_length=20)
    cursor: str | None = Field(None, max_length=300)

    @property
    def narrowed(self) -> bool:
        """Whether not all achievements are listed."""
        return bool(self.unit or self.stage)


def add_achievements(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The list, and its file."""

    @pages.get("/achievements")
    async def achievements(
        request: Request, filters: Annotated[AchievementFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        answer = await api.get(visit, "/achievements", limit=ROWS, **filters.model_dump())
        return visit.page(
            "achievements.html", kind=ACHIEVEMENTS, filters=filters, tones=TONES,
            rows=[(each, achievement_title(each)) for each in answer.body["items"]],
            next=answer.body["next"], stages=options(labels.stage, get_args(Stage)),
        )  # fmt: skip

    @pages.get("/achievements.csv")
    async def achievements_file(
        request: Request, filters: Annotated[AchievementFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        query = filters.model_dump(exclude={"cursor"})
        return (await api.get(visit, "/achievements", format="csv", **query)).download()
