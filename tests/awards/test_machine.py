"""Random walks over the state machine of an achievement, beside a model of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from contracts import moments
from services.awards import domain
from services.awards.domain import Achievement
from services.records.state_machine import (
    Fact,
    OutOfOrder,
    Step,
    StepImpossible,
    StepRefused,
    check_order,
)
from tests.support.machines.walking import START, WAITS, On, caught, chosen, on, stepped, walk

RECORD = "a-1"
UNITS = ("H44.1", "H44.2", "H44.3")
STEPS = ("appraise", "recognise", "grant", "refuse", "replicate", "revoke", "transfer")
ENDS = ("refuse", "revoke")
SETS = {"model.recognised": "model", "model.replicated": "model", "award.granted": "award"}
CLEARS = {
    "model.revoked": {"model.recognised", "model.replicated"}, "award.revoked": {"award.granted"},
}  # fmt: skip
LEVELS = {"model": ("commune", "city", "province", "nation"),
          "award": ("province", "ministry", "state")}  # fmt: skip


def fields_of(random: Random) -> dict[str, Any]:
    """What a step may say."""
    votes = ((7, 2, 1), (7, 2, 1), (3, 0, 0), (3, 0, 0), (2, 2, 0), (2, 1, 1), (0, 0, 0))
    return {
        "unit": random.choice(UNITS), "what": random.choice(("model", "model", "award")),
        "level": random.choice(("city", "province", "province", "state")),
        "votes": random.choice(votes), "as_appraised": bool(random.randrange(5)),
        "every": bool(random.randrange(3)),
    }  # fmt: skip


class Model:
    """An achievement as what it holds, what is being appraised, and whether it has ended."""

    def __init__(self, unit: str, at: int) -> None:
        self.origin = self.unit = unit
        self.at, self.cleared = at, -1
        self.pending: tuple[str, str, bool] | None = None
        self.held: dict[tuple[str, str], int] = {}
        self.taken: dict[str, int] = {}
        self.phase = "new"

    def possible(self) -> set[str]:
        """The steps that may come next."""
        if self.phase in ("refused", "gone"):
            return {"appraise"} if self.phase == "refused" else set()
        found = {"transfer"}
        if len(self.held) < sum(map(len, LEVELS.values())):
            found.add("appraise")
        if self.pending or not self.held:
            found.add("refuse")
        if self.pending and self.pending[2]:
            found.add("recognise" if self.pending[0] == "model" else "grant")
        if any(what == "model" for what, _ in self.held):
            found.add("replicate")
        return found | ({"revoke"} if self.held else set())

    def verdict(self, name: str, at: int, data: dict[str, Any]) -> type[Exception] | None:
        """How a step has to be answered; None where it is taken."""
        if name not in self.possible():
            return StepImpossible
        if at < self.at or (name == "revoke" and at == self.at):
            return OutOfOrder
        if name in ("recognise", "grant") and at == self.cleared:
            return OutOfOrder
        if self._faulty(name, data):
            return StepRefused
        return StepImpossible if self._taken(name, data) else None

    def _faulty(self, name: str, data: dict[str, Any]) -> bool:
        """Whether what the step says is wrong in itself."""
        if name == "appraise":
            votes = data["in_favour"] + data["against"] + data["abstained"]
            return not votes or data["level"] not in LEVELS[data["what"]]
        if name == "revoke":
            return data["what"] == "model" and "level" in data
        return name == "replicate" and data["by"] == self.unit

    def _taken(self, name: str, data: dict[str, Any]) -> bool:
        """Whether the achievement has that already, or not what it would need."""
        if name == "appraise":
            return (data["what"], data["level"]) in self.held
        if name in ("recognise", "grant"):
            return self.pending is not None and self.pending[1] != data["level"]
        if name == "replicate":
            return data["by"] in self.taken
        return name == "revoke" and not self._gone(data)

    def _gone(self, data: dict[str, Any]) -> list[tuple[str, str]]:
        wanted = data.get("level")
        return [(what, level) for what, level in self.held
                if what == data["what"] and (wanted is None or level == wanted)]  # fmt: skip

    def take(self, name: str, at: int, data: dict[str, Any]) -> None:
        """The step happened."""
        year = moments.local_year(at)
        if name == "appraise":
            yes, no = data["in_favour"], data["against"] + data["abstained"]
            self.pending, self.phase = (data["what"], data["level"], yes > no), "open"
        elif name in ("recognise", "grant"):
            self.held["model" if name == "recognise" else "award", data["level"]] = year
            self.pending = None
        elif name == "refuse":
            self.pending, self.phase = None, "open" if self.held else "refused"
        elif name == "replicate":
            self.taken[data["by"]] = year
        elif name == "revoke":
            self._revoke(data, at)
        elif name == "transfer":
            self.unit = data["unit"]
        self.at = at

    def _revoke(self, data: dict[str, Any], at: int) -> None:
        for gone in self._gone(data):
            del self.held[gone]
        if data["what"] == "model":
            self.taken = {}
        self.pending, self.cleared = None, at
        self.phase = "open" if self.held else "gone"

    def holds(self) -> set[On]:
        """What has to be on in the ratings."""
        key = f"{self.origin}/{RECORD}"
        found = {On("model.replicated", key, year) for year in self.taken.values()}
        for (what, level), year in self.held.items():
            found.add(
                On("model.recognised", key, year) if what == "model"
                else On("award.granted", f"{key}:{level}", year)
            )  # fmt: skip
        return found


def data_of(name: str, model: Model, fields: dict[str, Any]) -> dict[str, Any]:
    """The data of a step."""
    what, level = fields["what"], fields["level"]
    if name in ("recognise", "grant") and model.pending and fields["as_appraised"]:
        level = model.pending[1]
    yes, no, abstained = fields["votes"]
    known: dict[str, dict[str, Any]] = {
        "appraise": {"what": what, "level": level, "in_favour": yes, "against": no,
                     "abstained": abstained},
        "recognise": {"level": level, "decision": "1/QĐ"},
        "grant": {"level": level, "decision": "1/QĐ"},
        "replicate": {"by": fields["unit"]}, "transfer": {"unit": fields["unit"]},
        "revoke": {"what": what, **({} if fields["every"] else {"level": level})},
    }  # fmt: skip
    return known.get(name, {})


class Walk(RuleBasedStateMachine):
    """One achievement, step by step."""

    @initialize(unit=st.sampled_from(UNITS))
    def nominate(self, unit: str) -> None:
        """A nomination."""
        nominated = Step("nominate", START, {"unit": unit, "kind": "model", "title": "Mô hình"})
        self.state = domain.evolve(None, nominated)
        self.model = Model(unit, START)
        self.told = domain.facts(RECORD, None, nominated, self.state)

    @rule(seed=st.integers(0, 2**32 - 1))
    def step(self, seed: int) -> None:
        """A step, mostly one that is possible."""
        random, possible = Random(seed), sorted(self.model.possible())
        fields = fields_of(random)
        name = chosen(random, possible, STEPS, ENDS)
        at = self.model.at + random.choice(WAITS)
        data = data_of(name, self.model, fields)
        expected = self.model.verdict(name, at, data)
        taken = Step(name, at, data)
        after = stepped(domain.evolve, self.state, taken, expected, possible)
        if after is None:
            return
        said = domain.facts(RECORD, self.state, taken, after)
        self.model.take(name, at, data)
        self.state = after
        self.told += said
        self._agrees(said)

    def _agrees(self, said: list[Fact]) -> None:
        model, answer = self.model, domain.describe(self.state)
        assert {fact.subject for fact in said} <= {model.unit}
        assert on(self.told, SETS, CLEARS) == model.holds()
        assert answer["possible"] == sorted(model.possible())
        honours = {(one["what"], one["level"]): one["year"] for one in answer["honours"]}
        assert honours == model.held and len(answer["honours"]) == len(honours)
        assert {one["by"]: one["year"] for one in answer["replicated"]} == model.taken


def test_an_achievement_goes_only_where_the_model_goes_and_says_only_what_it_holds() -> None:
    """Impossible, out of order, refused or taken; and after each step the same facts are on."""
    walk(Walk, 120, 40)


def _loose(real: Callable[..., None]) -> Callable[..., None]:
    return lambda last, step, strictly=False: real(last, step)


def _kept(real: Callable[..., Achievement]) -> Callable[..., Achievement]:
    def revoke(state: Achievement, step: Step) -> Achievement:
        return replace(real(state, step), replicated=state.replicated)

    return revoke


def _silent(real: Callable[..., list[Fact]]) -> Callable[..., list[Fact]]:
    return lambda *told: real(*told)[:1]


FAULTS: dict[str, tuple[Any, str, Any]] = {
    "any order": (domain, "check_order", lambda last, step, strictly=False: None),
    "one instant": (domain, "check_order", _loose(check_order)),
    "the year is not named": (domain, "_of_year", lambda year, at: {}),
    "half of the votes": (domain.Appraisal, "passed",
                          property(lambda self: 2 * self.in_favour >= sum(self[2:]))),
    "a level twice": (domain, "_check_once", lambda state, step: None),
    "one year alone is cleared": (domain, "_clearing", _silent(domain._clearing)),
    "taken up for ever": (domain._EVOLVE, "revoke", _kept(domain._EVOLVE["revoke"])),
    "a plain key": (Achievement, "key", lambda self, record: record),
    "a plain award": (Achievement, "award_key", lambda self, record, level: self.key(record)),
    "what was voted down is possible": (domain, "_hindrance", lambda state, step: ""),
    "no further level": (domain.MOVES[domain.RECOGNISED], "appraise", domain.RECOGNISED),
    "what is revoked comes back": (domain.MOVES[domain.REVOKED], "appraise", domain.APPRAISED),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk would not be worth much if a wrong achievement passed it."""
    caught(Walk, monkeypatch, *FAULTS[fault])
