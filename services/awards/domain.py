"""The state machine of an achievement: possible steps, and the facts of each step. Pure.

Nominated by its unit, appraised by a council, recognised or awarded at a level, refused,
replicated by other units, revoked. One achievement is recognised, and awarded, once at each level
(Law on Emulation and Commendation 2022: no two awards of one level for one achievement).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from contracts import moments
from contracts.messages import join_messages
from services.awards.labels import WORDS, level, what
from services.awards.messages import message
from services.records.state_machine import (
    Fact,
    OutOfOrder,
    Step,
    StepImpossible,
    StepRefused,
    check_order,
    next_state,
)

Kind = Literal["model", "person"]
What = Literal["model", "award"]
Cause = Literal["false_declaration", "wrong_appraisal"]
RECOGNITION_LEVELS = ("commune", "city", "province", "nation")
AWARD_LEVELS = ("province", "ministry", "state")
NOMINATED, APPRAISED, RECOGNISED = "nominated", "appraised", "recognised"
REFUSED, REVOKED = "refused", "revoked"
MOVES: dict[str, dict[str, str]] = {
    NOMINATED: {"appraise": APPRAISED, "refuse": REFUSED, "transfer": NOMINATED},
    APPRAISED: {
        "appraise": APPRAISED, "recognise": RECOGNISED, "grant": RECOGNISED, "refuse": REFUSED,
        "transfer": APPRAISED,
    },
    RECOGNISED: {
        "appraise": APPRAISED, "replicate": RECOGNISED, "revoke": REVOKED, "transfer": RECOGNISED,
    },
    REFUSED: {"appraise": APPRAISED},
    REVOKED: {},
}  # fmt: skip


class Honour(NamedTuple):
    """A recognition (`model`) or an award: level, decision and rating year."""

    what: What
    level: str
    decision: str
    year: int


class Appraisal(NamedTuple):
    """The numbers of votes of the council; individual votes are not stored."""

    what: What
    level: str
    in_favour: int
    against: int
    abstained: int

    @property
    def passed(self) -> bool:
        """More than half of those present were in favour."""
        return 2 * self.in_favour > self.in_favour + self.against + self.abstained


@dataclass(frozen=True)
class Achievement:
    """A model or an exemplary person; `origin` is the unit that nominated it.

    `replicated` has a (unit, rating year) for each replication; `last` is the instant of the last
    step, `cleared` that of the last revocation, both in microseconds.
    """

    unit: str
    origin: str
    kind: Kind
    title: str
    stage: str
    last: int
    appraisal: Appraisal | None = None
    honours: tuple[Honour, ...] = ()
    replicated: tuple[tuple[str, int], ...] = ()
    cleared: int | None = None

    def key(self, record: str) -> str:
        """Its key in events; after a transfer it is prefixed by the unit of origin."""
        return record if self.unit == self.origin else f"{self.origin}/{record}"

    def award_key(self, record: str, level: str) -> str:
        """The key of its award of a level in events."""
        return f"{self.key(record)}:{level}"


def evolve(state: Achievement | None, step: Step) -> Achievement:
    """The achievement after a step; StepImpossible or StepRefused if it is not allowed."""
    data = step.data
    if state is None:
        next_state(WORDS, "new", {"nominate": NOMINATED}, step.name)
        return Achievement(
            data["unit"], data["unit"], data["kind"], data["title"], NOMINATED, step.at
        )
    stage = next_state(WORDS, state.stage, moves(state), step.name, _hindrance(state, step.name))
    # a revocation has the key of what it revokes: at equal instants their order is undefined
    check_order(state.last, step, strictly=step.name == "revoke")
    if step.name in ("recognise", "grant") and step.at == state.cleared:
        raise OutOfOrder(step.name)  # for the same reason
    achievement = replace(_EVOLVE[step.name](state, step), last=step.at)
    if step.name in ("refuse", "revoke") and achievement.honours:
        stage = RECOGNISED
    return replace(achievement, stage=stage)


def moves(state: Achievement) -> Mapping[str, str]:
    """The steps that are possible now, each with the stage that it leads to.

    During the appraisal of a further level, honours in force can be replicated and revoked.
    """
    ways = MOVES[state.stage]
    if state.stage == APPRAISED and state.honours:
        ways = {**ways, "replicate": APPRAISED, "revoke": REVOKED}
    return {step: stage for step, stage in ways.items() if not _hindrance(state, step)}


def is_public(state: Achievement | None) -> bool:
    """Whether it is in the public register: it has a recognition or an award in force."""
    return state is not None and bool(state.honours)


def _hindrance(state: Achievement, step: str) -> str:
    """Why honours or votes rule out a step whatever its data; empty if they do not."""
    if step == "appraise" and len(state.honours) == len(RECOGNITION_LEVELS) + len(AWARD_LEVELS):
        return message("all-honours")
    if step == "replicate" and not any(honour.what == "model" for honour in state.honours):
        return message("no-model")
    if step not in _DECIDES or state.appraisal is None:
        return ""
    if state.appraisal.what != _DECIDES[step]:
        return message("other-appraisal", what=what(_DECIDES[step]))
    return "" if state.appraisal.passed else message("voted-down")


def _impossible(state: Achievement, step: Step, why: str) -> StepImpossible:
    return StepImpossible(WORDS, state.stage, step.name, moves(state), why)


def _appraise(state: Achievement, step: Step) -> Achievement:
    data = step.data
    votes = (data["in_favour"], data["against"], data["abstained"])
    if not sum(votes):
        raise StepRefused(message("no-vote"), "in_favour")
    levels = RECOGNITION_LEVELS if data["what"] == "model" else AWARD_LEVELS
    if data["level"] not in levels:
        raise StepRefused(
            message("level-wrong", levels=join_messages([level(each) for each in levels], ", ")),
            "level",
        )
    _check_once(state, step)
    return replace(state, appraisal=Appraisal(data["what"], data["level"], *votes))


def _check_once(state: Achievement, step: Step) -> None:
    kind, at_level = step.data["what"], step.data["level"]
    if any((honour.what, honour.level) == (kind, at_level) for honour in state.honours):
        why = message("has-honour", what=what(kind), level=level(at_level))
        raise _impossible(state, step, why)


_DECIDES: dict[str, What] = {"recognise": "model", "grant": "award"}


def _decide(state: Achievement, step: Step) -> Achievement:
    at_level, kind, appraisal = step.data["level"], _DECIDES[step.name], state.appraisal
    assert appraisal is not None  # `moves` allows decisions only in the stage APPRAISED
    if appraisal.level != at_level:
        why = message("appraised-otherwise", level=level(appraisal.level))
        raise _impossible(state, step, why)
    honour = Honour(kind, at_level, step.data["decision"], moments.local_year(step.at))
    return replace(state, appraisal=None, honours=(*state.honours, honour))


def _refuse(state: Achievement, step: Step) -> Achievement:
    return replace(state, appraisal=None)


def _replicate(state: Achievement, step: Step) -> Achievement:
    by = step.data["by"]
    if by == state.unit:
        raise StepRefused(message("own-model"), "by")
    if any(unit == by for unit, _ in state.replicated):
        raise _impossible(state, step, message("taken-up", unit=by))
    return replace(state, replicated=(*state.replicated, (by, moments.local_year(step.at))))


def _revoke(state: Achievement, step: Step) -> Achievement:
    if step.data["what"] == "model" and step.data.get("level") is not None:
        raise StepRefused(message("all-levels"), "level")
    revoked = _revoked(state, step)
    if not revoked:
        raise _impossible(state, step, message("nothing-to-revoke"))
    honours = tuple(honour for honour in state.honours if honour not in revoked)
    replicated = () if step.data["what"] == "model" else state.replicated
    return replace(state, appraisal=None, honours=honours, replicated=replicated, cleared=step.at)


def _revoked(state: Achievement, step: Step) -> tuple[Honour, ...]:
    """The honours that a revocation ends: every recognition of the model, or one award."""
    kind, at_level = step.data["what"], step.data.get("level")
    return tuple(h for h in state.honours if h.what == kind and at_level in (None, h.level))


def check_elsewhere(state: Achievement | None, step: Step) -> None:
    """StepImpossible for a transfer to the same unit.

    Checked outside `evolve`, because older journals may contain such a transfer.
    """
    if state is not None and step.data["unit"] == state.unit:
        raise _impossible(state, step, message("same-unit", unit=state.unit))


def _transfer(state: Achievement, step: Step) -> Achievement:
    return replace(state, unit=step.data["unit"])


_EVOLVE: dict[str, Callable[[Achievement, Step], Achievement]] = {
    "appraise": _appraise, "recognise": _decide, "grant": _decide,
    "refuse": _refuse, "replicate": _replicate, "revoke": _revoke, "transfer": _transfer,
}  # fmt: skip


def facts(record: str, before: Achievement | None, step: Step, after: Achievement) -> list[Fact]:
    """The facts that a step announces; appraisals, refusals and transfers announce none."""
    key, data = after.key(record), step.data

    def fact(short: str, **data: Any) -> Fact:
        return Fact(short, after.unit, step.at, data)

    evidence = {"evidence": data["evidence"]} if data.get("evidence") else {}
    if before is None:
        return [fact("model.nominated", model=key, title=after.title, **evidence)]
    if step.name == "recognise":
        members = {"model": key, "level": data["level"], "title": after.title}
        return [fact("model.recognised", **members, **evidence)]
    if step.name == "grant":
        award = after.award_key(record, data["level"])
        return [fact("award.granted", award=award, level=data["level"], **evidence)]
    if step.name == "replicate":
        return [fact("model.replicated", model=key, by=data["by"], **evidence)]
    if step.name == "revoke":
        return _clearing(record, before, step)
    return []


def _clearing(record: str, before: Achievement, step: Step) -> list[Fact]:
    """The facts of a revocation: one for each award, or one for each year of the model.

    A fact belongs to one year, so each year with a recognition or replication is cleared.
    """
    revoked = _revoked(before, step)
    if step.data["what"] == "award":
        cleared = [("award.revoked", "award", before.award_key(record, h.level), h.year)
                   for h in revoked]  # fmt: skip
    else:
        years = {honour.year for honour in revoked} | {year for _, year in before.replicated}
        cleared = [("model.revoked", "model", before.key(record), year) for year in sorted(years)]
    return [
        Fact(short, before.unit, step.at, {field: key} | _of_year(year, step.at))
        for short, field, key, year in cleared
    ]


def _of_year(year: int, at: int) -> dict[str, int]:
    """The member `year`, which is given only if it is not the year of the instant."""
    return {} if moments.local_year(at) == year else {"year": year}


def describe(state: Achievement) -> dict[str, Any]:
    """The members of an achievement in JSON."""
    return {
        "origin": state.origin, "kind": state.kind,
        "title": state.title, "stage": state.stage, "possible": sorted(moves(state)),
        "appraisal": None if state.appraisal is None else {
            **state.appraisal._asdict(), "passed": state.appraisal.passed,
        },
        "honours": [honour._asdict() for honour in state.honours],
        "replicated": [{"by": by, "year": year} for by, year in state.replicated],
    }  # fmt: skip
