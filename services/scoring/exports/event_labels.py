"""What the types of events, and the values of their closed lists, are called."""

from __future__ import annotations

import re

from contracts.catalog import PREFIX
from contracts.messages import Message, templates
from services.scoring.exports.messages import message

PACKAGE = "services.scoring.exports"


def event_label(type_: str) -> Message:
    """The name of a type, such as `vn.danchu.training.completed.v1`, of any version."""
    return short_event_label(type_.removeprefix(PREFIX).rpartition(".")[0])


def short_event_label(short: str) -> Message:
    """The name of a type by its short name, such as `training.completed`."""
    return message(f"event-{short.replace('.', '-')}")


def value_label(field: str, value: str) -> Message | None:
    """A value of a closed list in words, such as `topic` `it_skills`; None for any other value."""
    code = re.sub("[_.]", "-", f"value-{field}-{value}")
    return message(code) if code in templates(PACKAGE) else None
