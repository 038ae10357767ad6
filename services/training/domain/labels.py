"""The labels of the terms of training: stages, steps, roles, topics, results of tests. Pure."""

from services.records.labels import Label, label
from services.records.state_machine import Vocabulary
from services.training.messages import message

stage, step = label(message, "stage"), label(message, "step")
role, topic, test = label(message, "role"), label(message, "topic"), label(message, "test")
command = label(message, "do")
"""A step as a command, such as the title of its form."""
COURSE = Vocabulary(message("course"), stage, step)
MEMBERSHIP = Vocabulary(message("membership"), stage, step)
PERSON = Vocabulary(message("person"), stage, step)
TERMS: dict[str, Label] = {
    "stage": stage, "state": stage, "possible": step, "role": role, "topic": topic, "test": test,
}  # fmt: skip
"""By the name of a member of an answer, the label of its value."""
