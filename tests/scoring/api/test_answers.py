"""What OpenAPI says of the answers of scoring is what they are."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import BaseModel

from services.scoring.api import answers
from services.scoring.api.answers import RatingAnswer
from services.scoring.api.sheet_answers import SheetAnswer
from services.scoring.ratings.recount import Accepted
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.simulation.sample import sample_city
from tests.scoring.ratings.sheet.test_sheet import sample, sheets
from tests.support.builders.cities import accepted, rating_answers


def undescribed(model: type[BaseModel], told: dict[str, Any]) -> set[str]:
    """The members of an answer that no model has, with where they stand."""
    known = {info.alias or name: info.annotation for name, info in model.model_fields.items()}
    found = {f"{model.__name__}.{name}" for name in told.keys() - known.keys()}
    for name, value in told.items():
        for inner in models_in(known.get(name)):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict):
                    found |= undescribed(inner, one)
    return found


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The model that a member is, or is a list of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) if part is not str for model in models_in(part)]


def test_ratings_are_what_openapi_says() -> None:
    """Every member of every rating of the sample city is described, and has its type."""
    city_events = Accepted(accepted(sample_city()))
    for rating in rating_answers(city_events, load_directory(SHIPPED), 2025).values():
        RatingAnswer.model_validate(rating, strict=True)
        assert (
            undescribed(RatingAnswer, {k: v for k, v in rating.items() if k != "labels"}) == set()
        )


def test_sheets_are_what_openapi_says() -> None:
    """Every member of every sheet is described, those of duties, steps and near keys too."""
    city_events, ruled = sample()
    for sheet in sheets(city_events, ruled, 2025).values():
        SheetAnswer.model_validate(sheet, strict=True)
        shown = {k: v for k, v in sheet.items() if k not in ("rating", "other_view")}
        assert undescribed(SheetAnswer, shown) == set()


@pytest.mark.parametrize("name", ["note", "counted", "receipt", "reason_vi"])
def test_the_models_have_what_lists_of_events_have(name: str) -> None:
    """Beside the event's own attributes."""
    assert name in answers.CountedEventAnswer.model_fields
