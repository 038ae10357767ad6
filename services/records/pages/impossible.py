"""What is impossible now: a page that says why, who was there before, and what can be done.

It has no form. What was typed for a step that somebody else has made impossible meanwhile is shown,
so that it can be copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Response

from contracts.messages import Message
from services.chassis.web.forms import Form
from services.chassis.web.site import Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.journals import JournalLine, lines_after
from services.records.pages.kinds import Record, RecordKind, StepField
from services.records.pages.messages import message

CONFLICT = 409
FROM_THE_FIRST = "0"


async def impossible_page(
    visit: Visit, api: RecordApi, kind: RecordKind, record: Record, title: Message,
    why: Sequence[Message] = (), typed: Sequence[tuple[str, Message | str]] = (),
    later: Sequence[JournalLine] = (), address: str = "",
) -> Response:  # fmt: skip
    """The page; `later` is what others have entered since a form was made, else the last step.

    `address` is where the page of the record is, if that does not follow from its kind.
    """
    lines = later or (await lines_after(visit, api, kind, record["id"], FROM_THE_FIRST))[:1]
    return visit.page(
        "record_impossible.html", CONFLICT, kind=kind, record=record, title=title, typed=typed,
        why=why or (stage_reason(record),), later=later, lines=lines,
        address=address or kind.address(record["id"]), steps=kind.next_steps(visit, record),
    )  # fmt: skip


def stage_reason(record: Record) -> Message:
    """The stage of a record, which does not allow the step."""
    stage = str(record.get("stage", ""))
    words = Message(stage, str(record.get("stage_vi", stage)), str(record.get("stage_en", stage)))
    return message("record-stage", stage=words)


def typed_fields(
    form: Form, fields: Sequence[StepField]
) -> list[tuple[str, Any]]:  # fmt: skip
    """What was typed or chosen, by the codes of the fields, in words."""
    typed = []
    for each in fields:
        text = form.text(each.name)
        words = dict(each.options) if not callable(each.options) else {}
        if text:
            typed.append((each.code, words.get(text, text)))
    return typed
