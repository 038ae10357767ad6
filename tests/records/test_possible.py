"""What a record says to be possible is possible, and nothing else is: asked in every state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, NamedTuple

import pytest

from contracts import moments
from services.awards import domain as awards
from services.awards.labels import WORDS
from services.records.state_machine import Step, StepImpossible, StepRefused
from services.training.domain import course as training
from services.training.domain import roster
from services.violations import domain as violations
from tests.support.machines.walking import DAY, HOUR, START

WALKS, STEPS = 60, 30
UNITS = ("H44.1", "H44.2", "H44.3")
Offers = dict[str, list[dict[str, Any]]]


class Machine(NamedTuple):
    """A state machine: its first step, and every step with well-formed data to choose from."""

    evolve: Callable[[Any, Step], Any]
    first: Step
    possible: Callable[[Any], Iterable[str]]
    offers: Callable[[Any], Offers]


def _achievement(_: Any) -> Offers:
    levels = {"model": awards.RECOGNITION_LEVELS, "award": awards.AWARD_LEVELS}
    each = [(what, level) for what, named in levels.items() for level in named]
    votes = [{"in_favour": yes, "against": 2, "abstained": 0} for yes in (1, 2, 9)]
    return {
        "appraise": [{"what": w, "level": v, **cast} for w, v in each for cast in votes],
        "recognise": [{"level": level, "decision": "1/QĐ"} for level in levels["model"]],
        "grant": [{"level": level, "decision": "1/QĐ"} for level in levels["award"]],
        "refuse": [{"reason": "Không"}], "replicate": [{"by": f"H44.9.{n}"} for n in range(STEPS)],
        "revoke": [{"what": "model"}, *({"what": "award", "level": v} for v in levels["award"])],
        "transfer": [{"unit": unit} for unit in UNITS],
    }  # fmt: skip


def _course(state: Any) -> Offers:
    sessions = [{"session": name} for name in state.sessions] or [{"session": "s1"}]
    fresh = f"s{len(state.sessions) + len(state.dropped) + 1}"
    starts = moments.rfc3339(START - 4 * HOUR)
    return {
        "revise": [{"title": "Khác"}], "cancel": [{"reason": "Không"}], "hold": [{}],
        "schedule": [{"session": fresh, "starts": starts, "place": "Hội trường", "hours": "2"}],
        "move": [{**one, "place": "Phòng 2"} for one in sessions], "drop": sessions,
        "attend": [{**one, "rows": [{"person": "p", "hours": "2"}]} for one in sessions],
        "strike": [{**one, "persons": ["p"]} for one in sessions],
        "transfer": [{"unit": unit} for unit in UNITS],
    }  # fmt: skip


def _membership(_: Any) -> Offers:
    return {"release": [{}], "transfer": [{"unit": unit} for unit in UNITS]}


def _case(_: Any) -> Offers:
    handling = {"severity": "reminder", "by_head": False, "self_found": True, "decision": "1/QĐ"}
    return {
        "assign": [{"to": "tt-1", "complexity": "complex", "due": None}],
        "verify": [{}], "dismiss": [{}], "join": [{"into": "case-2"}],
        "conclude": [{"act": "9.2", "deed": "hv-1", "due": "2025-12-31"}], "handle": [handling],
        "appeal": [{"by": "unit", "until": "2025-12-31", "late": False, "due": None}],
        "uphold": [{"decision": "2/QĐ"}], "overturn": [{"decision": "3/QĐ", "by": "court"}],
        "transfer": [{"unit": unit} for unit in UNITS],
    }  # fmt: skip


REPORT = {"unit": UNITS[0], "by_unit": True, "due": None}
PLAN = {"unit": UNITS[0], "title": "Bồi dưỡng", "topic": "democracy", "hours": "2"}
MACHINES = {
    "course": Machine(training.next_course, Step("plan", START, PLAN), training.moves, _course),
    "membership": Machine(
        roster.evolve,
        Step("assign", START, {"unit": UNITS[0], "person": "p", "role": "official"}),
        lambda state: roster.possible(state.stage), _membership,
    ),
    "achievement": Machine(
        awards.evolve,
        Step("nominate", START, {"unit": UNITS[0], "kind": "model", "title": "Mô hình"}),
        awards.moves, _achievement,
    ),
    "case": Machine(
        violations.evolve, Step("report", START, REPORT), lambda state: state.moves, _case
    ),
}  # fmt: skip


def refusal(machine: Machine, state: Any, step: Step) -> StepImpossible | StepRefused | None:
    """How a step is refused; None where it is taken."""
    try:
        machine.evolve(state, step)
    except (StepImpossible, StepRefused) as refused:
        return refused
    return None


def taken(machine: Machine, state: Any, at: int) -> list[Step]:
    """The steps that can be taken now; what is possible is by one of them, and by no other."""
    possible = sorted(machine.possible(state))
    fits = []
    for name, offered in machine.offers(state).items():
        steps = [Step(name, at, data) for data in offered]
        answers = [refusal(machine, state, step) for step in steps]
        for answer in answers:
            if isinstance(answer, StepImpossible):
                assert answer.possible == possible, answer
        if name in possible:
            assert None in answers, f"{name} is said to be possible: {answers[0]}"
        else:
            assert all(isinstance(one, StepImpossible) for one in answers), f"{name} is possible"
        fits += [step for step, answer in zip(steps, answers, strict=True) if answer is None]
    return fits


def walked(machine: Machine, seed: int) -> None:
    """Goes a random way, and asks about every step in each state of it."""
    random, state = Random(seed), machine.evolve(None, machine.first)
    for n in range(1, STEPS):
        at = START + n * DAY
        fits = taken(machine, state, at)
        if not fits:
            return
        name = random.choice(sorted({step.name for step in fits}))
        chosen = random.choice([step for step in fits if step.name == name])
        state = machine.evolve(state, chosen)


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_said_to_be_possible_can_be_taken_and_nothing_else(name: str) -> None:
    """Every refusal by the state names the same steps, and each of them goes with some data."""
    for seed in range(WALKS):
        walked(MACHINES[name], seed)


@pytest.mark.parametrize("name", ["achievement", "case"])
def test_a_journal_that_holds_a_transfer_to_the_same_unit_is_still_read(name: str) -> None:
    """Such a command was taken once; it is refused now, but what was taken stays readable."""
    machine = MACHINES[name]
    state = machine.evolve(None, machine.first)
    again = Step("transfer", START + DAY, {"unit": state.unit})
    assert machine.evolve(state, again).unit == state.unit


def _nothing(state: awards.Achievement, step: Step, why: str) -> StepImpossible:
    return StepImpossible(WORDS, state.stage, step.name, (), why)


FAULTS: dict[str, tuple[str, Any, str, Any]] = {
    "what attendance forbids": ("course", training, "_hindrance", lambda state, step: None),
    "what a succession does": ("membership", roster, "possible", lambda stage: ["close"]),
    "an answer that names nothing": ("achievement", awards, "_impossible", _nothing),
    "what was voted down": ("achievement", awards, "_hindrance", lambda state, step: ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that is named and never goes, and an answer that names other steps than the record."""
    name, where, what, wrong = FAULTS[fault]
    monkeypatch.setattr(where, what, wrong)
    with pytest.raises(AssertionError):
        test_what_is_said_to_be_possible_can_be_taken_and_nothing_else(name)
