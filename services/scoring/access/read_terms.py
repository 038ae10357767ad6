"""What lines of the log of reads are called in words."""

from __future__ import annotations

from contracts.messages import Message, templates
from services.scoring.messages import message

TERM = "read-"


def read_terms() -> list[str]:
    """What can be read or decided, as lines name it."""
    return [code.removeprefix(TERM) for code in templates("services.scoring") if TERM in code]


def read_term(what: str) -> Message:
    """What was read, in words; as it stands where another version wrote it."""
    if f"{TERM}{what}" not in templates("services.scoring"):
        return Message("read", what, what)
    return message(f"read-{what}")
