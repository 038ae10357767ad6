"""Days and instants as people write them, in both languages."""

from __future__ import annotations

from datetime import date

import pytest

from contracts import moments
from contracts.moment_texts import day_text, deadline_text, moment_text


def test_days_and_instants_are_those_of_vietnam() -> None:
    """To the minute, or to the second where one is told from another."""
    instant = moments.instant("2024-12-16T17:30:09Z")
    texts = (day_text(date(2025, 3, 1)), moment_text(instant), moment_text(instant, seconds=True))
    assert [each.vi for each in texts] == ["01/03/2025", "17/12/2024 00:30", "17/12/2024 00:30:09"]
    assert [each.en for each in texts] == [
        "1 Mar 2025", "17 Dec 2024, 00:30", "17 Dec 2024, 00:30:09",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("instant", "vietnamese", "english"),
    [
        ("2026-01-15T17:00:00Z", "hết ngày 15/01/2026", "the end of 15 Jan 2026"),
        ("2025-12-31T17:00:00Z", "hết ngày 31/12/2025", "the end of 31 Dec 2025"),
        ("2026-01-15T16:59:59Z", "15/01/2026 23:59", "15 Jan 2026, 23:59"),
        ("2026-01-15T17:00:00.000001Z", "16/01/2026 00:00", "16 Jan 2026, 00:00"),
        ("2026-01-16T03:30:00Z", "16/01/2026 10:30", "16 Jan 2026, 10:30"),
    ],
)
def test_a_deadline_at_midnight_is_the_end_of_the_day_before(
    instant: str, vietnamese: str, english: str
) -> None:
    """Nobody is told of a day that is not theirs any more."""
    text = deadline_text(moments.instant(instant))
    assert (text.vi, text.en) == (vietnamese, english)
