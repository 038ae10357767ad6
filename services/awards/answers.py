"""Response models of the awards, for OpenAPI and generated clients."""

from __future__ import annotations

from pydantic import BaseModel


class HonourAnswer(BaseModel):
    """A recognition or an award in force."""

    what: str
    what_vi: str
    what_en: str
    level: str
    level_vi: str
    level_en: str
    decision: str
    year: int


class AppraisalAnswer(BaseModel):
    """The votes of the last appraisal."""

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
    """A unit that replicated the model, and the rating year of the replication."""

    by: str
    year: int


class OwnReplication(BaseModel):
    """A replication in force that the caller may retract: its version in the journal."""

    version: int
    by: str
    at: str


class AchievementAnswer(BaseModel):
    """An achievement; a withdrawn one has no members beyond its stage.

    `possible` lists the steps that the caller may take now.
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
    """A line of the register: a recognition or an award in force."""

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
    """The name of the exemplary person."""

    name: str
