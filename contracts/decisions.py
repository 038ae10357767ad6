"""Declarations, decisions of people, and corrections (SCORING.md sections 2, 4 and 7)."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from contracts.data import Amount, Data, Id, Key, SignedPoints, Source, Text, Version


class SelfscoreSubmittedV1(Data, frozen=True, kw_only=True):
    """`selfscore.submitted`: A unit gives its own score of an indicator, which is never added."""

    indicator: Key
    points: Amount
    note: Text | UnsetType = UNSET


class DeclarationNilV1(Data, frozen=True, kw_only=True):
    """`declaration.nil`: A unit declares that an indicator had nothing to count."""

    indicator: Key


class ExemptionApprovedV1(Data, frozen=True, kw_only=True):
    """`exemption.approved`: The council exempts a unit from an indicator."""

    indicator: Key
    decision: Key


class ExemptionRevokedV1(Data, frozen=True, kw_only=True):
    """`exemption.revoked`: An exemption is revoked."""

    indicator: Key


class EventRetractedV1(Data, frozen=True, kw_only=True):
    """`event.retracted`: The event of this source and id counts as if it had never been."""

    source: Source
    id: Id
    reason: Text


class AdjustmentDecidedV1(Data, frozen=True, kw_only=True):
    """`adjustment.decided`: The council adds or takes points, with a decision."""

    decision: Key
    points: SignedPoints
    reason: Text
    indicator: Key | UnsetType = UNSET


class AppealFiledV1(Data, frozen=True, kw_only=True):
    """`appeal.filed`: A unit appeals; the reason is kept for ever and names no person."""

    appeal: Key
    reason: Text


class AppealDecidedV1(Data, frozen=True, kw_only=True):
    """`appeal.decided`: The council decides an appeal."""

    appeal: Key
    outcome: Literal["upheld", "rejected"]
    decision: Key


TYPES: dict[Version, type[Data]] = {
    Version("selfscore.submitted", 1): SelfscoreSubmittedV1,
    Version("declaration.nil", 1): DeclarationNilV1,
    Version("exemption.approved", 1): ExemptionApprovedV1,
    Version("exemption.revoked", 1): ExemptionRevokedV1,
    Version("event.retracted", 1): EventRetractedV1,
    Version("adjustment.decided", 1): AdjustmentDecidedV1,
    Version("appeal.filed", 1): AppealFiledV1,
    Version("appeal.decided", 1): AppealDecidedV1,
}
