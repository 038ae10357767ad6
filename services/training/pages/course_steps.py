"""The steps of a course as forms: who is asked what. `messages.toml` says what a step does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from contracts import moments
from contracts.messages import Message
from services.chassis.web import formats
from services.chassis.web.site import Visit
from services.records.pages.kinds import (
    Options,
    Record,
    RecordKind,
    StepField,
    StepForm,
    by_its_role,
    local_moment,
    options,
    short_id,
)
from services.training.domain import labels
from services.training.domain.attendance import session_end
from services.training.domain.course import Topic
from services.training.pages.messages import message

CLERK, COUNCIL, BOTH = ("clerk",), ("council",), ("clerk", "council")
READS_JOURNALS = ("clerk", "council", "auditor", "operator")
OF_SESSION = ("move", "drop")
"""The steps on one session, which its row of the table offers."""
FIRST_TOPIC, DAY_LENGTH = "democracy", len("2025-03-01")
DAY = StepField("at", "day")


def course_title(record: Record) -> Message | str:
    """A course by its title; one that was withdrawn by the end of its id."""
    return record.get("title") or message("course-withdrawn", id=short_id(record))


def session_title(session: Mapping[str, Any]) -> Message:
    """A session by its number and time."""
    return message(
        "course-session", number=session["number"], starts=formats.moment(session["starts"])
    )


def sessions_of(
    fits: Callable[[Mapping[str, Any]], bool] = lambda session: True,
) -> Callable[[Record], Options]:
    """The sessions of a course that fit, as a choice."""

    def sessions(record: Record) -> Options:
        return [
            (each["session"], session_title(each))
            for each in record.get("sessions") or ()
            if fits(each)
        ]

    return sessions


def _plan_of(record: Record, query: Mapping[str, str]) -> dict[str, Any]:
    """What the plan of a course says now."""
    rule = record.get("rule") or {"hours_min": None, "test": False}
    plain = {name: record.get(name) for name in ("title", "topic", "due", "provider", "clause")}
    hours = {"hours": record.get("hours"), "hours_min": rule["hours_min"]}
    decimals = {name: formats.decimal(text) for name, text in hours.items() if text}
    return {**plain, **decimals, "test": "1" if rule["test"] else None}


def _session_of(record: Record, query: Mapping[str, str]) -> dict[str, Any]:
    """The session that the address names, as it is now."""
    for each in record.get("sessions") or ():
        if each["session"] == query.get("session"):
            starts, hours = local_moment(each["starts"]), formats.decimal(each["hours"])
            return {**each, "starts": starts, "hours": hours}
    return {}


def session_ends(session: Mapping[str, Any]) -> int:
    """The instant at which a session is over, in microseconds."""
    return session_end(moments.instant(session["starts"]), session["hours"])


def _still_ahead(record: Record, now: int) -> Message | None:
    """The sessions of a course that are not over: until then it cannot have been held."""
    ahead = [each for each in record.get("sessions") or () if session_ends(each) > now]
    if not ahead:
        return None
    return message("hold-ahead", session=session_title(max(ahead, key=session_ends)))


def _last_day(record: Record, query: Mapping[str, str]) -> dict[str, Any]:
    """The day of the last session: a course that is closed later would count as late."""
    days = [str(each["starts"])[:DAY_LENGTH] for each in record.get("sessions") or ()]
    return {"at": max(days, default=None)}


TITLE = StepField("title", required=True)
TOPICS = options(labels.topic, get_args(Topic))
TOPIC = StepField("topic", "select", True, TOPICS)
OF_PLAN = (
    StepField("hours_min", "decimal"), StepField("due", "day"), StepField("provider"),
    StepField("clause"), StepField("test", "box"),
)  # fmt: skip
STARTS, PLACE = StepField("starts", "moment", True), StepField("place", required=True)
HOURS = StepField("hours", "decimal", True)
PLAN = StepForm(
    "plan",
    (StepField("unit", required=True), TITLE, TOPIC, HOURS, *OF_PLAN, DAY,
     StepField("year", "number")),
    CLERK, begun=lambda record, query: {"topic": FIRST_TOPIC},
)  # fmt: skip
STEPS = (
    StepForm("hold", (DAY,), CLERK, begun=_last_day, hindrance=_still_ahead),
    StepForm("schedule", (STARTS, PLACE, HOURS), CLERK),
    StepForm("revise", (TITLE, TOPIC, HOURS, *OF_PLAN), CLERK, begun=_plan_of, changes=True),
    StepForm(
        "move", (StepField("session", "select", True, sessions_of()), STARTS, PLACE, HOURS),
        CLERK, begun=_session_of,
    ),
    StepForm(
        "drop",
        (StepField("session", "select", True, sessions_of(lambda each: not each["attended"])),),
        CLERK, grave=True, begun=_session_of,
    ),
    StepForm("transfer", (StepField("unit", required=True), DAY), COUNCIL),
    StepForm("cancel", (StepField("reason", "area", True), DAY), COUNCIL, grave=True),
)  # fmt: skip


def _persons(values: Sequence[Any]) -> Message:
    return message("course-persons", count=len(values))


def _may_retract(visit: Visit, entry: Mapping[str, Any]) -> bool:
    """The plan itself is taken back by the council alone."""
    own = by_its_role(visit, entry)
    return own and (visit.caller.role in COUNCIL or entry["version"] > 1)


COURSES = RecordKind(
    "training", "courses", message("courses-title"), course_title, labels.command, STEPS,
    READS_JOURNALS, BOTH, {"topic": labels.topic}, {"rows": _persons, "persons": _persons},
    _may_retract,
)  # fmt: skip
