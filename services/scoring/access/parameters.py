"""Parameters that routes and pages of scoring share, with their bounds."""

from typing import Annotated, Literal

from fastapi import Path

from services.chassis.http.validation import Integer

UNIT_MAX = 64
Kind = Literal["commune", "agency", "public_service_unit", "enterprise"]
Sort = Literal["total", "-total", "name", "-name", "unit", "-unit"]
Year = Annotated[Integer, Path(ge=1900, le=9999, description="the rating year")]
UnitCode = Annotated[
    str, Path(max_length=UNIT_MAX, description="the unit's key, or one of its codes")
]
