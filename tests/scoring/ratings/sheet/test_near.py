"""Keys that were perhaps meant are pointed at, and those that are other keys are not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.ratings.sheet import near
from services.scoring.ratings.sheet.model import Difference
from services.scoring.ratings.sheet.near import NEAR_MAX, Near, Neighbours, edits


@pytest.mark.parametrize(
    ("announced", "reported", "differs"),
    [
        ("Budget", "budget", "case"),
        ("ngân-sách", "ngan-sach", "accents"),
        ("hoà-giải", "hòa-giải", "accents"),
        ("thuỷ-lợi", unicodedata.normalize("NFD", "thuỷ-lợi"), "blanks"),
        ("thu chi", "thuchi", "blanks"),
        ("NS_2025/01", "NS-2025-01", "signs"),
        ("NS-01", "NS-1", "signs"),
        ("Đất đai", "Ðất đai", "accents"),
        ("budget", "bugdet", "slip"),
        ("budget", "budgets", "slip"),
        ("ngan-sach-2025", "ngan-sahc-2025", "slip"),
    ],
)
def test_a_key_that_was_perhaps_meant_is_pointed_at_from_both_sides(
    announced: str, reported: str, differs: Difference
) -> None:
    """Case, accents, blanks, separators, leading zeros, the place of a tone, a slip."""
    assert Neighbours([announced, "unrelated"]).of(reported) == [Near(announced, differs)]
    assert Neighbours([reported, "unrelated"]).of(announced) == [Near(reported, differs)]


@pytest.mark.parametrize(
    ("key", "other"), [("a1", "a2"), ("tax", "law"), ("budget", "gadget"), ("plan", "budget")]
)
def test_other_keys_are_not_near(key: str, other: str) -> None:
    """Short keys that differ by a letter are other keys, and so are other words."""
    assert Neighbours([other]).of(key) == []


def test_numbered_keys_are_not_near_each_other_unless_only_one_is() -> None:
    """Of a series each would be near the next; where one alone is left, it is pointed at."""
    series = [f"task-2025-{n}" for n in range(11, 40)]
    assert Neighbours(series).of("task-2025-77") == []
    assert Neighbours(["task-2025-78"]).of("task-2025-77") == [Near("task-2025-78", "slip")]


def test_what_is_listed_and_what_is_compared_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most three near keys; letter by letter only so many pairs in all."""
    many = Neighbours([f"{letter}budget" for letter in "abcdefgh"])
    assert len(many.of("xbudget")) == NEAR_MAX
    monkeypatch.setattr(near, "COMPARED_MAX", 3)
    few = Neighbours([f"budget{letter}" for letter in "abcdefgh"])
    assert len(few.of("budgetx")) <= NEAR_MAX and few.of("budgety") == []


def slow(text: str, other: str) -> int:
    """Optimal string alignment as its definition has it."""
    if not text or not other:
        return len(text) + len(other)
    best = min(
        slow(text[:-1], other) + 1,
        slow(text, other[:-1]) + 1,
        slow(text[:-1], other[:-1]) + (text[-1] != other[-1]),
    )
    if len(text) > 1 and len(other) > 1 and text[-2:] == other[-1] + other[-2]:
        best = min(best, slow(text[:-2], other[:-2]) + 1)
    return best


@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_edits_are_counted_as_defined_up_to_the_limit(text: str, other: str) -> None:
    """Missing, added, changed and exchanged letters."""
    exact = slow(text, other)
    for most in (0, 1, 2):
        assert min(edits(text, other, most), most + 1) == min(exact, most + 1)
