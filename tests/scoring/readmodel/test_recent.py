"""Results that stay in memory: the latest ones, and no more of them than there may be."""

from __future__ import annotations

from services.scoring.readmodel.recent import Recent


def test_what_was_kept_longest_ago_goes() -> None:
    """A result that is kept again is the latest."""
    recent = Recent[str, int](2)
    assert [recent.keep("a", 1), recent.keep("b", 2), recent.keep("a", 3)] == [1, 2, 3]
    recent.keep("c", 4)
    assert recent == {"a": 3, "c": 4} and recent.get("b") is None


def test_an_idle_result_goes_first_but_never_the_one_that_is_kept() -> None:
    """Such as a year without books, which is read again at once."""
    recent = Recent[str, int](2, idle=lambda value: value == 0)
    for key, value in (("a", 1), ("b", 0), ("c", 2)):
        recent.keep(key, value)
    assert recent == {"a": 1, "c": 2}
    assert recent.keep("d", 0) == 0 and recent == {"c": 2, "d": 0}
