"""What people call the terms of the awards: stages, steps, kinds, levels and causes. Pure."""

from collections.abc import Callable

from contracts.messages import Message
from services.awards.messages import message
from services.records.state_machine import Words


def stage(name: str) -> Message:
    """A stage of an achievement."""
    return message(f"stage-{name}")


def step(name: str) -> Message:
    """A step of an achievement."""
    return message(f"step-{name}")


def kind(name: str) -> Message:
    """A model, or the example of a person."""
    return message(f"kind-{name}")


def what(name: str) -> Message:
    """A recognition, or an award."""
    return message(f"what-{name}")


def level(name: str) -> Message:
    """The level of a recognition or of an award."""
    return message(f"level-{name}")


WORDS = Words(message("achievement"), stage, step)
ELSEWHERE = frozenset(("replicate",))
"""Steps that the clerk of another unit takes than the one that has the achievement."""
TERMS: dict[str, Callable[[str], Message]] = {
    "stage": stage, "state": stage, "possible": step, "kind": kind, "what": what, "level": level,
}  # fmt: skip
