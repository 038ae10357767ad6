"""A cursor belongs to the list that issued it: of one kind, one unit and one year."""

from __future__ import annotations

import pytest

from services.chassis.http.problems import Problem
from services.scoring.access.cursors import (
    appeal_cursor,
    appeal_place,
    cause_cursor,
    cause_place,
    event_cursor,
    event_place,
    unowned_cursor,
    unowned_place,
)
from services.scoring.queries.events import EventKey
from services.scoring.queries.unowned import Place
from services.scoring.ratings.history import CausePlace
from services.scoring.readmodel.appeals import AppealKey
from services.scoring.readmodel.moment import NOW, Moment

KEY = EventKey(1_700_000_000_000_000, b"sixteen-bytes-id")
PLACE = CausePlace(1_700_000_000_000_000, "urn:một", "7")
APPEAL = AppealKey("H44.1", "k1")


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


@pytest.mark.parametrize("moment", [Moment(5), Moment(7, None), Moment(None, 1)])
def test_a_cursor_of_another_state_of_the_year_is_refused(moment: Moment) -> None:
    """The events as of an instant are others than those of now or of a version."""
    for first, second in ((NOW, moment), (moment, NOW), (moment, Moment(6))):
        cursor = event_cursor(KEY, 2025, "H44.1", first)
        assert event_place(cursor, 2025, "H44.1", first) == KEY
        with pytest.raises(Problem):
            event_place(cursor, 2025, "H44.1", second)


def test_a_cursor_of_appeals_belongs_to_its_year_and_state() -> None:
    """Appeals of one state begin elsewhere than all of them."""
    cursor = appeal_cursor(APPEAL, 2025, "upheld")
    assert appeal_place(cursor, 2025, "upheld") == APPEAL
    for year, state in ((2024, "upheld"), (2025, None), (2025, "rejected")):
        with pytest.raises(Problem):
            appeal_place(cursor, year, state)
    with pytest.raises(Problem):
        unowned_place(cursor)


@pytest.mark.parametrize("place", [Place("A", 2025, 2**63, b"x"), Place("\0", 2025, 1, b"x")])
def test_a_forged_place_that_no_database_can_compare_is_refused(place: Place) -> None:
    """The mark is no secret, so what follows it is judged too."""
    with pytest.raises(Problem):
        unowned_place(unowned_cursor(place))
