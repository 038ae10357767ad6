"""Labels in both languages for the terms of a kind of record, from the catalogue of its service."""

from collections.abc import Callable

from contracts.messages import Message

Label = Callable[[str], Message]
"""Gives the message of a term, such as a stage, a step or a role."""


def label(message: Callable[..., Message], prefix: str) -> Label:
    """A function from terms to messages: with prefix `stage`, `planned` gives `stage-planned`."""

    def label_of(term: str) -> Message:
        return message(f"{prefix}-{term}")

    return label_of
