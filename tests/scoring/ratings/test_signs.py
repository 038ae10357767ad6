"""Signs of gaming against a slow and plain search, at their thresholds, and away from ratings."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from contracts import moments
from services.scoring.ratings import signs
from services.scoring.ratings.signs import (
    LAST_LEAST,
    LAST_US,
    SAMPLE_MAX,
    SIGNS_MAX,
    UNITS_LEAST,
    WINDOW_LEAST,
    WINDOW_US,
    SignEvent,
    SignSearch,
    YearSigns,
    fullest,
)

YEAR = 2025
UNTIL = moments.year_start(YEAR + 1)
SPRING = moments.instant("2025-03-01T00:00:00Z")
SERVICES = Path(signs.__file__).parents[2]


def event(
    number: int, unit: str = "A", source: str = "urn:a", time: int = SPRING,
    recorded: int | None = None, documents: tuple[bytes, ...] = (),
) -> SignEvent:  # fmt: skip
    """An event that nobody would ask about, unless it is said otherwise."""
    at = time + number * WINDOW_US if recorded is None else recorded
    return SignEvent(unit, source, "x", time, at, number.to_bytes(16, "big"), documents)


def search(events: list[SignEvent]) -> YearSigns:
    """The signs of these events."""
    found = SignSearch(YEAR)
    found.add(events)
    return found.signs()


def test_the_last_hours_begin_and_end_with_their_instants() -> None:
    """Ten of twenty within the last day; one fewer, or outside by an instant, is none."""
    early = [event(number) for number in range(LAST_LEAST)]
    for late in (
        [event(n, time=UNTIL - LAST_US + n, recorded=SPRING) for n in range(LAST_LEAST)],
        [event(n, recorded=UNTIL - 1 - n * WINDOW_US) for n in range(LAST_LEAST)],
    ):
        (sign,) = search(early + late).last_hours
        assert (sign.unit, sign.late, sign.all) == ("A", LAST_LEAST, 2 * LAST_LEAST)
        assert len(sign.sample) == SAMPLE_MAX and set(sign.sample) <= set(late)
        assert search([*early, event(99), *late]).last_hours == ()
        assert search(late[1:]).last_hours == ()
    after = [event(n, time=UNTIL, recorded=UNTIL + n * WINDOW_US) for n in range(LAST_LEAST)]
    before = [event(n, time=UNTIL - LAST_US - 1, recorded=SPRING) for n in range(LAST_LEAST)]
    assert search(after).last_hours == search(before).last_hours == ()


def test_a_file_of_many_units_is_named_once_however_often_it_stands_there() -> None:
    """Units count, not events; a file that an event names twice is one."""
    shared, own = b"\1" * 32, b"\2" * 32
    units = [f"U{number}" for number in range(UNITS_LEAST)]
    events = [event(n, unit, documents=(shared, shared, own)) for n, unit in enumerate(units)]
    found = search([*events[:1] * 9, *events[:-1]])
    assert found.documents == ()
    (first, second) = search([*events, events[0]]).documents
    assert (first.digest, first.units, first.number) == (shared, tuple(units), UNITS_LEAST + 1)
    assert second.digest == own


def test_what_a_system_of_record_announces_at_once_is_no_mass_entry() -> None:
    """One click of a clerk is a roster; a portal that does so is asked."""
    at_once = [event(n, recorded=SPRING + n) for n in range(WINDOW_LEAST)]
    (sign,) = search(at_once).mass
    assert (sign.unit, sign.source, sign.since, sign.number) == ("A", "urn:a", SPRING, WINDOW_LEAST)
    assert search(at_once[1:]).mass == ()
    records = [each._replace(source="urn:danchu:records:training") for each in at_once]
    assert search(records).mass == ()
    two = [each._replace(source=f"urn:{n % 2}") for n, each in enumerate(at_once)]
    assert search(two).mass == ()


def test_the_strongest_signs_are_named_and_the_others_counted() -> None:
    """However many there are."""
    events = [
        event(n, f"U{unit:03}", recorded=SPRING + n)
        for unit in range(SIGNS_MAX + 3) for n in range(WINDOW_LEAST + unit)
    ]  # fmt: skip
    found = search(events)
    assert len(found.mass) == SIGNS_MAX and found.numbers == (0, 0, SIGNS_MAX + 3)
    assert found.mass[0].unit == f"U{SIGNS_MAX + 2:03}" and found.events == len(events)


instants = st.lists(st.integers(0, 200), max_size=60).map(sorted)


@given(instants, st.integers(1, 50))
def test_the_fullest_window_is_that_of_a_plain_search(places: list[int], window: int) -> None:
    """As many as around any instant, and it begins with the first such one."""
    counts = [sum(start <= each < start + window for each in places) for start in places]
    place, most = fullest(places, window)
    assert most == max(counts, default=0)
    if places:
        assert most == sum(places[place] <= each < places[place] + window for each in places)
        assert places[place] == places[counts.index(most)]


drawn = st.builds(
    lambda unit, source, late, gap, documents, number: event(
        number, unit, source, UNTIL - 1 - gap if late else SPRING, SPRING + gap,
        tuple(bytes([each]) * 32 for each in documents),
    ),
    st.sampled_from("ABCD"), st.sampled_from(["urn:a", "urn:danchu:records:x"]), st.booleans(),
    st.integers(0, 3 * LAST_US), st.lists(st.integers(0, 3), max_size=3), st.integers(0, 2**40),
)  # fmt: skip


@given(st.lists(drawn, max_size=60), st.randoms())
def test_signs_are_those_of_a_plain_search_in_any_order(
    events: list[SignEvent], random: object
) -> None:
    """Order and number of additions do not matter; a unit without late events is never named."""
    found = search(events)
    shuffled = events.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    pieces = SignSearch(YEAR)
    for each in shuffled:
        pieces.add([each])
    other = pieces.signs()
    assert [each[:3] for each in found.last_hours] == [each[:3] for each in other.last_hours]
    assert [each[:3] for each in found.documents] == [each[:3] for each in other.documents]
    late = Counter(e.unit for e in events if UNTIL - LAST_US <= e.time < UNTIL)
    every = Counter(e.unit for e in events)
    asked = {u for u in late if late[u] >= LAST_LEAST and 2 * late[u] >= every[u]}
    assert {each.unit for each in found.last_hours} == asked
    units = {
        digest: {e.unit for e in events if digest in e.documents}
        for each in events for digest in each.documents
    }  # fmt: skip
    shared = {digest for digest, of in units.items() if len(of) >= UNITS_LEAST}
    assert {each.digest for each in found.documents} == shared


def test_no_module_that_rates_knows_of_signs() -> None:
    """The read model and the page alone import them: they are asked, never scored."""
    importers = set()
    for path in SERVICES.glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "services.scoring.ratings.signs":
                importers.add(path.relative_to(SERVICES / "scoring").as_posix())
    assert importers == {"readmodel/signs.py", "web/pages/audit_signs.py"}
