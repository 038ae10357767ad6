"""Units: their registration, names, codes, heads, succession and end (SCORING.md section 6)."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from contracts.data import Data, Date, Name, Person, UnitKey, UnitKind, Version


class UnitRegisteredV1(Data, frozen=True, kw_only=True):
    """`unit.registered`: A unit is registered, or its registration is corrected."""

    name: Name
    kind: UnitKind
    parent: UnitKey | UnsetType = UNSET
    valid_from: Date | UnsetType = UNSET


class UnitRenamedV1(Data, frozen=True, kw_only=True):
    """`unit.renamed`: A unit has another name from a date on."""

    name: Name
    effective: Date


class UnitRecodedV1(Data, frozen=True, kw_only=True):
    """`unit.recoded`: A unit has a further official code from a date on."""

    code: UnitKey
    effective: Date


class UnitHeadedV1(Data, frozen=True, kw_only=True):
    """`unit.headed`: A person leads the unit from a date on."""

    head: Person
    effective: Date


class UnitSucceededV1(Data, frozen=True, kw_only=True):
    """`unit.succeeded`: The unit ends on a date and another goes on."""

    successor: UnitKey
    effective: Date
    inherits: bool | UnsetType = UNSET


class UnitDissolvedV1(Data, frozen=True, kw_only=True):
    """`unit.dissolved`: The unit ends on a date without successor."""

    effective: Date


TYPES: dict[Version, type[Data]] = {
    Version("unit.registered", 1): UnitRegisteredV1,
    Version("unit.renamed", 1): UnitRenamedV1,
    Version("unit.recoded", 1): UnitRecodedV1,
    Version("unit.headed", 1): UnitHeadedV1,
    Version("unit.succeeded", 1): UnitSucceededV1,
    Version("unit.dissolved", 1): UnitDissolvedV1,
}
