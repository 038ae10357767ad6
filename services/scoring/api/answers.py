"""The answers of scoring over HTTP, as types: OpenAPI is made of them, and a test compares.

Points are strings of two decimals; quantities are exact fractions as strings.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from contracts import moments
from services.chassis.http.openapi import Page, answers
from services.scoring.access.files import RUBRICS_HEADER
from services.scoring.readmodel.snapshot import Snapshot

JSON = "application/json"
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
    """A page of a year's ratings; `as_of` where the question has one."""

    as_of: str | None = None


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
    """A page of a unit's events; `as_of` where the question has one."""

    as_of: str | None = None


class UnownedEventAnswer(AcceptedEventAnswer):
    """An event that belongs to no unit, and the unit that may be meant."""

    counted: Literal[False]
    reason: str
    reason_vi: str
    reason_en: str
    nearest: str | None = Field(description="the key of the unit that is most like the subject")


class UnownedEventPageAnswer(Page[UnownedEventAnswer]):
    """Events that belong to no unit."""


class CauseAnswer(Answer):
    """An event that moved a rating."""

    source: str
    id: str
    type: str


class MovedLineAnswer(Answer):
    """The score of an indicator before and after; null where it is left out."""

    indicator: str
    before: str | None
    points: str | None


class RatingChangeAnswer(Answer):
    """What one event did to a rating; the class is that before the share, null if not rated."""

    at: str
    before: str
    total: str
    class_: str | None = Field(alias="class")
    lines: list[MovedLineAnswer] = Field(alias="moved")
    cause: CauseAnswer
    text_vi: str
    text_en: str


class HistoryAnswer(Page[RatingChangeAnswer]):
    """A page of what moved a rating, newest first."""


class DatedCauseAnswer(CauseAnswer):
    """An event that moved a rating, and when it was recorded."""

    at: str


class StateAnswer(Answer):
    """One of two states of a unit's year; its points are null where it is not rated."""

    as_of: str | None
    stage: str
    version: int
    rubrics: str
    rated: bool
    class_: str | None = Field(alias="class")
    rank: int | None
    basic: str | None
    bonus: str | None
    deduction: str | None
    adjustment: str | None
    total: str | None


class LineDifferenceAnswer(Answer):
    """A line that differs, with the events behind it."""

    indicator: str | None
    clause: str | None
    before: str | None
    points: str | None
    events: list[DatedCauseAnswer]
    events_total: int
    text_vi: str
    text_en: str


class DifferencesAnswer(Answer):
    """What differs between two states of a unit's year."""

    unit: str
    year: int
    from_: StateAnswer = Field(alias="from")
    to: StateAnswer
    rubrics_differ: bool
    items: list[LineDifferenceAnswer]


class LagAnswer(Answer):
    """What the fold has done, and what is in the stream and not yet folded."""

    events: int | None
    seconds: float | None
    folded: int
    quarantined: int
    unowned: int = Field(description="events that belong to no unit")
    halted: str | None
    feed: str | None = Field(default=None, description="only while RATINGS does not answer")
    open: str | None = Field(default=None, description="only while others can write to EVENTS")


class QuarantineAnswer(Answer):
    """Entries of the quarantine, the newest first."""

    items: list[dict[str, Any]]


_REASONS = {
    404: "No such unit, or it is not rated in the year",
    422: "A parameter is wrong",
    503: "Not available now",
}


def route_answers(model: Any, *statuses: int, **members: Any) -> dict[str, Any]:
    """The answers of a route, for OpenAPI: the type of its body, and its problems."""
    return answers(model, *statuses, description="Found", reasons=_REASONS, **members)


def json_answer(members: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(members), status, media_type=JSON)


def file_answers(content_type: str, *statuses: int) -> dict[str, Any]:
    """The answers of a route that answers a file, for OpenAPI."""
    members = route_answers(None, *statuses)
    schema = {"schema": {"type": "string", "format": "binary"}}
    members["responses"][200]["content"] = {content_type.partition(";")[0]: schema}
    return members


def year_answer(members: dict[str, Any], snapshot: Snapshot) -> Response:
    """A JSON answer about a year, with the digest of its rubrics, and `as_of` if it has one."""
    return rating_answer(year_body(members, snapshot), snapshot)


def year_body(members: dict[str, Any], snapshot: Snapshot) -> bytes:
    """The body of an answer about a year."""
    as_of = {} if snapshot.as_of is None else {"as_of": moments.rfc3339(snapshot.as_of)}
    return msgspec.json.encode({**members, **as_of})


def rating_answer(body: bytes, snapshot: Snapshot) -> Response:
    """An encoded answer about a year, with the digest of its rubrics."""
    headers = {RUBRICS_HEADER: snapshot.rubrics.digest_of(snapshot.year)}
    return Response(body, headers=headers, media_type=JSON)
