"""What people call the terms of training: stages, steps, roles, topics, results of tests. Pure."""

from collections.abc import Callable

from contracts.messages import Message
from services.records.state_machine import Words
from services.training.messages import message


def stage(name: str) -> Message:
    """A stage of a course, a membership or a person."""
    return message(f"stage-{name}")


def step(name: str) -> Message:
    """A step of a course, a membership or a person."""
    return message(f"step-{name}")


def role(name: str) -> Message:
    """A role on a roster."""
    return message(f"role-{name}")


def topic(name: str) -> Message:
    """The topic of a course."""
    return message(f"topic-{name}")


def test(name: str) -> Message:
    """The result of a test."""
    return message(f"test-{name}")


COURSE = Words(message("course"), stage, step)
MEMBERSHIP = Words(message("membership"), stage, step)
PERSON = Words(message("person"), stage, step)
TERMS: dict[str, Callable[[str], Message]] = {
    "stage": stage, "state": stage, "possible": step, "role": role, "topic": topic, "test": test,
}  # fmt: skip
