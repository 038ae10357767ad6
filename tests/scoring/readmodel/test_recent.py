"""Results that stay in memory: the latest ones, and no more of them than there may be."""

from __future__ import annotations

from services.scoring.readmodel.recent import Recent


def test_what_was_kept_longest_ago_goes() -> None:
    """A result that is kept again is the latest."""
    recent = Recent[str, int](2)
    assert [recent.keep("a", 1), recent.keep("b", 2), recent.keep("a", 3)] == [1, 2, 3]
    recent.keep("c", 4)
    assert recent == {"a": 3, "c": 4} and recent.get("b") is None
