"""The records of the sample city that the catalog shows: made once, over the interface.

A path of the catalog names one by its place: `/training/pages/courses/{course-scheduled}`.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

from tests.support.stacks import SECONDS, Stack

RECORDS_UNIT = "H44.2.9"
"""Another commune than the one of the catalog, whose sheet is not to change."""
HOSTILE = "Bồi dưỡng <script>alert(1)</script> \u05d3\u05de\u05d5 =1+1 " + "dài" * 40
COURSE = {"unit": RECORDS_UNIT, "topic": "democracy", "hours": "7.5", "at": "2025-02-03"}


def make_records(stack: Stack) -> dict[str, str]:
    """The records; the id of each by its place."""
    return _make_courses(stack)


def _make_courses(stack: Stack) -> dict[str, str]:
    empty = _plan(stack, title=HOSTILE, due="2025-06-30", clause="Điều 4 khoản 1")
    scheduled = _plan(stack, title="Bồi dưỡng dân chủ ở cơ sở", provider="Trường Chính trị")
    for starts, place in (
        ("2025-05-05T08:00:00+07:00", "Hội trường A"),
        ("2025-05-06T14:00:00+07:00", "Nhà văn hoá khu 3"),
    ):
        session = {"starts": starts, "place": place, "hours": "3.75"}
        command(stack, f"courses/{scheduled}/schedule", session)
    return {"course": empty, "course-scheduled": scheduled}


def _plan(stack: Stack, **members: str) -> str:
    return str(command(stack, "courses", {**COURSE, **members})["id"])


def command(stack: Stack, path: str, body: Mapping[str, Any], role: str = "clerk") -> Any:
    """What a command of training answers to the first account of a role."""
    token = json.loads((stack.home / "tokens.json").read_text(encoding="utf-8"))[role]
    request = urllib.request.Request(
        f"{stack.url}/training/{path}", json.dumps(body).encode(),
        {"authorization": f"Bearer {token}", "content-type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)
