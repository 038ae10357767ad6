"""Nobody edits a rating by hand: there is no way to, and what people decide is on the sheet."""

from __future__ import annotations

from pathlib import Path

from services.scoring import app as scoring
from services.scoring.settings import ScoringSettings
from tests.scoring.ratings.sheet.test_sheet import sample, sheets


def test_no_route_changes_a_rating(tmp_path: Path) -> None:
    """What is about ratings can be read, and nothing else."""
    paths = scoring.build(ScoringSettings(home=tmp_path)).api.openapi()["paths"]
    ratings = {path: set(methods) for path, methods in paths.items() if "/ratings" in path}
    assert len(ratings) >= 4
    assert all(methods == {"get"} for methods in ratings.values())


def test_an_adjustment_is_on_the_sheet_with_its_decision_and_reason() -> None:
    """The sample city has one up and one down, each a line of its own by number and reason."""
    held, ruled = sample()
    found = sheets(held, ruled, 2025)
    for unit, points in (("H44.5.1", "1.50"), ("H44.3.3", "-0.75")):
        (told,) = found[unit]["adjustments"]
        assert found[unit]["rating"]["adjustment"] == points
        assert float(told["points"]) == float(points)
        assert told["decision"] and told["reason"] and told["source"] and told["time"]
    decided = [one for one in found.values() if one["rating"]["adjustment"] != "0.00"]
    assert all(one["adjustments"] for one in decided)
