"""The unit's own score stands beside the computed one and moves nothing."""

from __future__ import annotations

from typing import Any

from services.scoring.ratings.recount import Accepted
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.scoring.ratings.sheet.test_sheet import sheets
from tests.scoring.readmodel.test_snapshot import event
from tests.support.builders.cities import accepted


def own(number: int, indicator: str, points: Any, day: int = 1, **more: Any) -> dict[str, Any]:
    """A self-score of A, sent on a day of December."""
    return event(
        f"s{number}", "selfscore.submitted", "A", f"2025-12-{day:02d}T00:00:00Z",
        indicator=indicator, points=points, **more,
    )  # fmt: skip


def test_the_last_self_score_of_each_indicator_is_shown_with_the_difference() -> None:
    """Computed minus own, in hundredths that add up; also of a deduction; a line that is left out
    has no difference, and nothing else of the sheet moves.
    """
    events = [
        event("r", "unit.registered", "A", "2025-01-01T00:00:00Z", name="A", kind="commune"),
        event("d", "disclosure.due", "A", "2025-02-01T00:00:00Z", item="x"),
        event("p", "disclosure.published", "A", "2025-02-02T00:00:00Z", item="x", channel="portal"),
        event("x", "exemption.approved", "A", "2025-03-01T00:00:00Z", indicator="officers-trained",
              decision="1"),
    ]  # fmt: skip
    scores = [
        own(1, "disclosure", 3), own(2, "disclosure", "9.1250", 3, note="tạm tính"),
        own(3, "disclosure", 1, 2), own(4, "officers-trained", 5), own(5, "violations", 2),
        own(6, "nothing-of-the-rubric", 1),
    ]  # fmt: skip
    rubrics = load_directory(SHIPPED)
    without = sheets(Accepted(accepted(events)), rubrics, 2025)["A"]
    sheet = sheets(Accepted(accepted([*events, *scores])), rubrics, 2025)["A"]
    lines = {line["id"]: line for line in sheet["indicators"]}
    self_scores = {name: line["self_score"] for name, line in lines.items() if line["self_score"]}
    assert self_scores["disclosure"]["points"] == "9.13"
    assert (
        self_scores["disclosure"]["difference"] == "2.87"
        and lines["disclosure"]["score"] == "12.00"
    )
    assert (self_scores["disclosure"]["id"], self_scores["disclosure"]["note"]) == (
        "s2",
        "tạm tính",
    )
    assert (
        self_scores["officers-trained"]["points"],
        self_scores["officers-trained"]["difference"],
    ) == (
        "5.00",
        None,
    )
    deduction = next(name for name in self_scores if name not in ("disclosure", "officers-trained"))
    assert (self_scores[deduction]["points"], self_scores[deduction]["difference"]) == (
        "-2.00",
        "2.00",
    )
    assert len(sheet["self_scores"]) == len(scores)
    for line in sheet["indicators"]:
        line["self_score"] = None
    assert {**sheet, "self_scores": []} == without
