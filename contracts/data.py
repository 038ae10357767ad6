"""What the attributes and fields of events are made of: the bounds that every event type shares.

Source: DESIGN section 3. A number is an integer or a decimal string, never binary floating point.
Each `description` is at once what the published schema says and what a refusal tells people after
"must be". Patterns in an `extra_json_schema` are not asked by the decoder: `bounds` has them by
hand.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from contracts.moments import FIRST_DAY, LAST_DAY

MAX_INTEGER = 2**53
KEY_MAX, NAMED_KEY_MAX, EVIDENCE_MAX = 128, 200, 20
UNIT = r"[A-Z0-9]([A-Z0-9.]{0,62}[A-Z0-9])?"
_UNPRINTED = r"\u0000-\u001f\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff"
PRINTED = f"[^{_UNPRINTED}]"
PLAIN_TEXT = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
IDENTITY_NUMBER = f"^({UNIT}/)?([0-9]{{9}}|[0-9]{{12}})$"
_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = (
    rf"^{_DAY}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{{1,6}})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
KEY_FORM = (
    f"a key of 1 to {KEY_MAX} printable characters, such as ngan-sach-2025 (up to {NAMED_KEY_MAX}"
    " where it names a predecessor's, such as H44.1.14/ngan-sach-2025)"
)
PERSON_FORM = (
    f"an opaque key of a person, 1 to {KEY_MAX} printable characters such as k-8a31b7, and never"
    " an identity number"
)
UNIT_FORM = "a unit's key or code: capital letters, digits and dots, such as H44.12.34"
DATE_FORM = f"a day of the calendar from {FIRST_DAY} to {LAST_DAY}, such as 2025-03-01"
AMOUNT_FORM = (
    "a non-negative integer, or a decimal as text with at most 9 digits and 4 after the point,"
    ' such as "1.5"'
)

_KEYS = [
    {"maxLength": KEY_MAX, "pattern": f"^{PRINTED}+$"},
    {"maxLength": NAMED_KEY_MAX, "pattern": f"^{UNIT}/{PRINTED}+$"},
]
_NAME = {"pattern": f"^{PRINTED}+$"}

Id: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=128, extra_json_schema=_NAME,
        description="a text of 1 to 128 printable characters, such as a UUIDv7",
    ),
]  # fmt: skip
Source: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=256, extra_json_schema=_NAME,
        description="a text of 1 to 256 printable characters, such as urn:viettri:portal",
    ),
]  # fmt: skip
Subject: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=64, description=UNIT_FORM,
        extra_json_schema={"pattern": f"^{UNIT}$"},
    ),
]  # fmt: skip
Time: TypeAlias = Annotated[
    str,
    Meta(
        description="an RFC 3339 time with an offset and at most 6 digits of a second's fraction,"
        " such as 2025-03-01T09:00:00+07:00",
        extra_json_schema={"format": "date-time", "pattern": TIME},
    ),
]
Line: TypeAlias = Annotated[
    str,
    Meta(
        max_length=2000, extra_json_schema={"pattern": f"^{PRINTED}*$"},
        description="a text of at most 2000 printable characters",
    ),
]  # fmt: skip
Key: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=NAMED_KEY_MAX, description=KEY_FORM,
        extra_json_schema={"x-danchu": "key", "anyOf": _KEYS},
    ),
]  # fmt: skip
Person: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=NAMED_KEY_MAX, description=PERSON_FORM,
        extra_json_schema={
            "x-danchu": "person", "anyOf": _KEYS, "not": {"pattern": IDENTITY_NUMBER},
        },
    ),
]  # fmt: skip
Text: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=2000, extra_json_schema={"pattern": PLAIN_TEXT},
        description="a text of 1 to 2000 characters without control characters",
    ),
]  # fmt: skip
Date: TypeAlias = Annotated[
    str,
    Meta(
        pattern=f"^{_DAY}$", extra_json_schema={"format": "date"},
        description=DATE_FORM,
    ),
]  # fmt: skip
UnitKey: TypeAlias = Annotated[str, Meta(pattern=f"^{UNIT}$", description=UNIT_FORM)]
Count: TypeAlias = Annotated[
    int, Meta(ge=0, le=MAX_INTEGER, description="an integer from 0 to 2^53, such as 120")
]
Amount: TypeAlias = Annotated[
    Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
    | Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,4})?$")],
    Meta(description=AMOUNT_FORM),
]
SignedPoints: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,2})?$",
        description='points as text with at most two decimals, such as "-1.25"',
    ),
]
Year: TypeAlias = Annotated[
    int, Meta(ge=2000, le=9999, description="a rating year, such as 2025")
]  # fmt: skip
Sha256: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{64}$",
        description="a SHA-256 digest as 64 hexadecimal digits in small letters",
    ),
]
Url: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^https?://", max_length=2000,
        extra_json_schema={"pattern": f"^https?://{PRINTED}*$"},
        description="an address of at most 2000 printable characters, such as"
        " https://viettri.example/12-bc-ubnd.pdf",
    ),
]  # fmt: skip

UnitKind: TypeAlias = Literal["commune", "agency", "public_service_unit", "enterprise"]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A document that stands behind an event, by name, digest and address."""

    document: Text
    sha256: Sha256 | UnsetType = UNSET
    url: Url | UnsetType = UNSET


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """What the data of every event may carry."""

    year: Year | UnsetType = UNSET
    evidence: Annotated[list[Evidence], Meta(max_length=EVIDENCE_MAX)] | UnsetType = UNSET
