"""The steps of a case as forms: who is asked what. What a step does is said in `messages.toml`."""

from __future__ import annotations

from typing import get_args

from contracts.messages import Message
from services.chassis.web.site import Visit
from services.records.pages.kinds import (
    Record,
    RecordKind,
    StepField,
    StepForm,
    options,
    short_id,
)
from services.violations import labels
from services.violations.domain import Act, Appellant, Authority, Complexity, Severity
from services.violations.pages.messages import message

CLERK, COUNCIL, BOTH = ("clerk",), ("council",), ("clerk", "council")
READS_CASES = ("clerk", "council", "auditor")
DAY = StepField("at", "day")


def by_council(visit: Visit, record: Record) -> bool:
    """Whether the council fills in the form."""
    return visit.caller.role in COUNCIL


def _may_be_self_found(visit: Visit, record: Record) -> bool:
    return by_council(visit, record) or bool(record.get("by_unit"))


def decider(name: str) -> Message:
    """Who overturned or appealed."""
    return message(f"by-{name}") if name in get_args(Authority) else labels.appellant(name)


def case_title(record: Record) -> Message:
    """A case by the end of its id, which names nobody."""
    return message("case-title", id=short_id(record))


STEPS = (
    StepForm("verify", (StepField("outcome", "area", True), DAY), COUNCIL),
    StepForm(
        "conclude",
        (
            StepField("act", "select", True, options(labels.act, get_args(Act))),
            StepField("deed", required=True), DAY, StepField("due", "day", label="handling_due"),
        ),
        COUNCIL,
    ),
    StepForm(
        "handle",
        (
            StepField(
                "severity", "select", True, options(labels.severity, get_args(Severity))
            ),
            StepField("measure", "area", True), StepField("decision", required=True), DAY,
            StepField("self_found", "box", offered=_may_be_self_found),
            StepField("by_head", "box", offered=by_council),
            StepField("year", "number", offered=by_council),
        ),
        BOTH,
    ),
    StepForm(
        "appeal",
        (
            StepField(
                "by", "select", True, options(labels.appellant, get_args(Appellant)),
                label="appellant",
            ),
            DAY, StepField("received", "day"),
        ),
        BOTH,
    ),
    StepForm("uphold", (StepField("decision", required=True), DAY), COUNCIL),
    StepForm(
        "assign",
        (
            StepField("to", required=True),
            StepField(
                "complexity", "select", True, options(labels.complexity, get_args(Complexity))
            ),
            DAY,
        ),
        COUNCIL, begun=lambda record, _: {"complexity": record.get("complexity")},
    ),
    StepForm("join", (StepField("into", required=True), DAY), COUNCIL),
    StepForm("transfer", (StepField("unit", required=True), DAY), COUNCIL),
    StepForm("dismiss", (StepField("reason", "area", True), DAY), COUNCIL, grave=True),
    StepForm(
        "overturn",
        (
            StepField(
                "by", "select", True, options(decider, get_args(Authority)), label="authority"
            ),
            StepField("decision", required=True), DAY,
        ),
        COUNCIL, grave=True,
    ),
)  # fmt: skip
CASES = RecordKind(
    "violations", "cases", message("cases-title"), case_title, labels.command, STEPS,
    READS_CASES, BOTH,
    {
        "act": labels.act, "severity": labels.severity, "complexity": labels.complexity,
        "by": decider, "words": labels.field,
    },
)  # fmt: skip
REPORT = StepForm(
    "report",
    (
        StepField("unit", required=True), DAY, StepField("allegation", "area", True),
        StepField("place"), StepField("reporter"),
    ),
    BOTH,
)  # fmt: skip
