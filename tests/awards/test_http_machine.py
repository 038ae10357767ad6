"""The awards over HTTP and SQLite: random commands, repetitions, crashes, retractions."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from services.awards import store
from services.awards.app import build, migrated
from tests.awards.test_machine import CLEARS, SETS
from tests.support.machines.http_machine import (
    CHASSIS_FAULTS,
    UNITS,
    Ask,
    HttpWalk,
    Service,
    unasked,
)
from tests.support.machines.walking import On, caught, walk

LEVELS = {"model": ("city", "province"), "award": ("province", "state")}


def creates(random: Random, at: str) -> Ask:
    """A nomination."""
    named = {"honoree": "Nguyễn Văn Mẫu"} if random.randrange(2) else {}
    body = {
        "unit": random.choice(UNITS), "title": "Mô hình", "merits": "Tự quản", "at": at, **named,
    }  # fmt: skip
    return Ask("achievements", "clerk", body)


def steps(random: Random, shown: dict[str, Any]) -> dict[str, Ask]:
    """Every step with a body that fits what was appraised last, at random."""
    found = shown.get("appraisal") or {}
    what = random.choice(("model", "award"))
    level = random.choice(LEVELS[what])
    votes = {"in_favour": random.choice((5, 5, 1)), "against": 1}
    bodies: dict[str, dict[str, Any]] = {
        "appraise": {"what": what, "level": level, **votes},
        "recognise": {"level": _of(found, "model"), "decision": "1/QĐ"},
        "grant": {"level": _of(found, "award"), "decision": "1/QĐ"}, "refuse": {"reason": "Không"},
        "replicate": {"by": random.choice((*UNITS, "H44.3")), "evidence": [{"document": "1/BC"}]},
        "revoke": {"what": what, "cause": "wrong_appraisal", "decision": "2/QĐ"},
        "transfer": {"unit": random.choice(UNITS)},
    }  # fmt: skip
    return {name: Ask("", "council", body) for name, body in bodies.items()}


def _of(appraisal: dict[str, Any], what: str) -> str:
    return str(appraisal["level"]) if appraisal.get("what") == what else "province"


def holds(shown: dict[str, Any]) -> set[On]:
    """Recognitions, awards and takings-up that stand, each in its year."""
    if shown["stage"] == "withdrawn":
        return set()
    key = f"{shown['origin']}/{shown['id']}"
    found = {On("model.replicated", key, one["year"]) for one in shown["replicated"]}
    for one in shown["honours"]:
        found.add(
            On("model.recognised", key, one["year"]) if one["what"] == "model"
            else On("award.granted", f"{key}:{one['level']}", one["year"])
        )  # fmt: skip
    return found


class Walk(HttpWalk):
    """The machine of the awards."""

    service = Service(
        "awards", build, migrated, "achievements", creates, steps,
        ((store, "save"), (store, "name_honoree")), SETS, CLEARS, holds, "achievements",
        ("refuse", "transfer"),
    )  # fmt: skip


def test_journal_rows_answers_and_outbox_agree_after_every_command() -> None:
    """Random commands, repeated ones, stale ones, crashes before each write, retractions."""
    walk(Walk, 8, 12)


FAULTS = {**CHASSIS_FAULTS, "rows that stay behind": (store, "save", unasked)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that does not happen, or happens twice, is seen."""
    caught(Walk, monkeypatch, *FAULTS[fault], runs=10, steps=10)
