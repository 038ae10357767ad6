"""The year's stages and the feed of ratings; only scoring emits them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from contracts.data import (
    RUBRICS_MAX,
    Count,
    Data,
    Date,
    Document,
    Key,
    SignedNote,
    SignedPoints,
    Text,
    Time,
    Version,
)


class YearOpenedV1(Data, frozen=True, kw_only=True):
    """`year.opened`: A year is open."""

    decision: Key
    date: Date | UnsetType = UNSET
    reason: Text | UnsetType = UNSET
    version: Count | UnsetType = UNSET
    by: Text | UnsetType = UNSET


class YearProvisionalV1(Data, frozen=True, kw_only=True):
    """`year.provisional`: A year's ratings are published for replies until a cut-off."""

    decision: Key
    date: Date | UnsetType = UNSET
    reason: Text | UnsetType = UNSET
    version: Count | UnsetType = UNSET
    by: Text | UnsetType = UNSET
    cut_off: Time | UnsetType = UNSET
    reply_until: Time | UnsetType = UNSET


class SealedRubric(msgspec.Struct, frozen=True, kw_only=True):
    """A rubric as its file was when the year was sealed."""

    id: Key
    text: Document


class YearSealedV1(Data, frozen=True, kw_only=True):
    """`year.sealed`: A year is sealed."""

    decision: Key
    date: Date | UnsetType = UNSET
    reason: Text | UnsetType = UNSET
    version: Count | UnsetType = UNSET
    by: Text | UnsetType = UNSET
    by_auditor: Text | UnsetType = UNSET
    cut: Time | UnsetType = UNSET
    note: SignedNote | UnsetType = UNSET
    rubrics: Annotated[list[SealedRubric], Meta(max_length=RUBRICS_MAX)] | UnsetType = UNSET


class YearReopenedV1(Data, frozen=True, kw_only=True):
    """`year.reopened`: A sealed year is open again as a new version."""

    decision: Key
    date: Date | UnsetType = UNSET
    reason: Text | UnsetType = UNSET
    version: Count | UnsetType = UNSET
    by: Text | UnsetType = UNSET


class YearCheckpointedV1(Data, frozen=True, kw_only=True):
    """`year.checkpointed`: A signed root over the events of an open year up to an instant."""

    until: Time
    size: Count
    note: SignedNote


class RatingChangedV1(Data, frozen=True, kw_only=True):
    """`rating.changed`: A unit's rating moved; `rated` is false where it has none any more."""

    total: SignedPoints
    version: Count
    stage: Literal["open", "provisional", "sealed", "reopened"]
    rated: bool | UnsetType = UNSET


class RatingSealedV1(Data, frozen=True, kw_only=True):
    """`rating.sealed`: A unit's rating is final."""

    total: SignedPoints
    version: Count
    stage: Literal["open", "provisional", "sealed", "reopened"]
    class_name: Text | UnsetType = msgspec.field(default=UNSET, name="class")
    rank: Count | UnsetType = UNSET


TYPES: dict[Version, type[Data]] = {
    Version("year.opened", 1): YearOpenedV1,
    Version("year.provisional", 1): YearProvisionalV1,
    Version("year.sealed", 1): YearSealedV1,
    Version("year.reopened", 1): YearReopenedV1,
    Version("year.checkpointed", 1): YearCheckpointedV1,
    Version("rating.changed", 1): RatingChangedV1,
    Version("rating.sealed", 1): RatingSealedV1,
}
