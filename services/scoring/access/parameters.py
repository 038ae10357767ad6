"""Parameters that routes and pages of scoring share, with their bounds."""

import re
from typing import Annotated, Literal

from fastapi import Path
from pydantic import AfterValidator, Field

from services.chassis.http.validation import Integer
from services.scoring.messages import message

UNIT_MAX = 64
Kind = Literal["commune", "agency", "public_service_unit", "enterprise"]
Sort = Literal["total", "-total", "name", "-name", "unit", "-unit"]
Year = Annotated[Integer, Path(ge=1900, le=9999, description="the rating year")]
UnitCode = Annotated[
    str, Path(max_length=UNIT_MAX, description="the unit's key, or one of its codes")
]
RECEIPTS_MAX = 100
RECEIPT = "[0-9a-f]{32}"
RECEIPTS = f"{RECEIPT}(,{RECEIPT}){{0,{RECEIPTS_MAX - 1}}}"


def _receipts(text: str) -> str:
    if not re.fullmatch(RECEIPTS, text, re.ASCII):
        raise ValueError(message("parameter-receipts", most=RECEIPTS_MAX))
    return text


WaitFor = Annotated[
    Annotated[str, AfterValidator(_receipts)] | None,
    Field(
        json_schema_extra={"pattern": f"^{RECEIPTS}$"},
        description="receipts, with commas: answer once each of them is folded (5 s, then 504)",
    ),
]
