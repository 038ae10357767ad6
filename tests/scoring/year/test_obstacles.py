"""What keeps a year from being sealed, and which appeals wait for a decision."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import moments
from contracts.envelope import Recorded
from services.scoring.fold.registry import Registry
from services.scoring.fold.verdict import statement
from services.scoring.queries.appeals import rated_unit
from services.scoring.ratings.appeals import UndecidedAppeal, undecided
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.rubrics.model import Rubrics
from services.scoring.year.obstacles import LaggingDoor, WaitingEntry, obstacles
from services.scoring.year.stages import YearDecision, YearState, state_of
from tests.scoring.test_road import registered
from tests.support.builders.cities import accepted
from tests.support.builders.events import event

RUBRICS = Rubrics(tuple(r for r in load_directory(SHIPPED).items if "commune" in r.kinds))
REGISTRY = Registry(
    statement(each) for each in accepted([registered("H44.1"), registered("X", "x", "enterprise")])
)
UNIT = rated_unit(2025, REGISTRY, RUBRICS)
CUT_OFF, UNTIL = (moments.instant(f"2026-01-{day}T17:00:00Z") for day in ("05", "15"))
PUBLISHED = state_of(
    2025,
    [
        YearDecision(
            stage="provisional", version=1, decision="1", at=CUT_OFF, cut_off=CUT_OFF,
            reply_until=UNTIL,
        )
    ],
)  # fmt: skip


def appeal(
    key: str, at: str, short: str = "appeal.filed", subject: str = "H44.1", **data: Any
) -> Recorded:
    """An appeal or a decision on one, recorded as it happened."""
    own = {"reason": "x"} if short == "appeal.filed" else {"outcome": "upheld", "decision": "9"}
    item = event(
        f"{short}{key}{at}{data}", short, subject=subject, time=at,
        data={"appeal": key, **own, **data},
    )  # fmt: skip
    (one,) = accepted([item])
    return Recorded(
        one.event, one.kind, one.time, one.year, one.time, one.identity, one.receipt, one.raw
    )


CASES: dict[str, tuple[list[Recorded], list[UndecidedAppeal]]] = {
    "before the cut-off, in the period, and to its last moment": (
        [
            appeal("a", "2025-12-01T00:00:00Z"), appeal("b", "2026-01-10T00:00:00Z", year=2025),
            appeal("c", "2026-01-15T17:00:00Z", year=2025),
        ],
        [UndecidedAppeal("H44.1", key) for key in "abc"],
    ),
    "after the period": ([appeal("a", "2026-01-15T17:00:00.000001Z", year=2025)], []),
    "decided in the year, whatever comes first": (
        [
            appeal("a", "2026-02-01T00:00:00Z", "appeal.decided", year=2025),
            appeal("a", "2026-01-10T00:00:00Z", year=2025),
        ],
        [],
    ),
    "a decision of another year or on another appeal": (
        [
            appeal("a", "2026-02-01T00:00:00Z", "appeal.decided"),
            appeal("b", "2026-02-01T00:00:00Z", "appeal.decided", year=2025),
            appeal("a", "2026-01-10T00:00:00Z", year=2025),
        ],
        [UndecidedAppeal("H44.1", "a")],
    ),
    "of the next year's dates without a year, in the period alone": (
        [
            appeal("a", "2026-01-10T00:00:00Z"), appeal("b", "2026-01-02T00:00:00Z"),
            appeal("c", "2026-01-20T00:00:00Z"), appeal("d", "2026-01-11T00:00:00Z", year=2026),
            appeal("e", "2026-01-11T00:00:00Z"),
            appeal("e", "2026-02-11T00:00:00Z", "appeal.decided"),
        ],
        [UndecidedAppeal("H44.1", "a", True)],
    ),
    "of nobody, and of a unit that no rubric rates": (
        [
            appeal("a", "2026-01-10T00:00:00Z", subject="H44.9", year=2025),
            appeal("b", "2026-01-10T00:00:00Z", subject="X", year=2025),
        ],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_an_appeal_waits_if_it_was_filed_in_time_and_is_not_decided(case: str) -> None:
    """As YEAR.md section 2 says; what is accepted late or of another year is none."""
    events, expected = CASES[case]
    assert undecided(PUBLISHED, events, UNIT) == expected


def test_while_no_period_has_begun_every_appeal_of_the_year_waits() -> None:
    """And none of the next year is taken for one of this."""
    events = [appeal("a", "2026-01-20T00:00:00Z", year=2025), appeal("b", "2026-01-10T00:00:00Z")]
    expected = [UndecidedAppeal("H44.1", "a")]
    assert undecided(YearState(year=2025), events, UNIT) == expected


def test_each_obstacle_is_named_with_what_it_is_about() -> None:
    """Before the end of the year and of the period, with appeals, quarantine and doors open."""
    cut = moments.instant("2025-12-31T16:59:59Z")
    reasons = obstacles(
        PUBLISHED, cut, [UndecidedAppeal("H44.1", "a", True)], [WaitingEntry("ab", "conflict")],
        [LaggingDoor("intake.00000001", cut - 1)],
    )  # fmt: skip
    assert [(each.kind, each.members) for each in reasons] == [
        ("year", {"ends": "2025-12-31T17:00:00Z"}),
        ("reply", {"reply_until": "2026-01-15T17:00:00Z"}),
        ("appeal", {"unit": "H44.1", "appeal": "a", "year_missing": True}),
        ("quarantine", {"id": "ab", "reason": "conflict"}),
        ("door", {"door": "intake.00000001", "until": "2025-12-31T16:59:58.999999Z"}),
    ]
    assert all(each.text.vi != each.text.en for each in reasons)


def test_a_published_year_after_its_period_can_be_sealed_and_no_other_can() -> None:
    """The end of the period itself is after it."""
    assert obstacles(PUBLISHED, UNTIL) == []
    assert [each.kind for each in obstacles(PUBLISHED, UNTIL - 1)] == ["reply"]
    (reason,) = obstacles(YearState(year=2025), UNTIL, [UndecidedAppeal("H44.1", "a")])
    assert reason.members == {"stage": "open", "version": 1}
