"""Texts that are tried on a year: what cannot be used is named by text, line and reason."""

from __future__ import annotations

import pytest

from services.scoring.rubrics.errors import ProposalsRefused
from services.scoring.rubrics.loader import SHIPPED
from services.scoring.rubrics.proposals import TEXT_BYTES_MAX, load_proposals

COMMUNE, AGENCY = (
    (SHIPPED / f"viet-tri-2025-{kind}.yaml").read_bytes() for kind in ("commune", "agency")
)
LATE = COMMUNE.replace(b"from: 2025", b"from: 2040")


@pytest.mark.parametrize(
    ("texts", "start", "words"),
    [
        ([COMMUNE.replace(b"maximum:", b"maximun:")], b"maximun", "maximun"),
        ([AGENCY, LATE], b"years", "2040"),
        ([COMMUNE, COMMUNE], b"kinds", "cho commune"),
        ([b"\xff"], b"", "UTF-8"),
        ([b"#" * (TEXT_BYTES_MAX + 1)], b"#", "256 KiB"),
    ],
)
def test_a_text_that_cannot_be_used_is_named_with_line_and_reason(
    texts: list[bytes], start: bytes, words: str
) -> None:
    """A fault of the file, other years, two for one kind, no UTF-8, and too long a text."""
    with pytest.raises(ProposalsRefused) as refused:
        load_proposals(texts, 2025)
    faults = [fault for fault in refused.value.faults if words in fault.reason]
    assert [fault.text for fault in faults] == [len(texts) - 1]
    lines = texts[-1].splitlines() or [b""]
    assert lines[faults[0].line - 1].startswith(start)


def test_texts_that_can_be_used_are_the_rubrics_of_their_kinds() -> None:
    """In the order of the texts, with a byte order mark or without."""
    first, second = load_proposals([AGENCY, b"\xef\xbb\xbf" + COMMUNE], 2025)
    assert ("agency" in first.kinds, second.kinds) == (True, ("commune",))
