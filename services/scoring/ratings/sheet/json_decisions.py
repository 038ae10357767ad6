"""Decisions, appeals and self-scores as the members of their JSON: the one place. Pure."""

from __future__ import annotations

from typing import Any

from contracts import moments
from services.scoring.ratings.appeals import Appeal, AppealState
from services.scoring.ratings.labels import in_both, label
from services.scoring.ratings.scores import points_text
from services.scoring.ratings.sheet.model import Decision, SelfScore

Members = dict[str, Any]


def decision_members(decision: Decision) -> Members:
    """A decision or declaration; an appeal that was filed with where it stands."""
    members: Members = {
        "type": decision.type,
        "time": moments.rfc3339(decision.time),
        "source": decision.source,
        "id": decision.id,
        "recordedtime": moments.rfc3339(decision.recorded),
        **decision.values,
    }
    if decision.appeal is not None:
        members |= _state(decision.appeal)
    if decision.appeals:
        members["appeals"] = list(decision.appeals)
    return members


def self_score_members(score: SelfScore | None) -> Members | None:
    """The unit's own score of an indicator, or None."""
    if score is None:
        return None
    members = decision_members(score.decision)
    difference = None if score.difference is None else points_text(score.difference)
    names = ("time", "source", "id", "recordedtime", "note")
    return {"points": points_text(score.points), "difference": difference} | {
        name: members[name] for name in names if name in members
    }


def appeal_members(appeal: Appeal) -> Members:
    """An appeal as lists of appeals have it."""
    return {
        "unit": appeal.unit,
        "appeal": appeal.appeal,
        "reason": appeal.reason,
        "filed": moments.rfc3339(appeal.filed),
        "recordedtime": moments.rfc3339(appeal.recorded),
        **_state(appeal.state),
    }


def _state(state: AppealState) -> Members:
    return {
        "in_time": state.in_time,
        "state": state.state,
        "state_label": in_both(label("appeal", state.state)),
        "decision": state.decision,
        "decided": None if state.decided is None else moments.rfc3339(state.decided),
        "outcome_events": [event._asdict() for event in state.outcome_events],
    }
