"""Models and awards (Điều 4 khoản 5 điểm a, b)."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from contracts.data import Data, Key, Name, Version


class ModelNominatedV1(Data, frozen=True, kw_only=True):
    """`model.nominated`: A model is registered."""

    model: Key
    title: Name


class ModelRecognisedV1(Data, frozen=True, kw_only=True):
    """`model.recognised`: A model is recognised at a level."""

    model: Key
    level: Literal["commune", "city", "province", "nation"]
    title: Name | UnsetType = UNSET


class ModelReplicatedV1(Data, frozen=True, kw_only=True):
    """`model.replicated`: Another unit took up a model."""

    model: Key
    by: Key


class ModelRevokedV1(Data, frozen=True, kw_only=True):
    """`model.revoked`: A model's recognition is revoked."""

    model: Key


class AwardGrantedV1(Data, frozen=True, kw_only=True):
    """`award.granted`: An award is granted at a level."""

    award: Key
    level: Literal["province", "ministry", "state"]


class AwardRevokedV1(Data, frozen=True, kw_only=True):
    """`award.revoked`: An award is revoked."""

    award: Key


TYPES: dict[Version, type[Data]] = {
    Version("model.nominated", 1): ModelNominatedV1,
    Version("model.recognised", 1): ModelRecognisedV1,
    Version("model.replicated", 1): ModelReplicatedV1,
    Version("model.revoked", 1): ModelRevokedV1,
    Version("award.granted", 1): AwardGrantedV1,
    Version("award.revoked", 1): AwardRevokedV1,
}
