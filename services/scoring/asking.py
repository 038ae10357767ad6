"""What can be asked of scoring over HTTP: parameters with their bounds; others are refused."""

import re
from typing import Annotated, Any, Literal

from fastapi import Path, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

RECEIPTS_MAX = 100
RECEIPT = "[0-9a-f]{32}"
WaitFor = Annotated[
    str | None,
    Field(
        pattern=f"^{RECEIPT}(,{RECEIPT}){{0,{RECEIPTS_MAX - 1}}}$",
        description="receipts, with commas: answer once each of them is folded (5 s, then 504)",
    ),
]
Kind = Literal["commune", "agency", "public_service_unit", "enterprise"]
Sort = Literal["total", "-total", "name", "-name", "unit", "-unit"]
Year = Annotated[int, Path(ge=1900, le=9999, description="the rating year")]
UNIT_MAX = 64
YEAR = re.compile("(19|[2-9][0-9])[0-9]{2}", re.ASCII)
Asked = Annotated[str, Path(max_length=UNIT_MAX, description="the unit's key, or one of its codes")]


class Waiting(BaseModel):
    """What every query takes; a parameter of another name is refused."""

    model_config = ConfigDict(extra="forbid")
    wait_for: WaitFor = None


class Viewing(Waiting):
    """A view instead of the one that binds."""

    view: Literal["own", "pooled"] | None = None


class RatingAsked(Viewing):
    """The parameters of one rating, those of its path among them."""

    year: int = Field(ge=1900, le=9999, description="the rating year")
    unit: str = Field(max_length=UNIT_MAX, description="the unit's key, or one of its codes")


PLAIN = Viewing()


class Paging(Waiting):
    """A page of a list."""

    limit: int = Field(50, ge=1, le=1000)
    cursor: str | None = Field(None, max_length=2000)


class Listing(Paging):
    """A page of a year's ratings."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    year: int = Field(ge=1900, le=9999)
    kind: Kind | None = None
    class_: str | None = Field(None, alias="class", max_length=64)
    q: str | None = Field(None, max_length=200, description="words of the name, or of the key")
    sort: Sort = Field("total", description="total: best first; with - the other way round")


class Quarantined(BaseModel):
    """A page of the quarantine."""

    model_config = ConfigDict(extra="forbid")
    state: Literal["waiting", "replayed", "dropped"] | None = None
    limit: int = Field(50, ge=1, le=1000)


def rating_asked(request: Request) -> tuple[int, str, Viewing]:
    """The parameters of the most frequent question, read without the framework's reflection."""
    given = {**request.query_params, **request.path_params}
    if len(given) == 2 and YEAR.fullmatch(given["year"]) and len(given["unit"]) <= UNIT_MAX:
        return int(given["year"]), given["unit"], PLAIN
    try:
        asked = RatingAsked.model_validate(given)
    except ValidationError as wrong:
        raise RequestValidationError(
            [{**one, "loc": ("query", *one["loc"])} for one in wrong.errors()]
        ) from None
    return asked.year, asked.unit, asked


def rating_parameters() -> list[dict[str, Any]]:
    """The parameters of one rating as OpenAPI has them."""
    in_path = ("year", "unit")
    return [
        {
            "name": name, "in": "path" if name in in_path else "query",
            "required": name in in_path, "schema": schema,
        }
        for name, schema in RatingAsked.model_json_schema()["properties"].items()
    ]  # fmt: skip
