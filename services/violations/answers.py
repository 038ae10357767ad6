"""Response models of the violations, for OpenAPI and generated clients."""

from __future__ import annotations

from pydantic import BaseModel


class ConclusionAnswer(BaseModel):
    """The conclusion that there was a violation, with the last day for handling it."""

    act: str
    act_vi: str
    act_en: str
    deed: str
    due: str
    year: int


class HandlingAnswer(BaseModel):
    """The sanction in force."""

    severity: str
    severity_vi: str
    severity_en: str
    by_head: bool
    self_found: bool
    decision: str
    year: int
    late: bool


class AppealEntry(BaseModel):
    """An appeal, with the role of the appellant; `until` is the last day of the legal term."""

    by: str
    by_vi: str
    by_en: str
    until: str
    late: bool


class CaseAnswer(BaseModel):
    """A case without its texts; a withdrawn one has no members beyond its stage.

    `possible` lists the steps that the caller may take now.
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
    conclusions: int | None = None
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
    """The conclusions of a year in force in a unit, and how many of them are handled."""

    unit: str
    year: int
    concluded: int
    handled: int


class Words(BaseModel):
    """The text of one field of one step; null if it was erased."""

    version: int
    field: str
    field_vi: str
    field_en: str
    words: str | None
