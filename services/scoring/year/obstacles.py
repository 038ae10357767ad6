"""Why a year cannot be sealed, or cannot be led to a stage, item by item. Pure.

Source: YEAR.md section 1, `because` of a refusal. Each item has what a program needs, and a
sentence for people.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from contracts import moments
from contracts.messages import Message
from contracts.moment_texts import day_text, deadline_text, moment_text
from services.scoring.messages import message
from services.scoring.year.stages import PROVISIONAL, Stage, YearDecision, YearState, year_end


class Because(msgspec.Struct, frozen=True):
    """One reason of a refusal; `members` are the further members of its JSON."""

    kind: Literal["reply", "appeal", "quarantine", "door", "year"]
    members: dict[str, Any]
    text: Message


class WaitingAppeal(Protocol):
    """An appeal without a decision, as `ratings.appeals` finds it."""

    @property
    def unit(self) -> str:
        """The key of its unit."""

    @property
    def appeal(self) -> str:
        """Its own key."""

    @property
    def year_missing(self) -> bool:
        """Whether it names no year, and by its date belongs to the next one."""


class WaitingEntry(NamedTuple):
    """An entry that waits in quarantine, by its id in hexadecimal, with why it is there."""

    id: str
    reason: str


class LaggingDoor(NamedTuple):
    """A door whose mark has not reached the cut, and how far it has come."""

    name: str
    until: int


def obstacles(
    state: YearState, cut: int, undecided: Iterable[WaitingAppeal] = (),
    waiting: Iterable[WaitingEntry] = (), doors: Iterable[LaggingDoor] = (),
) -> list[Because]:  # fmt: skip
    """Why the year cannot be sealed as of the cut; empty where it can.

    `undecided` are its appeals without a decision, `waiting` the entries of the quarantine that
    were recorded up to the cut, `doors` those whose mark has not reached the cut.
    """
    if state.stage != PROVISIONAL:
        return [stage_reason(state)]
    reasons = []
    if cut < year_end(state.year):
        reasons.append(_year_reason(state.year))
    if state.reply_until is not None and cut < state.reply_until:
        reasons.append(_reply_reason(state.reply_until))
    reasons += [_appeal_reason(state.year, appeal) for appeal in undecided]
    reasons += [_quarantine_reason(entry) for entry in waiting]
    return reasons + [door_reason(door) for door in doors]


def stage_label(stage: Stage) -> Message:
    """The term of a stage."""
    return message(f"stage-{stage}")


def stage_reason(state: YearState) -> Because:
    """The stage that the year has."""
    text = message(
        "because-stage", year=state.year, stage=stage_label(state.stage), version=state.version
    )
    return Because("year", {"stage": state.stage, "version": state.version}, text)


def number_reason(state: YearState, decision: YearDecision) -> Because:
    """The decision that has used a number in the year."""
    text = message(
        "because-number", year=state.year, decision=decision.decision,
        stage=stage_label(decision.stage), at=moment_text(decision.at),
    )  # fmt: skip
    members = {"decision": decision.decision, "stage": decision.stage, "version": decision.version}
    return Because("year", members, text)


def begin_reason(year: int) -> Because:
    """The year has not begun, so that there is nothing to publish."""
    begins = moments.year_start(year)
    text = message("because-begin", year=year, begins=day_text(date(year, 1, 1)))
    return Because("year", {"begins": moments.rfc3339(begins)}, text)


def _year_reason(year: int) -> Because:
    ends = year_end(year)
    text = message("because-year", year=year, ends=deadline_text(ends))
    return Because("year", {"ends": moments.rfc3339(ends)}, text)


def _reply_reason(until: int) -> Because:
    text = message("because-reply", until=deadline_text(until))
    return Because("reply", {"reply_until": moments.rfc3339(until)}, text)


def _appeal_reason(year: int, appeal: WaitingAppeal) -> Because:
    code = "because-appeal-year" if appeal.year_missing else "because-appeal"
    text = message(code, year=year, unit=appeal.unit, appeal=appeal.appeal)
    members = {
        "unit": appeal.unit, "appeal": appeal.appeal, "year_missing": appeal.year_missing,
    }  # fmt: skip
    return Because("appeal", members, text)


def _quarantine_reason(entry: WaitingEntry) -> Because:
    text = message("because-quarantine", id=entry.id, reason=message(f"quarantine-{entry.reason}"))
    return Because("quarantine", entry._asdict(), text)


def door_reason(door: LaggingDoor) -> Because:
    """The door whose mark has not reached the cut."""
    text = message("because-door", door=door.name, until=moment_text(door.until, seconds=True))
    return Because("door", {"door": door.name, "until": moments.rfc3339(door.until)}, text)
