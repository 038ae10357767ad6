"""What the awards answer, as models for OpenAPI: a client can be generated from them."""

from __future__ import annotations

from pydantic import BaseModel


class HonourAnswer(BaseModel):
    """A recognition or an award that stands."""

    what: str
    what_vi: str
    what_en: str
    level: str
    level_vi: str
    level_en: str
    decision: str
    year: int


class AppraisalAnswer(BaseModel):
    """What the council voted last."""

    what: str
    what_vi: str
    what_en: str
    level: str
    level_vi: str
    level_en: str
    in_favour: int
    against: int
    abstained: int
    passed: bool


class Replication(BaseModel):
    """A unit that took the model up, and the rating year in which it did."""

    by: str
    year: int


class AchievementAnswer(BaseModel):
    """An achievement; of one that was withdrawn the stage alone is told.

    `possible` are the steps that the caller may take now.
    """

    id: str
    unit: str
    origin: str | None = None
    kind: str | None = None
    kind_vi: str | None = None
    kind_en: str | None = None
    title: str | None = None
    stage: str
    stage_vi: str
    stage_en: str
    possible: list[str]
    possible_vi: list[str]
    possible_en: list[str]
    appraisal: AppraisalAnswer | None = None
    honours: list[HonourAnswer] | None = None
    replicated: list[Replication] | None = None
    version: int


class ListedAchievement(BaseModel):
    """An achievement in a list."""

    id: str
    unit: str
    origin: str
    kind: str
    kind_vi: str
    kind_en: str
    title: str
    stage: str
    stage_vi: str
    stage_en: str
    version: int


class RegisteredHonour(BaseModel):
    """A line of the register: what is recognised or awarded and stands."""

    id: str
    unit: str
    kind: str
    kind_vi: str
    kind_en: str
    title: str
    what: str
    what_vi: str
    what_en: str
    level: str
    level_vi: str
    level_en: str
    decision: str
    year: int
    place: str


class Name(BaseModel):
    """The name of the person whose example it is."""

    name: str
