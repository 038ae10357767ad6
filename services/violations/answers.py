"""What the violations answer, as models for OpenAPI: a client can be generated from them."""

from __future__ import annotations

from pydantic import BaseModel


class ConclusionAnswer(BaseModel):
    """That there was a violation, with the last day for handling it."""

    act: str
    act_vi: str
    act_en: str
    deed: str
    due: str
    year: int


class HandlingAnswer(BaseModel):
    """The sanction that stands."""

    severity: str
    severity_vi: str
    severity_en: str
    by_head: bool
    self_found: bool
    decision: str
    year: int
    late: bool


class AppealEntry(BaseModel):
    """An appeal, by whom in role; `until` is the last day of the legal term."""

    by: str
    by_vi: str
    by_en: str
    until: str
    late: bool


class CaseAnswer(BaseModel):
    """A case without any words; of one that was withdrawn the stage alone is told.

    `possible` are the steps that the caller may take now.
    """

    id: str
    unit: str
    origin: str | None = None
    stage: str
    stage_vi: str
    stage_en: str
    possible: list[str]
    possible_vi: list[str]
    possible_en: list[str]
    by_unit: bool | None = None
    reported: str | None = None
    due: str | None = None
    complexity: str | None = None
    complexity_vi: str | None = None
    complexity_en: str | None = None
    assigned: str | None = None
    into: str | None = None
    conclusion: ConclusionAnswer | None = None
    handling: HandlingAnswer | None = None
    appeals: list[AppealEntry] | None = None
    version: int


class ListedCase(BaseModel):
    """A case in a list; `due` is the last day for its next step."""

    id: str
    unit: str
    origin: str
    by_unit: bool
    stage: str
    stage_vi: str
    stage_en: str
    version: int
    due: str | None


class Count(BaseModel):
    """How many conclusions of a year stand in a unit, and how many of them are handled."""

    unit: str
    year: int
    concluded: int
    handled: int


class Words(BaseModel):
    """Words of one step; null where they were erased."""

    version: int
    field: str
    field_vi: str
    field_en: str
    words: str | None
