"""The calls of telemetry are counted once each, and a block between them not at all."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from tests.bench.telemetry_calls import Calls


def test_a_call_within_a_call_is_part_of_it() -> None:
    """A span that is made by another function of ours does not count twice."""
    calls = Calls()
    inner = calls.wrap(lambda: 1)
    assert calls.wrap(lambda: inner() + inner())() == 2
    assert calls.number == 1


def test_a_block_is_its_beginning_and_its_end() -> None:
    """What runs within a span is the fold's work; a call in there counts by itself."""
    calls = Calls()
    call = calls.wrap(lambda: None)
    with calls.wrap(lambda: nullcontext("span"))() as span:
        assert span == "span" and calls.number == 2
        call()
    assert calls.number == 4


def test_an_error_within_a_block_goes_on() -> None:
    """The end of the block is counted then too."""
    calls = Calls()
    with pytest.raises(ValueError, match="fault"), calls.wrap(nullcontext)():
        raise ValueError("fault")
    assert calls.number == 3
