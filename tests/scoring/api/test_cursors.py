"""A cursor belongs to the list that issued it: of one kind, one unit and one year."""

from __future__ import annotations

import pytest

from services.chassis.http.problems import Problem
from services.scoring.api.cursors import cause_cursor, cause_place, event_cursor, event_place
from services.scoring.queries.events import EventKey
from services.scoring.ratings.history import CausePlace

KEY = EventKey(1_700_000_000_000_000, b"sixteen-bytes-id")
PLACE = CausePlace(1_700_000_000_000_000, "urn:một", "7")


def test_a_cursor_leads_on_in_its_own_list() -> None:
    """The place that was put in comes out again."""
    assert event_place(event_cursor(KEY, 2025, "H44.1"), 2025, "H44.1") == KEY
    assert cause_place(cause_cursor(PLACE, 2025, "H44.1"), 2025, "H44.1") == PLACE


@pytest.mark.parametrize(("year", "unit"), [(2025, "H44.2"), (2026, "H44.1")])
def test_a_cursor_of_another_unit_or_year_is_refused(year: int, unit: str) -> None:
    """Its place would begin the other list somewhere in the middle."""
    with pytest.raises(Problem):
        event_place(event_cursor(KEY, 2025, "H44.1"), year, unit)
    with pytest.raises(Problem):
        cause_place(cause_cursor(PLACE, 2025, "H44.1"), year, unit)


def test_a_cursor_of_another_list_of_the_same_unit_is_refused() -> None:
    """Events and history go by different orders."""
    with pytest.raises(Problem):
        cause_place(event_cursor(KEY, 2025, "H44.1"), 2025, "H44.1")
    with pytest.raises(Problem):
        event_place(cause_cursor(PLACE, 2025, "H44.1"), 2025, "H44.1")
