"""Violations and their handling (Điều 4 khoản 5 điểm c, d)."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from contracts.data import Data, Date, Key, Version


class ViolationConcludedV1(Data, frozen=True, kw_only=True):
    """`violation.concluded`: A case ends in the conclusion that there was a violation."""

    case: Key
    due: Date


class ViolationHandledV1(Data, frozen=True, kw_only=True):
    """`violation.handled`: A violation was sanctioned."""

    case: Key
    severity: Literal["reminder", "reprimand", "warning", "dismissal"]
    by_head: bool
    self_found: bool
    act: Literal["9.1", "9.2", "9.3", "9.4", "9.5"] | UnsetType = UNSET


class ViolationOverturnedV1(Data, frozen=True, kw_only=True):
    """`violation.overturned`: A conclusion was overturned."""

    case: Key


TYPES: dict[Version, type[Data]] = {
    Version("violation.concluded", 1): ViolationConcludedV1,
    Version("violation.handled", 1): ViolationHandledV1,
    Version("violation.overturned", 1): ViolationOverturnedV1,
}
