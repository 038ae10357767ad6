"""The labels of the terms of the violations: stages, steps, clauses, sanctions, roles. Pure."""

from services.records.labels import Label, label
from services.records.state_machine import Vocabulary
from services.violations.messages import message

stage, step = label(message, "stage"), label(message, "step")
act = label(message, "act")
"""A clause of Article 9 of Law 10/2022."""
severity, complexity = label(message, "severity"), label(message, "complexity")
appellant = label(message, "by")
command = label(message, "do")
"""A step as a command, such as the title of its form."""
field = label(message, "field")
"""A field of a case that is stored encrypted."""
CASE = Vocabulary(message("case"), stage, step)
TERMS: dict[str, Label] = {
    "stage": stage, "state": stage, "possible": step, "act": act, "severity": severity,
    "complexity": complexity, "by": appellant, "field": field,
}  # fmt: skip
"""The label function of each member of an answer whose values are terms."""
