"""The parameters of the queries over HTTP, with their bounds; others are refused."""

import re
from typing import Annotated, Any, Literal

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from contracts import moments
from services.chassis.http.problems import wrong_parameters
from services.chassis.http.validation import Integer, instant_text
from services.scoring.access.parameters import UNIT_MAX, Kind, Sort, WaitFor
from services.scoring.messages import message
from services.scoring.readmodel.moment import NOW, Moment

VERSION_MAX = 999_999
FIELDS_MAX = 20
YEAR = re.compile("(19|[2-9][0-9])[0-9]{2}", re.ASCII)


AsOfText = Annotated[
    Annotated[str, AfterValidator(instant_text)] | None,
    Field(
        max_length=64, json_schema_extra={"format": "date-time"},
        description="as recorded by the doors up to this instant (RFC 3339)",
    ),
]  # fmt: skip


Version = Annotated[
    Integer | None,
    Field(ge=1, le=VERSION_MAX, description="a version of the year; not together with as_of"),
]


class Waiting(BaseModel):
    """The parameter of every query; a parameter of another name is refused."""

    model_config = ConfigDict(extra="forbid")
    wait_for: WaitFor = None


class Past(Waiting):
    """The year as of an instant, or a sealed version of it, instead of the present state."""

    as_of: AsOfText = None
    version: Version = None

    @property
    def moment(self) -> Moment:
        """The state of the year that the question is about; Problem 422 for two of them."""
        if self.as_of is not None and self.version is not None:
            raise wrong_parameters([("as_of", message("as-of-and-version"))])
        as_of = None if self.as_of is None else moments.instant(self.as_of)
        return NOW if as_of is None and self.version is None else Moment(as_of, self.version)


class Viewing(Past):
    """A view instead of the one that binds."""

    view: Literal["own", "pooled"] | None = None


class RatingParameters(Viewing):
    """The parameters of one rating, those of its path among them."""

    year: Integer = Field(ge=1900, le=9999, description="the rating year")
    unit: str = Field(max_length=UNIT_MAX, description="the unit's key, or one of its codes")


PLAIN = Viewing()
IN_PATH = ("year", "unit")


class Paging(Waiting):
    """A page of a list."""

    limit: Integer = Field(50, ge=1, le=1000)
    cursor: str | None = Field(None, max_length=2000)


class EventPaging(Past, Paging):
    """A page of a unit's events."""


class Filters(Past):
    """Which ratings of a year, and in which order."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    kind: Kind | None = None
    class_: str | None = Field(None, alias="class", max_length=64)
    q: str | None = Field(
        None, max_length=200,
        description="words of a name or a code that the unit has or had; whole words come first",
    )  # fmt: skip
    sort: Sort = Field("total", description="total: best first; with - the other way round")


class Listing(Filters, Paging):
    """A page of a year's ratings."""

    year: Integer = Field(ge=1900, le=9999)


class CsvExport(Filters):
    """A year's ratings as CSV."""

    separator: Literal[",", ";", "\t", "comma", "semicolon", "tab"] = Field(
        "comma", description="what separates the values, by its name or as itself",
    )  # fmt: skip
    decimal: Literal["point", "comma"] = Field(
        "point", description="how points are spelled: 12.50, or 12,50 for Vietnamese spreadsheets",
    )  # fmt: skip


class XlsxExport(Filters):
    """A year's ratings as XLSX."""

    lang: Literal["vi", "en"] = Field("vi", description="the language of headings and terms")


class PdfExport(Viewing):
    """A unit's sheet as PDF."""

    lang: Literal["vi", "en"] = Field("vi", description="the language of the document")


class ReportExport(Waiting):
    """The council's report as PDF."""

    lang: Literal["vi", "en"] = Field("vi", description="the language of the document")


class TwoStates(Waiting):
    """Two states of a year; the second is the present one where none is given."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    first: AsOfText = Field(None, alias="from")
    first_version: Version = Field(None, alias="from_version")
    second: AsOfText = Field(None, alias="to")
    second_version: Version = Field(None, alias="to_version")

    @property
    def moments(self) -> tuple[Moment, Moment]:
        """The two states; Problem 422 where the first is missing or one is given twice."""
        if self.first is None and self.first_version is None:
            raise wrong_parameters([("from", message("change-from-missing"))])
        return (
            _side("from", self.first, self.first_version),
            _side("to", self.second, self.second_version),
        )


def _side(name: str, as_of: str | None, version: int | None) -> Moment:
    if as_of is not None and version is not None:
        raise wrong_parameters([(name, message("change-side-twice", other=f"{name}_version"))])
    return Moment(None if as_of is None else moments.instant(as_of), version)


class QuarantinePaging(BaseModel):
    """A page of the quarantine."""

    model_config = ConfigDict(extra="forbid")
    state: Literal["waiting", "replayed", "dropped"] | None = None
    limit: Integer = Field(50, ge=1, le=1000)


def refuse_repeated(request: Request) -> None:
    """Problem 422 for a parameter that stands twice: it is unclear which one is meant."""
    names = [name for name, _ in request.query_params.multi_items()]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        sentence = message("parameter-repeated")
        raise wrong_parameters((name, sentence) for name in repeated[:FIELDS_MAX])


def rating_request(request: Request) -> tuple[int, str, Viewing]:
    """The parameters of the most frequent request, read without the framework's reflection."""
    path, query = request.path_params, request.query_params
    if not query and YEAR.fullmatch(path["year"]) and len(path["unit"]) <= UNIT_MAX:
        return int(path["year"]), path["unit"], PLAIN
    refuse_repeated(request)
    foreign = [name for name in IN_PATH if name in query]
    if foreign:
        raise wrong_parameters([(name, message("parameter-in-path")) for name in foreign])
    try:
        parameters = RatingParameters.model_validate({**query, **path})
    except ValidationError as invalid:
        errors = [{**error, "loc": ("query", *error["loc"])} for error in invalid.errors()]
        raise RequestValidationError(errors) from None
    return parameters.year, parameters.unit, parameters


def rating_parameters() -> list[dict[str, Any]]:
    """The parameters of one rating as OpenAPI has them."""
    return [
        {
            "name": name, "in": "path" if name in IN_PATH else "query",
            "required": name in IN_PATH, "schema": schema,
        }
        for name, schema in RatingParameters.model_json_schema()["properties"].items()
    ]  # fmt: skip
