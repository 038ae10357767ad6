"""The queues of the NATS door: bounded, in turns, and nobody waits for another's flood."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.unit_queues import (
    BYTES_OF_UNIT_MAX,
    MESSAGES_MAX,
    PUBLISHES_OF_UNIT_MAX,
    REQUESTS_OF_UNIT_MAX,
    SERVED_OF_UNIT_MAX,
    Offer,
    UnitQueues,
)


def flooded(units: int = 1, messages: int = 300_000, replies: bool = False) -> UnitQueues[int]:
    """A door at which units published without end."""
    waiting: UnitQueues[int] = UnitQueues()
    for number in range(messages):
        waiting.put(f"A{number % units}", number, 300, replies)
    return waiting


def test_a_flood_of_one_unit_is_cut_and_another_is_served_next() -> None:
    """300,000 publishes keep a thousand places, and a request of B is the next or the one after."""
    waiting = flooded()
    assert len(waiting) == PUBLISHES_OF_UNIT_MAX
    assert waiting.put("B", -1, 300, True) is Offer.QUEUED
    assert "B" in {waiting.take()[0] for _ in range(2)}


def test_a_flood_of_requests_makes_others_wait_for_one_turn() -> None:
    """The unit beyond its places is told at once that the door is full."""
    waiting = flooded(messages=1000, replies=True)
    assert len(waiting) == REQUESTS_OF_UNIT_MAX
    assert waiting.put("A0", -1, 300, True) is Offer.REFUSED
    assert waiting.put("B", -1, 300, True) is Offer.QUEUED
    assert "B" in {waiting.take()[0] for _ in range(2)}


def test_a_request_takes_the_place_of_a_publish_where_the_door_is_full() -> None:
    """Of the unit with the most publishes; a publish finds no place then."""
    waiting = flooded(units=7)
    assert len(waiting) == MESSAGES_MAX
    assert waiting.put("B", -1, 300, False) is Offer.SHED
    assert waiting.put("B", -2, 300, True) is Offer.QUEUED
    assert len(waiting) == MESSAGES_MAX
    full = flooded(units=100, messages=10_000, replies=True)
    assert full.put("B", -1, 300, True) is Offer.REFUSED


def test_great_bodies_are_bounded_by_their_bytes() -> None:
    """Of a unit, and of all."""
    waiting: UnitQueues[int] = UnitQueues()
    taken = [waiting.put("A", n, 2**20, True) for n in range(20)]
    assert taken.count(Offer.QUEUED) == BYTES_OF_UNIT_MAX // 2**20
    for unit in "BCDEFG":
        for number in range(16):
            waiting.put(unit, number, 2**20, True)
    assert waiting.size <= 64 * 2**20


def test_one_unit_never_has_all_who_serve() -> None:
    """While four of its messages are served, the others' go before its next ones."""
    waiting = flooded(messages=50, replies=True)
    for _ in range(SERVED_OF_UNIT_MAX):
        waiting.take()
    with pytest.raises(KeyError):
        waiting.take()
    waiting.put("B", -1, 300, True)
    assert waiting.take() == ("B", -1)
    waiting.end("A0")
    assert waiting.take()[0] == "A0"


@given(
    st.lists(
        st.tuples(st.sampled_from("ABCD"), st.integers(1, 9), st.booleans()) | st.none(),
        max_size=80,
    )
)
def test_what_is_queued_comes_out_once_in_the_order_of_its_unit(
    steps: list[tuple[str, int, bool] | None],
) -> None:
    """Nothing is lost, doubled or overtaken by its own unit's later message of the same sort."""
    waiting: UnitQueues[tuple[int, bool]] = UnitQueues()
    queued: Counter[str] = Counter()
    came: dict[tuple[str, bool], list[int]] = {}
    for number, step in enumerate([*steps, *[None] * len(steps)]):
        if step is not None:
            unit, size, replies = step
            assert waiting.put(unit, (number, replies), size, replies) is Offer.QUEUED
            queued[unit] += 1
        elif len(waiting):
            unit, (place, replies) = waiting.take()
            waiting.end(unit)
            came.setdefault((unit, replies), []).append(place)
            queued[unit] -= 1
    assert all(order == sorted(order) for order in came.values())
    assert len(waiting) == sum(queued.values()) == 0
    assert (waiting.size, waiting.sizes, waiting.served) == (0, {}, {})
