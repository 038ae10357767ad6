"""What scoring answers over HTTP, as types: OpenAPI is made of them, and a test holds the answers
against them. Points are strings of two decimals; quantities are exact fractions as strings.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.chassis.http.openapi import Page

Empty = Literal["exempt", "nil", "full", "zero", "exclude"]


class Answer(BaseModel):
    """Members may be added to any answer: clients ignore what they do not know."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)


class LabelAnswer(Answer):
    """A term or a sentence in both languages."""

    vi: str
    en: str


class LabelsAnswer(Answer):
    """The terms of one rating."""

    kind: LabelAnswer
    stage: LabelAnswer
    class_: LabelAnswer = Field(alias="class")
    empty: dict[str, LabelAnswer]


class ReasonAnswer(Answer):
    """Why the class is not that of the band; `figures` are the numbers behind it."""

    kind: Literal["gate", "ceiling", "share"]
    from_: str = Field(alias="from")
    to: str
    text: str = Field(description="the Vietnamese sentence")
    text_vi: str
    text_en: str
    code: str
    label: LabelAnswer
    clause: str | None
    indicator: str | None
    groups: list[str]
    cases: list[str] = Field(description="keys of the cases that a ceiling rests on")
    figures: dict[str, Any]


class HeadAnswer(Answer):
    """Who led the unit from a date on: an opaque key."""

    head: str
    from_: str = Field(alias="from")


class ResultAnswer(Answer):
    """A result that is shown beside the rating and never added."""

    result: str
    score: int | str
    maximum: int | str


class RatingAnswer(Answer):
    """One unit's rating of a year."""

    unit: str
    name: str
    kind: str
    year: int
    rubric: str
    stage: str
    version: int
    basic: str
    bonus: str
    deduction: str
    adjustment: str
    total: str
    class_: str = Field(alias="class")
    rank: int | None
    part_year: bool
    scores: dict[str, str]
    empty: dict[str, Empty]
    reasons: list[ReasonAnswer]
    head_ceiling: str | None = Field(description="the class to which what the head did limits")
    heads: list[HeadAnswer]
    results: list[ResultAnswer]
    until: str | None = Field(description="the first day on which the unit is no more")
    successors: list[str]
    predecessors: list[str]
    labels: LabelsAnswer
    as_of: str | None


class RatingPageAnswer(Page[RatingAnswer]):
    """A page of a year's ratings."""


class AcceptedEventAnswer(Answer):
    """An event as it was accepted."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: str
    data: dict[str, Any]
    recordedtime: str
    receipt: str


class CountedEventAnswer(AcceptedEventAnswer):
    """An event as it was accepted, with whether it counts and why not."""

    counted: bool
    reason: str | None
    reason_vi: str | None
    reason_en: str | None
    note: str | None = Field(description="duty not announced: it counts, and brings no points")
    note_vi: str | None
    note_en: str | None


class CountedEventPageAnswer(Page[CountedEventAnswer]):
    """A page of a unit's events."""


class UnownedEventAnswer(AcceptedEventAnswer):
    """An event that belongs to no unit, and the unit that may be meant."""

    counted: Literal[False]
    reason: str
    reason_vi: str
    reason_en: str
    nearest: str | None = Field(description="the key of the unit that is most like the subject")


class UnownedEventPageAnswer(Page[UnownedEventAnswer]):
    """Events that belong to no unit."""


class OutcomeAnswer(Answer):
    """What comes of one way of doing a thing."""

    type: str
    data: dict[str, Any]
    worth: str


class NearAnswer(LabelAnswer):
    """A key that was perhaps meant, and what alone differs."""

    key: str
    differs: Literal["blanks", "case", "accents", "signs", "slip"]


class DutyAnswer(LabelAnswer):
    """A duty that is not done: what it is worth, in points of the total."""

    key: str
    due: str | None
    overdue: bool
    worth: str
    worth_late: str
    worth_most: str | None = None
    outcomes: list[OutcomeAnswer] | None = None
    near: list[NearAnswer] | None = None
    by_successors: list[dict[str, str]] | None = None


class UnannouncedAnswer(LabelAnswer):
    """A thing that was done under a key that nobody announced."""

    key: str
    near: list[NearAnswer]


class NilAnswer(LabelAnswer):
    """A nil declaration that would bring points; `arose` must be 0 for it to be true."""

    indicator: str
    worth: str
    arose: int


class LineAnswer(Answer):
    """One indicator; which of the optional members it has depends on its kind."""

    id: str
    vi: str
    clause: str
    group: str | None
    kind: str
    label: LabelAnswer
    points: str
    score: str | None
    quantity: str | None
    empty: Empty | None
    empty_label: LabelAnswer | None
    scale: dict[str, Any] | None
    cut: dict[str, str] | None
    nil: NilAnswer | None
    done_by: list[dict[str, Any]]
    state: dict[str, Any]
    missing: list[DutyAnswer] | None = None
    missing_total: int | None = None
    left_out: list[DutyAnswer] | None = None
    late: list[dict[str, Any]] | None = None
    unannounced: list[UnannouncedAnswer] | None = None
    unannounced_total: int | None = None
    items: list[dict[str, Any]] | None = None
    items_total: int | None = None
    next_step: dict[str, Any] | None = None
    next_worth: str | None = None
    next_worth_most: str | None = None
    next_outcomes: list[OutcomeAnswer] | None = None
    sum: str | None = None


class StepAnswer(LabelAnswer):
    """What the unit itself can do of one indicator, and what to send for it."""

    indicator: str
    clause: str
    do: Literal["fulfil", "add", "declare"]
    count: int
    events: list[dict[str, Any]]


class NextClassAnswer(LabelAnswer):
    """All that stands between the unit and the class above; see docs/sheet.md."""

    class_: str = Field(alias="class")
    from_: str = Field(alias="from")
    lacking: str
    points: dict[str, str] | None
    gates: list[dict[str, Any]]
    share: dict[str, Any] | None
    ceilings: list[dict[str, Any]]
    reachable: bool
    steps: list[StepAnswer]
    points_more: str
    text_vi: str
    text_en: str


class SheetAnswer(Answer):
    """One rating explained, indicator by indicator."""

    rating: RatingAnswer
    view: Literal["own", "pooled"]
    view_label: LabelAnswer
    until: str | None
    successors: list[str]
    predecessors: list[str]
    head_ceiling: str | None
    groups: list[dict[str, str]]
    indicators: list[LineAnswer]
    rebase: dict[str, str] | None
    adjustments: list[dict[str, Any]]
    adjustment_limit: str
    adjustment_cut: dict[str, str] | None
    total_cut: dict[str, str] | None
    exemptions: list[dict[str, Any]]
    declarations: list[dict[str, Any]]
    self_scores: list[dict[str, Any]]
    appeals: list[dict[str, Any]]
    reasons: list[ReasonAnswer]
    bands: list[dict[str, str]]
    nil_declarations: list[NilAnswer]
    doing: dict[str, Any]
    next_class: NextClassAnswer | None
    other_view: RatingAnswer | None


class LagAnswer(Answer):
    """What the fold has done, and what is in the stream and not yet folded."""

    events: int | None
    seconds: float | None
    folded: int
    quarantined: int
    unowned: int = Field(description="events that belong to no unit")
    halted: str | None


class QuarantineAnswer(Answer):
    """Entries of the quarantine, the newest first."""

    items: list[dict[str, Any]]
