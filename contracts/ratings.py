"""The year's stages and the feed of ratings; only scoring emits them."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from contracts.data import Count, Data, Date, Key, SignedPoints, Text, Version


class YearOpenedV1(Data, frozen=True, kw_only=True):
    """`year.opened`: A year is open."""

    decision: Key
    date: Date | UnsetType = UNSET
    reason: Text | UnsetType = UNSET


class YearProvisionalV1(Data, frozen=True, kw_only=True):
    """`year.provisional`: A year's ratings are published for replies until a cut-off."""

    decision: Key
    date: Date | UnsetType = UNSET
    reason: Text | UnsetType = UNSET


class YearSealedV1(Data, frozen=True, kw_only=True):
    """`year.sealed`: A year is sealed."""

    decision: Key
    date: Date | UnsetType = UNSET
    reason: Text | UnsetType = UNSET


class YearReopenedV1(Data, frozen=True, kw_only=True):
    """`year.reopened`: A sealed year is open again as a new version."""

    decision: Key
    date: Date | UnsetType = UNSET
    reason: Text | UnsetType = UNSET


class RatingChangedV1(Data, frozen=True, kw_only=True):
    """`rating.changed`: A unit's rating moved."""

    total: SignedPoints
    version: Count
    stage: Literal["open", "provisional", "sealed", "reopened"]


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
    Version("rating.changed", 1): RatingChangedV1,
    Version("rating.sealed", 1): RatingSealedV1,
}
