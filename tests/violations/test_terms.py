"""Terms by law: the right number of days on the right day, and a file that is refused if wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from contracts.messages import Message
from services.violations import terms_file
from services.violations.terms import COMPLEXITIES, NAMES, Name, Term, Terms
from services.violations.terms_file import FILE, TermsRefused, load


def day(text: str) -> int:
    """The ordinal of a day."""
    return date.fromisoformat(text).toordinal()


@pytest.mark.parametrize(
    ("name", "start", "complexity", "last"),
    [
        ("handling", "2025-03-01", "ordinary", "2025-05-30"),
        ("handling", "2025-03-01", "complex", "2025-07-29"),
        ("handling", "2025-06-30", "ordinary", "2025-09-28"),
        ("handling", "2025-07-01", "very_complex", "2025-11-28"),
        ("handling", "2020-06-30", "ordinary", None),
        ("first_appeal", "2025-12-20", "ordinary", "2026-01-04"),
        ("second_appeal", "2024-02-20", "ordinary", "2024-03-01"),
        ("second_appeal_dismissal", "2025-01-01", "ordinary", "2025-01-31"),
        ("verification", "2025-01-01", "very_complex", "2025-04-01"),
        ("answer", "2025-01-01", "complex", "2025-02-15"),
        ("answer", "2012-06-30", "ordinary", None),
    ],
)
def test_the_last_day_is_that_of_the_law_of_the_day(
    name: Name, start: str, complexity: str, last: str | None
) -> None:
    """The first day is not counted; before the law there is no term."""
    assert load().last_day(name, day(start), complexity) == last  # type: ignore[arg-type]


def test_each_day_has_at_most_one_term_of_a_name_and_handling_has_no_gap() -> None:
    """From July 2020 on every day has a term for handling, also where one law follows another."""
    terms = load()
    for name in NAMES:
        for at in range(day("2019-12-01"), day("2030-01-01"), 7):
            assert sum(term.in_force_on(at) for term in terms.terms if term.name == name) <= 1
    days = range(day("2020-07-01"), day("2026-01-01"))
    assert all(terms.on("handling", at) is not None for at in days)


def test_every_term_names_its_clause_and_a_proposal_says_what_is_to_be_confirmed() -> None:
    """A number of the law stands beside its clause."""
    for term in load().terms:
        assert "Điều" in term.clause and "Luật" in term.reference
        if term.status == "proposal":
            assert "confirm" in term.note


def test_terms_follow_each_other_by_the_day() -> None:
    """A changed law holds from its first day and not a day before."""

    def term(first: str, last: str | None, days: int) -> Term:
        numbers = dict.fromkeys(COMPLEXITIES, days)
        ends = None if last is None else day(last)
        return Term("handling", "x", day(first), ends, numbers, "c", "r", "law")

    terms = Terms((term("2025-01-01", "2025-06-30", 10), term("2025-07-01", None, 20)))
    assert terms.last_day("handling", day("2025-06-30")) == "2025-07-10"
    assert terms.last_day("handling", day("2025-07-01")) == "2025-07-21"


WRONG = [
    ("until: \"2025-06-30\"", "until: null", "in force on the same day"),
    ("from: \"2019-01-01\"", "from: 2019-01-01", "in quotes"),
    ("from: \"2019-01-01\"", "from: \"2019-02-30\"", "from"),
    ("until: \"2025-06-30\"", "until: \"2020-06-30\"", "until is before from"),
    ("ordinary: 30, complex: 60", "ordinary: 70, complex: 60", "not have fewer days"),
    ("ordinary: 30, complex: 60", "ordinary: 0, complex: 60", "integers from 1"),
    ("ordinary: 30, complex: 60", "ordinary: 30.5, complex: 60", "integers from 1"),
    ("ordinary: 30, complex: 60, ", "", "days must be given for"),
    ("name: answer", "name: reply", "name must be one of"),
    ("status: law\n", "status: sure\n", "status must be one of"),
    ("clause: Điều 30", "clause: 30", "clause must be a text"),
    ("note: The same for a dismissal.", "remark: x", "has the fields"),
    ("terms:", "terms: {", "not valid YAML"),
    ("terms:", "term:", "the list `terms`"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "reason"), WRONG)
def test_a_wrong_file_of_terms_is_refused_with_its_line_and_reason(
    tmp_path: Path, right: str, wrong: str, reason: str
) -> None:
    """Nothing is guessed where the law's numbers are unclear."""
    text = FILE.read_text(encoding="utf-8")
    assert right in text
    file = tmp_path / "terms.yaml"
    file.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(TermsRefused, match=reason) as refused:
        load(file)
    refusal = refused.value.message
    assert isinstance(refusal, Message) and refusal.vi != refusal.en
    assert all(one.startswith("terms.yaml:") for one in (refusal, refusal.vi, refusal.en))
    assert refused.value.line >= 1


def test_a_file_that_lacks_a_term_is_refused(tmp_path: Path) -> None:
    """The service would not know a last day that it needs."""
    text = FILE.read_text(encoding="utf-8")
    file = tmp_path / "terms.yaml"
    file.write_text(text[: text.index("  - name: answer")], encoding="utf-8")
    with pytest.raises(terms_file.TermsRefused, match="answer"):
        load(file)
