"""What the types of events are called on pages."""

from __future__ import annotations

from contracts.catalog import PREFIX
from contracts.messages import Message
from services.scoring.web.messages import message


def event_label(type_: str) -> Message:
    """The name of a type, such as `vn.danchu.training.completed.v1`, of any version."""
    domain, name, _ = type_.removeprefix(PREFIX).split(".")
    return message(f"event-{domain}-{name}")
