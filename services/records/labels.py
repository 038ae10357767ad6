"""Labels in both languages for the terms of a kind of record, from the catalogue of its service."""

from collections.abc import Callable

from contracts.messages import Message

Label = Callable[[str], Message]
"""The message of a term: of a stage, a step, a role."""


def label(message: Callable[..., Message], prefix: str) -> Label:
    """The label of every term under a prefix: of the stage `planned` it is `stage-planned`."""

    def label_of(term: str) -> Message:
        return message(f"{prefix}-{term}")

    return label_of
