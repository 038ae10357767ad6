"""What the types of events are called on pages and in files."""

from __future__ import annotations

from contracts.catalog import PREFIX
from contracts.messages import Message
from services.scoring.exports.messages import message


def event_label(type_: str) -> Message:
    """The name of a type, such as `vn.danchu.training.completed.v1`, of any version."""
    return short_event_label(type_.removeprefix(PREFIX).rpartition(".")[0])


def short_event_label(short: str) -> Message:
    """The name of a type by its short name, such as `training.completed`."""
    return message(f"event-{short.replace('.', '-')}")
