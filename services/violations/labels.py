"""What people call the terms of the violations: stages, steps, clauses, sanctions, roles. Pure."""

from collections.abc import Callable

from contracts.messages import Message
from services.records.state_machine import Words
from services.violations.messages import message


def stage(name: str) -> Message:
    """A stage of a case."""
    return message(f"stage-{name}")


def step(name: str) -> Message:
    """A step of a case."""
    return message(f"step-{name}")


def act(clause: str) -> Message:
    """A clause of Article 9 of Law 10/2022."""
    return message(f"act-{clause}")


def severity(name: str) -> Message:
    """The form of a sanction."""
    return message(f"severity-{name}")


def complexity(name: str) -> Message:
    """How complex a case is, on which its terms rest."""
    return message(f"complexity-{name}")


def appellant(name: str) -> Message:
    """Who appeals, in role."""
    return message(f"by-{name}")


def field(name: str) -> Message:
    """A field of a case whose words are kept encrypted."""
    return message(f"field-{name}")


CASE = Words(message("case"), stage, step)
TERMS: dict[str, Callable[[str], Message]] = {
    "stage": stage, "state": stage, "possible": step, "act": act, "severity": severity,
    "complexity": complexity, "by": appellant, "field": field,
}  # fmt: skip
