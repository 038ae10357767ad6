"""The sample city as a file of events, as `danchu simulate --sample` writes it."""

from __future__ import annotations

import json

from services.simulation.sample import sample_city, sample_lines


def test_the_file_of_the_sample_city_has_the_events_of_a_first_start() -> None:
    """One event a line, in the order in which `danchu up` sends them."""
    lines = list(sample_lines())
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert [json.loads(line) for line in lines] == sample_city()
