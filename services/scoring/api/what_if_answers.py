"""The answers of what-ifs and of the comparison of two years, as types for OpenAPI."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.scoring.api.answers import Answer, LabelAnswer, ReasonAnswer


class ProposedRubricAnswer(Answer):
    """A rubric that was tried."""

    id: str
    sha256: str
    kinds: list[str]


class NamedIndicatorAnswer(Answer):
    """An indicator of one of the rubrics."""

    indicator: str
    vi: str
    clause: str


class ChangeAnswer(Answer):
    """Points now and then."""

    now: str
    then: str
    difference: str


class IndicatorChangeAnswer(NamedIndicatorAnswer, ChangeAnswer):
    """What an indicator brings a unit now and then."""


class IndicatorSumAnswer(IndicatorChangeAnswer):
    """What an indicator brings all units that it changes, now and then."""

    units: int = Field(description="how many units it changes")


class PartChangeAnswer(ChangeAnswer):
    """What a part of the total that is not an indicator's brings now and then."""

    part: Literal["rebasing", "adjustment", "bounds"]
    label: LabelAnswer


class TextsAnswer(Answer):
    """A text now and then; null where no rubric rates the unit now."""

    now: str | None
    then: str


class RanksAnswer(Answer):
    """A rank now and then; null for a part of a year."""

    now: int | None
    then: int | None


class ReasonsAnswer(Answer):
    """Where the class differs: why it is not that of the band, now and then."""

    now: list[ReasonAnswer]
    then: list[ReasonAnswer]


class ClassLabelsAnswer(Answer):
    """The class now and then, in both languages."""

    now: LabelAnswer | None
    then: LabelAnswer


class UnitChangeLabelsAnswer(Answer):
    """The terms of a unit's change."""

    kind: LabelAnswer
    class_: ClassLabelsAnswer = Field(alias="class")
    move: LabelAnswer


class UnitChangeAnswer(Answer):
    """A unit now and then; `indicators` and `parts` add up to the `difference` of its totals."""

    unit: str
    name: str
    kind: str
    part_year: bool
    total: TextsAnswer
    class_: TextsAnswer = Field(alias="class")
    rank: RanksAnswer
    difference: str | None
    move: Literal["rises", "falls", "stays", "enters"]
    indicators: list[IndicatorChangeAnswer]
    parts: list[PartChangeAnswer]
    reasons: ReasonsAnswer
    labels: UnitChangeLabelsAnswer


class WhatIfAnswer(Answer):
    """A year under other rubrics."""

    year: int
    rubrics: list[ProposedRubricAnswer]
    events: int = Field(description="how many events had to be read")
    rises: list[str]
    falls: list[str]
    indicators: list[IndicatorSumAnswer]
    items: list[UnitChangeAnswer]


class EffectAnswer(Answer):
    """A difference in two parts that add up to it."""

    difference: str
    work: str
    method: str


class IndicatorEffectAnswer(NamedIndicatorAnswer, EffectAnswer):
    """The part of an indicator, and its scores; null where a rubric does not have it."""

    score: str | None = Field(description="of the year, under its own rubric")
    with_score: str | None = Field(description="of the other year, under that year's rubric")
    reckoned_score: str | None = Field(description="of the year, under the other year's rubric")


class PartEffectAnswer(EffectAnswer):
    """The part of what is not an indicator's."""

    part: Literal["rebasing", "adjustment", "bounds"]
    label: LabelAnswer


class ComparisonAnswer(EffectAnswer):
    """A unit's year beside another one."""

    unit: str
    name: str
    year: int
    with_: int = Field(alias="with", description="the other year")
    rubric: str
    with_rubric: str
    total: str
    with_total: str
    reckoned_total: str = Field(description="of the year, under the other year's rubric")
    indicators: list[IndicatorEffectAnswer]
    parts: list[PartEffectAnswer]
    text: str = Field(description="the Vietnamese sentence")
    text_vi: str
    text_en: str
