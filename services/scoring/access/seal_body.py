"""The bodies of the two halves of a seal: the operator's decision, or a signature."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from services.scoring.access.decision_body import DecisionBody, Reason
from services.scoring.messages import message
from services.scoring.year import notes
from services.scoring.year.notes import NoteRefused

LINE_MAX = 600
Model = TypeVar("Model", bound=BaseModel)


def _line(text: str) -> str:
    try:
        return notes.parse_signature(text).line
    except NoteRefused:
        raise ValueError(message("signature-form")) from None


Line = Annotated[
    str, AfterValidator(_line),
    Field(
        max_length=LINE_MAX, description="the signature line of the note: — <key name> <base64>",
        examples=["— danchu.local/auditor/1 Uw2QOkn8…"],
    ),
]  # fmt: skip


class SignatureBody(BaseModel):
    """A signature that was made outside the server."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    signature: Line


class AuditorBody(BaseModel):
    """An auditor's signature; without it the auditor's key of the home signs."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    signature: Line | None = None


class SealBody(BaseModel):
    """The first or the second half of a seal, as the interface documents it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    decision: str | None = Field(None, description="operator: the number of the decision")
    date: str | None = Field(None, description="operator: the date of the decision")
    reason: str | None = Field(None, description="operator: why")
    signature: str | None = Field(None, description="a signature line, made outside")


class DropBody(BaseModel):
    """Why a draft is dropped."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    reason: Reason


def operator_body(content: Any) -> DecisionBody | SignatureBody:
    """What an operator sends: a decision, or the signature of a draft; 422 for anything else."""
    is_signature = isinstance(content, dict) and "signature" in content
    return _validated(SignatureBody, content) if is_signature else _validated(DecisionBody, content)


def auditor_body(content: Any) -> AuditorBody:
    """What an auditor sends; 422 for anything else."""
    return _validated(AuditorBody, content)


def _validated(model: type[Model], content: Any) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from None
