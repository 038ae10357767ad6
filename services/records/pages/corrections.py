"""A step that was taken back and is entered once more: its form begins with what was entered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.chassis.web import formats
from services.chassis.web.site import Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.kinds import EVIDENCE, RecordKind, StepField, StepForm, local_moment

REPEATED = "repeated"
"""The parameter that names the step by its version, or, for a new record, the one before."""
DAY_LENGTH = len("2025-03-01")


async def begun_again(
    visit: Visit, api: RecordApi, kind: RecordKind, step: StepForm, id_: str, version: str
) -> dict[str, Any]:
    """What was entered with a version of a record, by field; nothing for any other step.

    Texts that are stored encrypted are not in the journal, and are typed once more.
    """
    entries = (await api.get(visit, f"/{kind.collection}/{id_}/journal")).body["items"]
    for entry in entries:
        if str(entry["version"]) == version and entry["step"] == step.name:
            return entered_fields(step, entry)
    return {}


def entered_fields(step: StepForm, entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of a journal as the fields of the form of its step."""
    data = {**entry["data"], "at": entry["at"]}
    document = (data.get(EVIDENCE) or [{}])[0]
    members = {**document, **data}
    return {each.name: _field_of(each, members.get(each.name)) for each in step.fields}


def _field_of(field: StepField, value: Any) -> str | None:
    if value in (None, "", False):
        return None
    match field.kind:
        case "box":
            return "1"
        case "day":
            return str(value)[:DAY_LENGTH]
        case "moment":
            return local_moment(str(value))
        case "decimal":
            return formats.decimal(str(value))
    return str(value)
