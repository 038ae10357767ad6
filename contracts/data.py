"""The types of event attributes and data fields, with their bounds.

Source: DESIGN section 3. A number is an integer or a decimal string, never binary floating point.
Each `description` is used in the published schema and, after "must be", in refusals; FORMS has it
in both languages. The decoder does not check the patterns in `extra_json_schema`: `bounds` and
`names` do.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from contracts.messages import Message, message
from contracts.moments import FIRST_DAY, LAST_DAY

MAX_INTEGER = 2**53
KEY_MAX, NAMED_KEY_MAX, EVIDENCE_MAX = 128, 200, 20
NOTE_MAX, DOCUMENT_MAX, RUBRICS_MAX = 4000, 600_000, 20
UNIT = r"[A-Z0-9]([A-Z0-9.]{0,62}[A-Z0-9])?"
UNPRINTED = (
    r"\u0000-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f"
    r"\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
)
"""Control, format and zero-width characters, spaces other than U+0020, and filler characters."""
PRINTED, GLYPH = f"[^{UNPRINTED}]", f"[^ {UNPRINTED}]"
_TRIMMED = f"{GLYPH}({PRINTED}*{GLYPH})?"
PLAIN_TEXT = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
DIGEST = "[a-z]?-?[0-9a-f]{16,}"
CARD_NUMBER = r"[^0-9]*[0-9]([^0-9A-Za-z]*[0-9]){8}(([^0-9A-Za-z]*[0-9]){3})?[^0-9]*"
"""9 or 12 digits; letters only before and after all of them, other characters anywhere."""
_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = (
    rf"^{_DAY}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{{1,6}})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
FORMS: dict[str, Message] = {}
"""The description of a value in both languages, by the English text in the schema."""


def form(code: str, **values: Any) -> str:
    """Registers a form in FORMS, and returns its English text for a `description`."""
    described = message(code, **values)
    FORMS[described.en] = described
    return described.en


KEY_FORM = form("form-key", most=KEY_MAX, most_named=NAMED_KEY_MAX)
PERSON_FORM = form("form-person", most=KEY_MAX)
UNIT_FORM = form("form-unit")
DATE_FORM = form("form-day", first=FIRST_DAY, last=LAST_DAY)
_KEYS = [
    {"maxLength": KEY_MAX, "pattern": f"^{_TRIMMED}$"},
    {"maxLength": NAMED_KEY_MAX, "pattern": f"^{UNIT}/{_TRIMMED}$"},
]
_PERSONS = [
    {"maxLength": KEY_MAX, "pattern": f"^(?=[^0-9]*[0-9]){GLYPH}+$"},
    {"maxLength": NAMED_KEY_MAX, "pattern": f"^{UNIT}/(?=[^0-9]*[0-9]){GLYPH}+$"},
]
_NAME = {"pattern": f"^{_TRIMMED}$"}

Id: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=128, extra_json_schema=_NAME,
        description=form("form-id"),
    ),
]  # fmt: skip
Source: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=256, extra_json_schema=_NAME,
        description=form("form-source"),
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
        description=form("form-time"),
        extra_json_schema={"format": "date-time", "pattern": TIME},
    ),
]
Line: TypeAlias = Annotated[
    str,
    Meta(
        max_length=2000, extra_json_schema={"pattern": f"^{PRINTED}*$"},
        description=form("form-line"),
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
            "x-danchu": "person", "anyOf": _PERSONS,
            # no number of an identity card, after a unit's prefix or without; digests are keys
            "not": {"pattern": f"^({UNIT}/|(?!{UNIT}/))(?!{DIGEST}$){CARD_NUMBER}$"},
        },
    ),
]  # fmt: skip
Text: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=2000, extra_json_schema={"pattern": PLAIN_TEXT},
        description=form("form-text"),
    ),
]  # fmt: skip
SignedNote: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=NOTE_MAX, extra_json_schema={"pattern": PLAIN_TEXT},
        description=form("form-note", most=NOTE_MAX),
    ),
]  # fmt: skip
Document: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=DOCUMENT_MAX, extra_json_schema={"pattern": PLAIN_TEXT},
        description=form("form-document", most=DOCUMENT_MAX),
    ),
]  # fmt: skip
Name: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1, max_length=2000, extra_json_schema=_NAME, description=form("form-name"),
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
Count: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_INTEGER, description=form("form-count"))]
Amount: TypeAlias = Annotated[
    Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
    | Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,4})?$")],
    Meta(description=form("form-amount")),
]
SignedPoints: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,2})?$",
        description=form("form-points"),
    ),
]
Year: TypeAlias = Annotated[
    int, Meta(ge=2000, le=9999, description=form("form-year"))
]  # fmt: skip
Sha256: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{64}$",
        description=form("form-sha256"),
    ),
]
Url: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^https?://", max_length=2000,
        extra_json_schema={"pattern": f"^https?://({PRINTED}*{GLYPH})?$"},
        description=form("form-url"),
    ),
]  # fmt: skip

UnitKind: TypeAlias = Literal["commune", "agency", "public_service_unit", "enterprise"]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A document that stands behind an event, by name, digest and address."""

    document: Text
    sha256: Sha256 | UnsetType = UNSET
    url: Url | UnsetType = UNSET


class Version(NamedTuple):
    """The key of an event type: its short name, such as training.completed, and major version."""

    short: str
    major: int


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that the data of every event may have."""

    year: Year | UnsetType = UNSET
    evidence: Annotated[list[Evidence], Meta(max_length=EVIDENCE_MAX)] | UnsetType = UNSET

    def canonical(self) -> Data:
        """The data in the canonical version of its type, which is the one that rubrics read.

        The canonical version inherits this method; every other version overrides it and converts
        its own fields. `envelope.canonical` adds `year` and `evidence`.
        """
        return self
