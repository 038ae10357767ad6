"""The sheet of a rating over HTTP, as types: OpenAPI is made of them.

Points are strings of two decimals; quantities are exact fractions as strings.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from services.scoring.api.answers import Answer, Empty, LabelAnswer, RatingAnswer, ReasonAnswer


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


class SelfScoreAnswer(Answer):
    """The score that the unit gave itself last; `difference` is the computed score minus it."""

    points: str
    difference: str | None
    time: str
    source: str
    id: str
    recordedtime: str
    note: str | None = None


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
    self_score: SelfScoreAnswer | None
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
    as_of: str | None = None
