"""Why an event does not count: a stable word, and a sentence in each language. Pure."""

from __future__ import annotations

from services.scoring.fold import verdict
from services.scoring.messages import message

CODES = {
    verdict.RETRACTED: "uncounted-retracted",
    verdict.OTHER_SOURCE: "uncounted-other-source",
    verdict.OTHER_SUBJECT: "uncounted-other-subject",
    verdict.RETRACTION_STANDS: "uncounted-retraction-stands",
    verdict.UNIT_UNKNOWN: "uncounted-unit-unknown",
    verdict.OUTSIDE_SPAN: "uncounted-outside-span",
    verdict.NO_RUBRIC: "uncounted-no-rubric",
    verdict.NO_RULE: "uncounted-no-rule",
    verdict.NO_INDICATOR: "uncounted-no-indicator",
    verdict.LATE: "uncounted-late",
}
SET_ASIDE = "set aside by the operator"


def uncounted_members(reason: str | None) -> dict[str, str | None]:
    """The reason as members of an item: the word and its sentences, None where it counts."""
    if reason is None:
        return {"reason": None, "reason_vi": None, "reason_en": None}
    sentence = message(CODES[reason])
    return {"reason": reason, "reason_vi": sentence.vi, "reason_en": sentence.en}


def aside_members(why: str) -> dict[str, str | None]:
    """The reason of an event that halted the fold and was set aside by the operator."""
    sentence = message("reason-aside", reason=why)
    return {"reason": SET_ASIDE, "reason_vi": sentence.vi, "reason_en": sentence.en}
