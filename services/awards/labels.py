"""The labels of the terms of the awards: stages, steps, kinds, levels and causes. Pure."""

from services.awards.messages import message
from services.records.labels import Label, label
from services.records.state_machine import Vocabulary

stage, step = label(message, "stage"), label(message, "step")
kind, what, level = label(message, "kind"), label(message, "what"), label(message, "level")
cause = label(message, "cause")
"""Why something is revoked."""
command = label(message, "do")
"""A step as a command, such as the title of its form."""
WORDS = Vocabulary(message("achievement"), stage, step)
ELSEWHERE = frozenset(("replicate",))
"""Steps that the clerk of another unit may take."""
TERMS: dict[str, Label] = {
    "stage": stage, "state": stage, "possible": step, "kind": kind, "what": what, "level": level,
}  # fmt: skip
"""The label function of each member of an answer whose values are terms."""
