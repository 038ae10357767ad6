"""Cases of a test, brought to a stage over HTTP."""

from __future__ import annotations

from typing import Any

from tests.support.builders.desks import Desk

UNIT = "H44.2.1"
REPORT = {
    "unit": UNIT, "allegation": "Không công khai quỹ", "place": "Nhà văn hóa khu 3",
    "reporter": "0912 000 000", "at": "2025-03-01T08:00:00+07:00",
}  # fmt: skip
OUTCOME = {"outcome": "Đúng như phản ánh", "at": "2025-03-20T08:00:00+07:00"}
CONCLUSION = {"act": "9.3", "deed": "hv-2025-1", "at": "2025-04-10T08:00:00+07:00"}
HANDLING = {
    "severity": "warning", "measure": "Cảnh cáo, công khai lại", "by_head": True,
    "self_found": False, "decision": "12/QĐ", "at": "2025-04-20T08:00:00+07:00",
}  # fmt: skip
OVERTURN = {"decision": "7/QĐ", "by": "superior", "at": "2025-08-01T08:00:00+07:00"}


async def reported(desk: Desk, role: str = "clerk", **changed: Any) -> str:
    """The id of a new case; `at=None` is now."""
    body = {name: value for name, value in {**REPORT, **changed}.items() if value is not None}
    return str((await desk.succeed("cases", role, body))["id"])


async def verified(
    desk: Desk, role: str = "clerk", complexity: str = "ordinary", **changed: Any
) -> str:
    """The id of a case that was verified in March 2025."""
    id_ = await reported(desk, role, **changed)
    assignment = {"to": "tt-01", "complexity": complexity, "at": "2025-03-02T08:00:00+07:00"}
    await desk.succeed(f"cases/{id_}/assign", "council", assignment)
    await desk.succeed(f"cases/{id_}/verify", "council", OUTCOME)
    return id_


async def concluded(desk: Desk, role: str = "clerk", unit: str = UNIT, **changed: Any) -> str:
    """The id of a case that was concluded in April 2025; `changed` is of the conclusion."""
    id_ = await verified(desk, role, unit=unit)
    await desk.succeed(f"cases/{id_}/conclude", "council", {**CONCLUSION, **changed})
    return id_


async def handled(desk: Desk, **changed: Any) -> str:
    """The id of a case that was handled in April 2025."""
    id_ = await concluded(desk)
    await desk.succeed(f"cases/{id_}/handle", "council", {**HANDLING, **changed})
    return id_
