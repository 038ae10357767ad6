"""What the feed has to tell: the last state of everything, and nothing twice."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import envelope
from services.scoring.fold.books import Book
from services.scoring.ratings.feed import CHANGED, FeedState, event_of, subject_of, unannounced

BOOKS = st.builds(Book, st.sampled_from(["A", "H44.1", "H44.1.2"]), st.sampled_from([2024, 2025]))
STATES = st.builds(
    FeedState,
    st.integers(0, 3),
    st.sampled_from([1, 2]),
    st.sampled_from(["open", "provisional"]),
    st.just(True),
)
CITIES = st.lists(
    st.tuples(st.dictionaries(BOOKS, STATES), st.sets(st.sampled_from([2024, 2025]))), max_size=6
)


@settings(max_examples=50)
@given(CITIES)
def test_a_consumer_of_every_message_knows_the_last_state_of_the_open_years(
    moments: list[tuple[dict[Book, FeedState], set[int]]],
) -> None:
    """Whatever moved in between, and also where a unit is not rated any more."""
    announced: dict[Book, FeedState] = {}
    for current, closed in moments:
        before = dict(announced)
        changes = unannounced(current, announced, closed)
        assert not any(announced.get(book) == state for book, state in changes.items())
        announced |= changes
        rated = {book: state for book, state in announced.items() if state.rated}
        for year in {2024, 2025} - closed:
            assert {b: s for b, s in rated.items() if b.year == year} == {
                b: s for b, s in current.items() if b.year == year
            }
        for book in announced:
            assert book.year not in closed or announced[book] == before[book]


def test_a_message_is_an_event_of_the_contract_on_the_subject_of_its_unit() -> None:
    """Its year is the rating's, not that of the moment at which it was told."""
    book, now = Book("H44.1.2", 2025), 1_790_000_000_000_000
    attributes = event_of(book, CHANGED, FeedState(1250, 1, "open").data(), "x", now)
    body = envelope.body(attributes, now, envelope.content_of(attributes))
    event = envelope.decode(body)
    assert (event.year, event.event.subject, event.event.data.total) == (2025, "H44.1.2", "12.50")
    assert subject_of(book) == "danchu.ratings.2025.H44-1-2"
