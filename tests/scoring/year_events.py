"""Events of scoring about the stages of a year, for tests."""

from __future__ import annotations

from typing import Any

from contracts import door, envelope, moments
from contracts.catalog import CANONICAL
from contracts.envelope import Recorded

SOURCE = "urn:danchu:records:scoring"


def year_event(short: str, at: str, decision: str, year: int = 2025, **data: Any) -> Recorded:
    """A decision on the stage of a year, recorded at an instant."""
    recorded = moments.instant(at)
    item = {
        "specversion": "1.0", "id": f"{short}-{decision}", "source": SOURCE, "subject": "CITY",
        "type": CANONICAL[short].type, "time": at,
        "data": {"year": year, "decision": decision, **data},
    }  # fmt: skip
    emitted = door.read_item(item, recorded)
    assert isinstance(emitted, door.Emitted), emitted
    return envelope.decode(emitted.body(recorded))


def year_of_two_versions(year: int = 2025) -> list[Recorded]:
    """A year that was published, sealed, reopened, published again and sealed again."""
    note = f"danchu.local/{year}/v1\n3\nAAAA\n\n— danchu.local/operator/1 AAAA\n"
    return [
        year_event(
            "year.provisional", "2026-01-05T02:00:00Z", "1/QĐ", year, version=1, by="Hội đồng",
            date="2026-01-04", reason="Công bố", cut_off="2026-01-05T02:00:00Z",
            reply_until="2026-01-15T17:00:00Z",
        ),
        year_event(
            "year.sealed", "2026-01-20T02:00:00Z", "2/QĐ", year, version=1, by="Vận hành",
            by_auditor="Thanh tra", cut="2026-01-19T02:00:00Z", note=note,
            rubrics=[{"id": "commune", "text": "id: commune\n"}],
        ),
        year_event("year.reopened", "2026-03-01T02:00:00Z", "3/QĐ", year, version=2),
        year_event(
            "year.provisional", "2026-03-05T02:00:00Z", "4/QĐ", year, version=2,
            cut_off="2026-03-05T02:00:00Z", reply_until="2026-03-05T02:00:00Z",
        ),
        year_event(
            "year.sealed", "2026-03-20T02:00:00Z", "5/QĐ", year, version=2,
            cut="2026-03-19T02:00:00Z", note=note.replace("v1", "v2"), rubrics=[],
        ),
    ]  # fmt: skip
