"""Random walks over the state machine of a case, beside a model that shares no code with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from contracts import moments
from services.records.state_machine import (
    Fact,
    OutOfOrder,
    Step,
    StepImpossible,
    StepRefused,
    check_order,
)
from services.violations import domain
from services.violations.domain import Case
from tests.support.machines.walking import DAY, START, WAITS, On, caught, chosen, on, stepped, walk

RECORD = "case-1"
UNITS = ("H44.1", "H44.2", "H44.3")
STEPS = (
    "assign", "verify", "dismiss", "join", "conclude", "handle", "appeal", "uphold", "overturn",
    "transfer",
)  # fmt: skip
ENDS = ("dismiss", "join")
SETS = {"violation.concluded": "case", "violation.handled": "case"}
CLEARS = {"violation.overturned": set(SETS)}
AFTER = {
    "report": {"assign", "join"}, "assign": {"assign", "verify", "join"},
    "verify": {"assign", "dismiss", "conclude", "join"}, "dismiss": set(), "join": set(),
    "conclude": {"handle", "overturn"}, "handle": {"appeal", "overturn"},
    "appeal": {"uphold", "overturn"}, "uphold": {"appeal", "overturn"}, "overturn": {"conclude"},
}  # fmt: skip


def fields_of(random: Random) -> dict[str, Any]:
    """What a step may say."""
    return {
        "unit": random.choice(UNITS), "due_days": random.choice((-1, 0, 30, 30, 400)),
        "severity": random.choice(("reminder", "warning", "dismissal")),
        "by_head": random.choice((True, False)), "self_found": random.choice((True, False)),
        "year": random.choice((None, None, None, None, 2023, 2024, 2025, 2026)),
    }  # fmt: skip


class Model:
    """A case as its history: by what came last, and what stands of it."""

    def __init__(self, unit: str, at: int) -> None:
        self.origin = self.unit = unit
        self.last, self.at, self.appeals, self.round = "report", at, 0, 0
        self.concluded: tuple[int, int] | None = None
        self.handled: int | None = None

    def possible(self) -> set[str]:
        """The steps that may come next."""
        found = AFTER[self.last] - ({"appeal"} if self.appeals == 2 else set())
        return found | ({"transfer"} if found else set())

    def verdict(self, name: str, at: int, fields: dict[str, Any]) -> type[Exception] | None:
        """How a step has to be answered; None where it is taken."""
        if name not in self.possible():
            return StepImpossible
        clears = name == "overturn" or (self.last == "overturn")
        if at < self.at or (clears and at == self.at):
            return OutOfOrder
        if name == "conclude" and fields["due_days"] < 0:
            return StepRefused
        if name == "handle" and fields["year"] not in (None, *self._years(at)):
            return StepRefused
        return None

    def _years(self, at: int) -> tuple[int, int]:
        """The rating years that a sanction may count in, the default first."""
        assert self.concluded is not None
        decided = moments.local_year(at)
        near = decided - self.concluded[0] in (0, 1)
        return (self.concluded[0] if near else decided, decided)

    def take(self, name: str, at: int, fields: dict[str, Any]) -> None:
        """The step happened."""
        if name == "conclude":
            self.concluded, self.appeals = (moments.local_year(at), at), 0
            self.round += 1
        elif name == "handle":
            self.handled = fields["year"] or self._years(at)[0]
        elif name == "overturn":
            self.concluded = self.handled = None
            self.appeals = 0
        elif name == "appeal":
            self.appeals += 1
        elif name == "transfer":
            self.unit = fields["unit"]
        self.at, self.last = at, self.last if name == "transfer" else name

    def holds(self) -> set[On]:
        """What has to be on in the ratings."""
        key = f"{self.origin}/{RECORD}" + (f":{self.round}" if self.round > 1 else "")
        found = set() if self.concluded is None else {
            On("violation.concluded", key, self.concluded[0])
        }  # fmt: skip
        if self.handled is not None:
            found.add(On("violation.handled", key, self.handled))
        return found


def data_of(name: str, at: int, fields: dict[str, Any]) -> dict[str, Any]:
    """The data of a step, as the handlers give it to the domain."""
    day = date.fromordinal(moments.local_day(at + fields["due_days"] * DAY)).isoformat()
    known: dict[str, dict[str, Any]] = {
        "assign": {"to": "tt-1", "complexity": "complex", "due": day},
        "join": {"into": "case-2"}, "conclude": {"act": "9.2", "deed": "hv-1", "due": day},
        "handle": {
            "severity": fields["severity"], "by_head": fields["by_head"],
            "self_found": fields["self_found"], "decision": "1/QĐ",
            **({} if fields["year"] is None else {"year": fields["year"]}),
        },
        "appeal": {"by": "unit", "until": day, "late": False, "due": day},
        "uphold": {"decision": "2/QĐ"}, "overturn": {"decision": "3/QĐ", "by": "court"},
        "transfer": {"unit": fields["unit"]},
    }  # fmt: skip
    return known.get(name, {})


class Walk(RuleBasedStateMachine):
    """One case, step by step."""

    @initialize(unit=st.sampled_from(UNITS))
    def report(self, unit: str) -> None:
        """A report."""
        data = {"unit": unit, "by_unit": True, "due": None}
        self.state: Case = domain.evolve(None, Step("report", START, data))
        self.model, self.told = Model(unit, START), list[Fact]()

    @rule(seed=st.integers(0, 2**32 - 1))
    def step(self, seed: int) -> None:
        """A step, mostly one that is possible."""
        random, possible = Random(seed), sorted(self.model.possible())
        fields = fields_of(random)
        name = chosen(random, possible, STEPS, ENDS)
        at = self.model.at + random.choice(WAITS)
        expected = self.model.verdict(name, at, fields)
        taken = Step(name, at, data_of(name, at, fields))
        after = stepped(domain.evolve, self.state, taken, expected, possible)
        if after is None:
            return
        said = domain.facts(RECORD, self.state, taken, after)
        self.model.take(name, at, fields)
        self.state = after
        self.told += said
        self._agrees(said)

    def _agrees(self, said: list[Fact]) -> None:
        model, answer = self.model, domain.describe(self.state)
        assert {fact.subject for fact in said} <= {model.unit}
        assert on(self.told, SETS, CLEARS) == model.holds()
        assert answer["possible"] == sorted(model.possible())
        assert (answer["conclusion"] or {}).get("year") == (model.concluded or (None,))[0]
        assert (answer["handling"] or {}).get("year") == model.handled
        sanctions = [
            one for one in on(self.told, SETS, CLEARS) if one.what != "violation.concluded"
        ]
        assert len(sanctions) <= 1
        assert all(set(fact.data) <= ALLOWED for fact in self.told)


ALLOWED = {"case", "due", "severity", "by_head", "self_found", "act", "year"}


def test_a_case_goes_only_where_the_model_goes_and_says_only_what_it_holds() -> None:
    """Impossible, out of order, refused or taken; and after each step the same facts are on."""
    walk(Walk, 120, 40)


def _no_order(last: int | None, step: Step, strictly: bool = False) -> None:
    """A planted fault: any order goes."""


def _loose(real: Callable[..., None]) -> Callable[..., None]:
    return lambda last, step, strictly=False: real(last, step)


def _plain_key(self: Case, record: str) -> str:
    return record


def _appealed(state: Case, step: Step) -> Case:
    return replace(state, appeals=())


def _talkative(real: Callable[..., list[Fact]]) -> Callable[..., list[Fact]]:
    def facts(record: str, before: Case | None, step: Step, after: Case) -> list[Fact]:
        said = real(record, before, step, after)
        if step.name == "uphold":
            data = {"case": after.key(record)}
            said = [Fact("violation.overturned", after.unit, step.at, data)]
        return said

    return facts


FAULTS: dict[str, tuple[Any, str, Any]] = {
    "any order": (domain, "check_order", _no_order),
    "one instant": (domain, "check_order", _loose(check_order)),
    "one year alone is cleared": (domain, "_years", lambda s: [s.conclusion.year]),
    "the year is not named": (domain, "_of_year", lambda year, at: {}),
    "a plain key": (Case, "key", _plain_key),
    "appeals without end": (domain, "APPEALS_MAX", 9),
    "appeals are forgotten": (domain._EVOLVE, "appeal", _appealed),
    "an upheld appeal speaks": (domain, "facts", _talkative(domain.facts)),
    "two sanctions": (domain.MOVES[domain.HANDLED], "handle", domain.HANDLED),
    "the year of the decision": (domain, "_sanction_year", lambda concluded, decided, _: decided),
    "the sanction stays": (domain._EVOLVE, "overturn",
                           lambda state, step: replace(state, conclusion=None)),
    "a dismissed case goes on": (domain.MOVES[domain.DISMISSED], "assign", domain.ASSIGNED),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk would not be worth much if a wrong case passed it."""
    caught(Walk, monkeypatch, *FAULTS[fault])
