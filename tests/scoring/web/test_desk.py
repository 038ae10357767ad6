"""The desk without a database: to which check a difference of a bundle belongs."""

from __future__ import annotations

import pytest

from services.scoring.web.pages.desk_verify import CHECKS, check_of
from services.scoring.year.verify.discrepancies import Discrepancy


@pytest.mark.parametrize(
    ("code", "place", "check"),
    [
        ("file", "README", "form"), ("guide", "VERIFY.md", "form"),
        ("signature", "note:5", "signatures"), ("keys-order", "keys.txt", "signatures"),
        ("event-order", "entries.ndjson:7", "entries"), ("root", "entries.ndjson", "root"),
        ("rubric-digest", "rubrics/a.yaml", "rubrics"), ("rating-field", "H44.1", "ratings"),
        ("rating-absent", "H44.1", "ratings"),
    ],
)  # fmt: skip
def test_a_difference_belongs_to_one_check(code: str, place: str, check: str) -> None:
    """Whatever differs is told at the check that found it."""
    assert check in CHECKS and check_of(Discrepancy(code, place)) == check
