"""The stages of a year: what was decided, where the year stands, and what may follow. Pure.

Source: YEAR.md section 1. The state of a year follows from its decisions alone, which are events
of the stream, so that a rebuild comes to the same stages and versions. Instants in microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, get_args

import msgspec
from msgspec import UNSET

from contracts import moments
from contracts.envelope import Recorded

Stage = Literal["open", "provisional", "sealed", "reopened"]
OPEN: Stage = "open"
PROVISIONAL: Stage = "provisional"
SEALED: Stage = "sealed"
REOPENED: Stage = "reopened"
STAGES: tuple[Stage, ...] = get_args(Stage)
NEXT: dict[Stage, tuple[Stage, ...]] = {
    OPEN: (PROVISIONAL,),
    PROVISIONAL: (PROVISIONAL, SEALED),
    SEALED: (REOPENED,),
    REOPENED: (PROVISIONAL,),
}
"""The stages to which a decision may lead, by the present stage."""
ROLES: dict[Stage, frozenset[str]] = {
    PROVISIONAL: frozenset(("council",)),
    SEALED: frozenset(("operator", "auditor")),
    REOPENED: frozenset(("council",)),
}
"""The roles that may lead a year to a stage."""
VERSION_MAX = 2**31 - 1
"""The largest version that is stored; no year comes to it, so a larger one fits none either."""
_STAGE_OF: dict[str, Stage] = {
    "year.opened": OPEN,
    "year.provisional": PROVISIONAL,
    "year.sealed": SEALED,
    "year.reopened": REOPENED,
}


class RubricText(msgspec.Struct, frozen=True):
    """A rubric as its file was when the year was sealed."""

    id: str
    text: str


class YearDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision on the stage of a year, as its event has it; `at` is when it was recorded.

    `version` is 0 where the event names none. `cut_off` and `reply_until` are of a provisional
    year; `cut`, `by_auditor`, `note` and `rubrics` of a sealed one.
    """

    stage: Stage
    version: int
    decision: str
    at: int
    date: str | None = None
    reason: str | None = None
    by: str | None = None
    cut_off: int | None = None
    reply_until: int | None = None
    cut: int | None = None
    by_auditor: str | None = None
    note: str | None = None
    rubrics: tuple[RubricText, ...] = ()


class YearState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a year stands: its stage and version, and all decisions so far in their order.

    `cut_off` and `reply_until` are those of the present version, until a reopening. `seals` are the
    decisions that sealed a version each.
    """

    year: int
    stage: Stage = OPEN
    version: int = 1
    decisions: tuple[YearDecision, ...] = ()
    cut_off: int | None = None
    reply_until: int | None = None
    seals: tuple[YearDecision, ...] = ()

    @property
    def seal(self) -> YearDecision | None:
        """The decision that sealed the present version; None while it is not sealed."""
        return self.seals[-1] if self.stage == SEALED else None

    def seal_of(self, version: int) -> YearDecision | None:
        """The decision that sealed a version; None without."""
        return next((seal for seal in self.seals if seal.version == version), None)


def state_of(year: int, decisions: Iterable[YearDecision]) -> YearState:
    """The state of a year after these decisions, in the order in which they were recorded.

    A decision that could not follow is listed and moves nothing: of two that were recorded by
    databases that did not know of each other, the first has effect.
    """
    state = YearState(year=year)
    for decision in sorted(decisions, key=lambda each: each.at):
        state = _evolve(state, decision)
    return state


def state_at(year: int, decisions: Iterable[YearDecision], instant: int) -> YearState:
    """The state of a year at an instant, by the decisions that were recorded up to it."""
    return state_of(year, (decision for decision in decisions if decision.at <= instant))


def _evolve(state: YearState, decision: YearDecision) -> YearState:
    version = state.version + (decision.stage == REOPENED)
    follows = decision.stage in NEXT[state.stage] and decision.version in (0, version)
    if decision.version == 0:
        decision = msgspec.structs.replace(decision, version=version)
    decisions = (*state.decisions, decision)
    if not follows:
        return msgspec.structs.replace(state, decisions=decisions)
    state = msgspec.structs.replace(
        state, stage=decision.stage, version=version, decisions=decisions
    )
    if decision.stage == SEALED:
        return msgspec.structs.replace(state, seals=(*state.seals, decision))
    published = decision if decision.stage == PROVISIONAL else None
    return msgspec.structs.replace(
        state, cut_off=published and published.cut_off,
        reply_until=published and published.reply_until,
    )  # fmt: skip


def seal_at(state: YearState, instant: int) -> YearDecision | None:
    """The seal whose set answers for an instant: from its cut up to the reopening; or None."""
    for seal in state.seals:
        ends = (each.at for each in state.decisions if each.stage == REOPENED and each.at > seal.at)
        if seal.cut is not None and seal.cut <= instant < min(ends, default=instant + 1):
            return seal
    return None


def reply_until(date: str, called: int, days: int) -> int:
    """The end of the period of replies that a decision of `date`, called at an instant, begins.

    It is the end, in Asia/Ho_Chi_Minh, of the later of both days, plus `days`; with none of them
    there is no period: it ends as it begins, with the call.
    """
    if days == 0:
        return called
    last = max(moments.day_ordinal(date), moments.local_day(called)) + days
    return moments.ordinal_start(last + 1)


def year_end(year: int) -> int:
    """The instant at which a rating year has ended."""
    return moments.year_start(year + 1)


def possible(state: YearState, role: str | None = None) -> list[Stage]:
    """The stages to which a decision may lead now; with a role, those to which it may lead."""
    return [
        stage
        for stage in NEXT[state.stage]
        if role is None or role in ROLES.get(stage, frozenset())
    ]


def year_mark(state: YearState, draft_root: bytes | None) -> str:
    """What tells two states of a year apart: its decisions, and the draft that waits to be sealed.

    Whoever decides by what a page showed sends its mark along, so that nothing else is decided.
    """
    return f"{len(state.decisions)}.{'' if draft_root is None else draft_root.hex()}"


def decision_of(event: Recorded) -> YearDecision | None:
    """The decision that an event of scoring brings; None for any other event."""
    stage = _STAGE_OF.get(event.kind.short)
    if stage is None:
        return None
    data = event.event.data
    return YearDecision(
        stage=stage, version=min(_value(data.version) or 0, VERSION_MAX), decision=data.decision,
        at=event.recorded,
        date=_value(data.date), reason=_value(data.reason), by=_value(data.by),
        cut_off=_instant(data, "cut_off"), reply_until=_instant(data, "reply_until"),
        cut=_instant(data, "cut"), by_auditor=_value(getattr(data, "by_auditor", UNSET)),
        note=_value(getattr(data, "note", UNSET)),
        rubrics=tuple(
            RubricText(rubric.id, rubric.text)
            for rubric in _value(getattr(data, "rubrics", UNSET)) or ()
        ),
    )  # fmt: skip


def _value(value: Any) -> Any:
    return None if value is UNSET else value


def _instant(data: Any, name: str) -> int | None:
    text = getattr(data, name, UNSET)
    return None if text is UNSET else moments.instant(text)
