"""The violations over HTTP and SQLite: random commands, repetitions, crashes, retractions."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from services.violations import handlers, store
from services.violations.app import build, migrated
from tests.support.machines.http_machine import (
    CHASSIS_FAULTS,
    UNITS,
    Ask,
    HttpWalk,
    Service,
    unasked,
)
from tests.support.machines.walking import On, caught, walk
from tests.violations.test_machine import CLEARS, SETS


def creates(random: Random, at: str) -> Ask:
    """A report by a clerk or by the council."""
    body = {"unit": random.choice(UNITS), "allegation": "Không công khai", "at": at}
    return Ask("cases", random.choice(("clerk", "council")), body)


def steps(random: Random, shown: dict[str, Any]) -> dict[str, Ask]:
    """Every step with a body that fits, at random."""
    year = random.choice(({}, {}, {"year": 2025}))
    handling = {
        "severity": random.choice(("reminder", "dismissal")), "measure": "Nhắc nhở",
        "by_head": random.choice((True, False)), "self_found": False, "decision": "1/QĐ", **year,
    }  # fmt: skip
    conclusion = {"act": "9.1", "deed": f"hv-{random.randrange(3)}", "due": "2026-11-01"}
    bodies: dict[str, dict[str, Any]] = {
        "assign": {"to": "tt-1"}, "verify": {"outcome": "Đúng"}, "dismiss": {"reason": "Không"},
        "join": {"into": shown["id"]}, "conclude": conclusion, "handle": handling,
        "appeal": {"by": "unit"}, "uphold": {"decision": "2/QĐ"},
        "overturn": {"decision": "3/QĐ", "by": "court"},
        "transfer": {"unit": random.choice(UNITS)},
    }  # fmt: skip
    return {name: Ask("", "council", body) for name, body in bodies.items()}


def holds(shown: dict[str, Any]) -> set[On]:
    """A conclusion and a sanction that stand, each in its year."""
    if shown["stage"] == "withdrawn":
        return set()
    anew = f":{shown['conclusions']}" if shown["conclusions"] > 1 else ""
    key = f"{shown['origin']}/{shown['id']}{anew}"
    both = (("violation.concluded", "conclusion"), ("violation.handled", "handling"))
    return {On(what, key, shown[name]["year"]) for what, name in both if shown[name]}


class Walk(HttpWalk):
    """The machine of the violations."""

    service = Service(
        "violations", build, migrated, "cases", creates, steps,
        ((store, "save"), (store, "keep_words"), (handlers, "_check_deed")), SETS, CLEARS, holds,
        "cases", ("dismiss", "join", "transfer"),
    )  # fmt: skip


def test_journal_rows_answers_and_outbox_agree_after_every_command() -> None:
    """Random commands, repeated ones, stale ones, crashes before each write, retractions."""
    walk(Walk, 8, 12)


FAULTS = {
    **CHASSIS_FAULTS,
    "rows that stay behind": (store, "save", unasked),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that does not happen, or happens twice, is seen."""
    caught(Walk, monkeypatch, *FAULTS[fault], runs=10, steps=10)
