"""Years over HTTP, as types: OpenAPI is made of them; and the JSON of what they are made from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any, Literal

from contracts import moments
from services.chassis.http.language import labels, members
from services.chassis.http.openapi import Items
from services.chassis.http.service_api import Problem
from services.scoring.api.answers import Answer
from services.scoring.ratings.appeals import UndecidedAppeal
from services.scoring.ratings.labels import label
from services.scoring.readmodel.years import YearView
from services.scoring.sealing.commands import StageRefused
from services.scoring.store.seals import DraftRow
from services.scoring.year import notes
from services.scoring.year.notes import NoteRefused
from services.scoring.year.obstacles import Because
from services.scoring.year.seal import encode_root
from services.scoring.year.stages import YearDecision

Stage = Literal["open", "provisional", "sealed", "reopened"]


class RubricDigestAnswer(Answer):
    """A rubric of the year, and the digest of its file."""

    id: str
    sha256: str


class UndecidedAnswer(Answer):
    """An appeal in time without a decision."""

    unit: str
    appeal: str
    year_missing: bool


class DraftAnswer(Answer):
    """What an operator drew up to be sealed."""

    cut: str
    size: int
    root: str
    by: str
    at: str


class SealAnswer(Answer):
    """A sealed version."""

    version: int
    root: str | None
    size: int | None
    cut: str | None


class DecisionAnswer(Answer):
    """A decision on the stage of a year."""

    stage: Stage
    stage_vi: str
    stage_en: str
    version: int
    decision: str
    date: str | None
    reason: str | None
    by: str | None
    at: str


class YearStageAnswer(DecisionAnswer):
    """What a decision has made of a year; the same for the same call."""

    year: int
    cut_off: str | None
    reply_until: str | None


class YearAnswer(Answer):
    """Where a year stands, and what may follow for the role of the caller."""

    year: int
    stage: Stage
    stage_vi: str
    stage_en: str
    version: int
    rubrics: list[RubricDigestAnswer]
    cut_off: str | None
    reply_until: str | None
    late: int
    undecided: list[UndecidedAnswer]
    draft: DraftAnswer | None
    seals: list[SealAnswer]
    decisions: list[DecisionAnswer]
    possible: list[Stage]


class YearListAnswer(Items[YearAnswer]):
    """The years, each whole."""


def year_members(
    view: YearView, undecided: Iterable[UndecidedAppeal], draft: DraftRow | None, role: str
) -> dict[str, Any]:
    """A year as the interface has it, with what the caller may see of appeals and draft."""
    state = view.state
    return {
        "year": state.year, "stage": state.stage, **labels("stage", label("stage", state.stage)),
        "version": state.version, "rubrics": [rubric._asdict() for rubric in view.rubrics],
        "cut_off": _moment(state.cut_off), "reply_until": _moment(state.reply_until),
        "late": view.late, "undecided": [appeal._asdict() for appeal in undecided],
        "draft": None if draft is None else _draft(draft),
        "seals": [_seal(seal) for seal in state.seals],
        "decisions": [decision_members(decision) for decision in state.decisions],
        "possible": view.possible(role),
    }  # fmt: skip


def decision_members(decision: YearDecision) -> dict[str, Any]:
    """A decision as the interface has it."""
    return {
        "stage": decision.stage, **labels("stage", label("stage", decision.stage)),
        "version": decision.version, "decision": decision.decision, "date": decision.date,
        "reason": decision.reason, "by": decision.by, "at": moments.rfc3339(decision.at),
    }  # fmt: skip


def year_stage_members(year: int, decision: YearDecision) -> dict[str, Any]:
    """What a decision has made of a year."""
    return {
        "year": year, **decision_members(decision), "cut_off": _moment(decision.cut_off),
        "reply_until": _moment(decision.reply_until),
    }  # fmt: skip


def because_members(because: Because) -> dict[str, Any]:
    """A reason of a refusal as the interface has it."""
    return {"kind": because.kind, **because.members, **members("text", because.text)}


def stage_problem(refused: StageRefused) -> Problem:
    """Problem 409 with the stage, what is possible, and why."""
    state = refused.state
    extra = {
        "stage": state.stage, **labels("stage", label("stage", state.stage)),
        "version": state.version, "possible": refused.possible,
        "because": [because_members(each) for each in refused.because],
    }  # fmt: skip
    return Problem(409, refused.message, extra=extra)


def _draft(draft: DraftRow) -> dict[str, Any]:
    return {
        "cut": moments.rfc3339(draft.cut), "size": draft.size,
        "root": encode_root(draft.root), "by": draft.drafted_by,
        "at": moments.rfc3339(draft.at),
    }  # fmt: skip


def _seal(seal: YearDecision) -> dict[str, Any]:
    """A seal, with the size and the root that its note has."""
    size = root = None
    with contextlib.suppress(NoteRefused):
        head = notes.parse_head(notes.parse(seal.note or "").text)
        size, root = head.size, encode_root(head.root)
    return {"version": seal.version, "root": root, "size": size, "cut": _moment(seal.cut)}


def _moment(instant: int | None) -> str | None:
    return None if instant is None else moments.rfc3339(instant)
