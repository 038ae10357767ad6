"""What the fields of events are made of: the bounds that every event type shares.

Source: DESIGN section 3. A number is an integer or a decimal string, never binary floating point.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

MAX_INTEGER = 2**53

Key: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=200, extra_json_schema={"x-danchu": "key"})
]
Person: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=200, extra_json_schema={"x-danchu": "person"})
]
Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=2000)]
Date: TypeAlias = Annotated[
    str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", extra_json_schema={"format": "date"})
]
UnitKey: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Z0-9]([A-Z0-9.]{0,62}[A-Z0-9])?$")]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Amount: TypeAlias = (
    Annotated[int, Meta(ge=0, le=999_999_999)]
    | Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,4})?$")]
)
SignedPoints: TypeAlias = Annotated[str, Meta(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,2})?$")]
Year: TypeAlias = Annotated[int, Meta(ge=2000, le=9999)]
Sha256: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Url: TypeAlias = Annotated[str, Meta(pattern=r"^https?://", max_length=2000)]

UnitKind: TypeAlias = Literal["commune", "agency", "public_service_unit", "enterprise"]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A document that stands behind an event, by name, digest and address."""

    document: Text
    sha256: Sha256 | UnsetType = UNSET
    url: Url | UnsetType = UNSET


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """What the data of every event may carry."""

    year: Year | UnsetType = UNSET
    evidence: Annotated[list[Evidence], Meta(max_length=20)] | UnsetType = UNSET
