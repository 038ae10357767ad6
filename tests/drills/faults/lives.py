"""What clerks and the council do to one record of each system of record, from its beginning on."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

UNITS = 8
VOTES = {"what": "model", "level": "city", "in_favour": 5, "against": 0}
REVOKED = {"what": "model", "cause": "wrong_appraisal", "decision": "1/QĐ"}
OVERTURN = {"decision": "7/QĐ", "by": "superior"}
HANDLING = {
    "severity": "warning", "measure": "Cảnh cáo", "by_head": False, "self_found": False,
    "decision": "12/QĐ",
}  # fmt: skip
Give = Callable[[str, str, dict[str, Any]], Awaitable[Any]]
"""Gives one command to the service: path, role, body; answers what it was told."""
Life = Callable[[Give, int, random.Random], Awaitable[None]]


def _unit(number: int) -> str:
    return f"H44.{number % UNITS}"


def _ago(days: int) -> str:
    """The time so many days ago: on a roster first, then trained."""
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT05:00:00Z")


def _back(version: int) -> dict[str, Any]:
    return {"version": version, "reason": "nhầm"}


async def achievement(give: Give, number: int, chance: random.Random) -> None:
    """Nominated, appraised, recognised, replicated; perhaps revoked or taken back."""
    named = {"unit": _unit(number), "title": f"Mô hình {number}", "merits": "mô phỏng"}
    one = f"achievements/{(await give('achievements', 'clerk', named))['id']}"
    await give(f"{one}/appraise", "council", VOTES)
    await give(f"{one}/recognise", "council", {"level": "city", "decision": f"{number}/QĐ"})
    taken = {"by": _unit(number + 1), "evidence": [{"document": "1/BC"}]}
    await give(f"{one}/replicate", "clerk", taken)
    end = chance.choice(("revoke", "retract", "stands"))
    if end == "revoke":
        await give(f"{one}/revoke", "council", REVOKED)
    elif end == "retract":
        await give(f"{one}/retract", "council", _back(4))


async def case(give: Give, number: int, chance: random.Random) -> None:
    """Reported, assigned, verified, concluded, handled; perhaps overturned or taken back."""
    told = {"unit": _unit(number), "allegation": "Không công khai quỹ"}
    one = f"cases/{(await give('cases', 'clerk', told))['id']}"
    await give(f"{one}/assign", "council", {"to": "tt-1"})
    await give(f"{one}/verify", "council", {"outcome": "Đúng"})
    await give(f"{one}/conclude", "council", {"act": "9.3", "deed": f"hv-{number}"})
    await give(f"{one}/handle", "clerk", HANDLING)
    end = chance.choice(("overturn", "retract", "uphold", "stands"))
    if end == "overturn":
        await give(f"{one}/overturn", "council", OVERTURN)
    elif end == "retract":
        await give(f"{one}/retract", "clerk", _back(5))
    elif end == "uphold":
        await give(f"{one}/appeal", "clerk", {"by": "unit"})
        await give(f"{one}/uphold", "council", {"decision": "2/QĐ"})


async def course(give: Give, number: int, chance: random.Random) -> None:
    """Somebody comes on a roster and is trained, which follows to another unit; then leaves."""
    unit, staff = _unit(number), f"CB-{number}"
    who = {"number": staff, "name": "Nguyễn Văn Mẫu", "role": "official"}
    member = await give("memberships", "clerk", {**who, "unit": unit, "at": _ago(9)})
    plan = {"unit": unit, "title": "Bồi dưỡng", "topic": "democracy", "hours": "4"}
    one = f"courses/{(await give('courses', 'clerk', {**plan, 'at': _ago(8)}))['id']}"
    session = {"starts": _ago(4), "place": "Hội trường", "hours": "4"}
    name = (await give(f"{one}/schedule", "clerk", session))["sessions"][0]["session"]
    listed = {"session": name, "rows": [{"number": staff, "hours": "4"}]}
    await give(f"{one}/attend", "clerk", listed)
    end = chance.choice(("carried", "retract", "hold"))
    if end == "carried":
        other = _unit(number + 1)
        await give("memberships", "clerk", {**who, "unit": other, "at": _ago(2)})
    if end == "retract":
        await give(f"{one}/retract", "clerk", _back(3))
    else:
        await give(f"{one}/hold", "clerk", {})
    if chance.random() < 0.5:
        await give(f"memberships/{member['id']}/release", "clerk", {})


LIVES: dict[str, Life] = {"awards": achievement, "violations": case, "training": course}
