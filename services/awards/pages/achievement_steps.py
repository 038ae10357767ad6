"""The steps of an achievement as forms. What a step does is said in `messages.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from contracts.messages import Message
from services.awards import labels
from services.awards.domain import AWARD_LEVELS, RECOGNITION_LEVELS, Cause, Kind, What
from services.awards.pages.messages import message
from services.chassis.auth.credentials import READS_ALL
from services.chassis.web.site import Visit
from services.records.pages.kinds import (
    Record,
    RecordKind,
    StepField,
    StepForm,
    by_its_role,
    options,
    short_id,
)
from services.records.routes import READS_JOURNALS

CLERK, COUNCIL, BOTH = ("clerk",), ("council",), ("clerk", "council")
TITLE_MAX = 120
LEVELS = (*RECOGNITION_LEVELS, *(each for each in AWARD_LEVELS if each not in RECOGNITION_LEVELS))
AT = StepField("at", "day")
DECISION = StepField("decision", required=True)
DOCUMENT, URL = StepField("document"), StepField("url")


def achievement_title(record: Record) -> Message | str:
    """Its title, shortened; one that was withdrawn has none, but the end of its id."""
    title = str(record.get("title") or "")
    if not title:
        return message("achievement-title", id=short_id(record))
    return title if len(title) <= TITLE_MAX else f"{title[: TITLE_MAX - 1]}…"


def reads_unit(visit: Visit, unit: str) -> bool:
    """Whether a person may read the achievements of a unit, not only the register."""
    return visit.caller.role in READS_ALL or visit.caller.speaks_for(unit)


def _may_retract(visit: Visit, entry: Record) -> bool:
    """A clerk takes back a replication only for the unit that took the model up."""
    if entry["step"] == REPLICATE.name and visit.caller.role in CLERK:
        return by_its_role(visit, entry) and visit.caller.speaks_for(entry["data"]["by"])
    return by_its_role(visit, entry)


def _appraised_level(record: Record, query: Mapping[str, str]) -> Mapping[str, Any]:
    """A decision is about the level that was voted on."""
    return {"level": (record.get("appraisal") or {}).get("level")}


def _only_form(record: Record, query: Mapping[str, str]) -> Mapping[str, Any]:
    """What is revoked, where there is one form of honour alone."""
    forms = {honour["what"] for honour in record.get("honours") or ()}
    return {"what": forms.pop() if len(forms) == 1 else None}


def _decision(name: str, levels: tuple[str, ...]) -> StepForm:
    level = StepField("level", "select", True, options(labels.level, levels))
    return StepForm(name, (level, DECISION, AT, DOCUMENT, URL), COUNCIL, begun=_appraised_level)


NOMINATE = StepForm(
    "nominate",
    (
        StepField("unit", required=True),
        StepField("kind", "select", True, options(labels.kind, get_args(Kind))),
        StepField("title", required=True), StepField("merits", "area", True),
        StepField("honoree"), AT, DOCUMENT, URL,
    ),
    CLERK, begun=lambda record, query: {"kind": get_args(Kind)[0]},
)  # fmt: skip
APPRAISE = StepForm(
    "appraise",
    (
        StepField("what", "select", True, options(labels.what, get_args(What))),
        StepField("level", "select", True, options(labels.level, LEVELS)),
        StepField("in_favour", "number", True), StepField("against", "number", True),
        StepField("abstained", "number"), AT,
    ),
    COUNCIL, begun=lambda record, query: {"what": get_args(What)[0]},
)  # fmt: skip
REPLICATE = StepForm(
    "replicate",
    (StepField("by", required=True), StepField("document", required=True), URL, AT), BOTH,
)  # fmt: skip
STEPS = (
    APPRAISE,
    _decision("recognise", RECOGNITION_LEVELS),
    _decision("grant", AWARD_LEVELS),
    REPLICATE,
    StepForm("transfer", (StepField("unit", required=True), AT), COUNCIL),
    StepForm("refuse", (StepField("reason", "area", True), AT), COUNCIL, grave=True),
    StepForm(
        "revoke",
        (
            StepField("what", "select", True, options(labels.what, get_args(What))),
            StepField("level", "select", options=options(labels.level, AWARD_LEVELS)),
            StepField("cause", "select", True, options(labels.cause, get_args(Cause))),
            DECISION, AT,
        ),
        COUNCIL, grave=True, begun=_only_form,
    ),
)  # fmt: skip
ACHIEVEMENTS = RecordKind(
    "awards", "achievements", message("achievements-title"), achievement_title, labels.command,
    STEPS, READS_JOURNALS, BOTH,
    {"kind": labels.kind, "what": labels.what, "level": labels.level, "cause": labels.cause},
    may_retract=_may_retract,
)  # fmt: skip
REGISTER = RecordKind(
    "awards", "register", message("register-title"), achievement_title, labels.command,
    (REPLICATE,), (), CLERK,
)  # fmt: skip
"""What is recognised, as persons of other units see it: they may take a model up."""
