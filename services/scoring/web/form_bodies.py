"""From a form to the body of a command: the same model as the interface has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from services.chassis.http.validation import field_faults
from services.chassis.web.forms import Form

Body = TypeVar("Body", bound=BaseModel)


def body_of(model: type[Body], fields: Iterable[str], form: Form) -> Body | None:
    """The body of the command; None where the form has faults, which are noted in it."""
    try:
        return model.model_validate(form.body(*fields))
    except ValidationError as error:
        located = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
    for name, sentence in field_faults(located):
        form.refuse(name, sentence)
    return None
