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
HOSTILE_TITLE = "Gương <script>alert(1)</script> =1+1 " + "điển" * 400
"""A title of an award has no invisible characters."""
MEMBER = {"unit": RECORDS_UNIT, "at": "2025-01-06"}
PERSONS = (
    ("Nguyễn Văn Mẫu", "official"), ("Trần Thị <b>Mẫu</b>", "official"),
    ("Lê \u05d3\u05de\u05d5 Mẫu", "board_member"), ("Đỗ " + "Dài" * 60, "neighbourhood"),
)  # fmt: skip
COURSE = {"unit": RECORDS_UNIT, "topic": "democracy", "hours": "7.5", "at": "2025-02-03"}


def make_records(stack: Stack) -> dict[str, str]:
    """The records; the id of each by its place."""
    return {
        "unit": RECORDS_UNIT, **_make_roster(stack), **_make_courses(stack),
        **_make_achievements(stack), **_make_cases(stack),
    }  # fmt: skip


def _make_roster(stack: Stack) -> dict[str, str]:
    ids = [
        command(
            stack, "memberships", {**MEMBER, "number": f"CB-{i:04}", "name": name, "role": role}
        )
        for i, (name, role) in enumerate(PERSONS, 1)
    ]
    return {"member": ids[0]["id"]}


def _make_courses(stack: Stack) -> dict[str, str]:
    empty = _plan(stack, title=HOSTILE, due="2025-06-30", clause="Điều 4 khoản 1")
    scheduled = _plan(stack, title="Bồi dưỡng dân chủ ở cơ sở", provider="Trường Chính trị")
    for starts, place in (
        ("2025-05-05T08:00:00+07:00", "Hội trường A"),
        ("2025-05-06T14:00:00+07:00", "Nhà văn hóa khu 3"),
    ):
        session = {"starts": starts, "place": place, "hours": "3.75"}
        command(stack, f"courses/{scheduled}/schedule", session)
    rows = [{"number": "CB-0001", "hours": "3.75"}, {"number": "CB-0002", "hours": "0"}]
    command(stack, f"courses/{scheduled}/attend", {"session": "s1", "rows": rows})
    return {"course": empty, "course-scheduled": scheduled}


def _plan(stack: Stack, **members: str) -> str:
    return str(command(stack, "courses", {**COURSE, **members})["id"])


def _make_achievements(stack: Stack) -> dict[str, str]:
    def take(path: str, role: str = "council", /, **members: Any) -> str:
        return str(command(stack, path, members, role, "awards")["id"])

    nomination = {"unit": RECORDS_UNIT, "merits": "Không có khiếu kiện\nba năm liền"}
    person = {**nomination, "kind": "person", "title": HOSTILE_TITLE, "honoree": "Người mẫu"}
    new = take("achievements", "clerk", **person)
    done = take("achievements", "clerk", **nomination, title="Tổ tự quản", at="2025-03-01")
    votes = {"in_favour": 7, "against": 2, "at": "2025-06-01"}
    take(f"achievements/{done}/appraise", what="model", level="city", **votes)
    decision = {"level": "city", "decision": "12/QĐ-UBND", "at": "2025-06-01"}
    take(f"achievements/{done}/recognise", **decision)
    document = {"evidence": [{"document": "3/BC"}], "at": "2025-07-01"}
    take(f"achievements/{done}/replicate", by="H44.2.5", **document)
    votes["at"] = "2025-08-01"
    take(f"achievements/{done}/appraise", what="award", level="province", **votes)
    return {"achievement": new, "achievement-recognised": done}


def _make_cases(stack: Stack) -> dict[str, str]:
    def take(path: str, role: str = "council", /, **members: Any) -> str:
        return str(command(stack, path, members, role, "violations")["id"])

    late = take("cases", "clerk", unit=RECORDS_UNIT, allegation=HOSTILE, at="2025-01-05")
    case = take("cases", "clerk", unit=RECORDS_UNIT, allegation=HOSTILE, at="2025-09-01")
    take(f"cases/{case}/assign", to="cb-0417", complexity="complex", at="2025-09-02")
    take(f"cases/{case}/verify", outcome=HOSTILE, at="2025-09-03")
    take(f"cases/{case}/conclude", act="9.1", deed="hv-0417", at="2025-09-04")
    sanction = {"severity": "reminder", "measure": "Nhắc nhở", "decision": "7/QĐ"}
    marks = {"by_head": False, "self_found": True, "at": "2025-09-05"}
    take(f"cases/{case}/handle", **sanction, **marks)
    take(f"cases/{case}/appeal", by="unit", at="2025-09-08")
    return {"case-late": late, "case": case}


def command(
    stack: Stack, path: str, body: Mapping[str, Any], role: str = "clerk",
    service: str = "training",
) -> Any:  # fmt: skip
    """What a command of a service answers to the first account of a role."""
    token = json.loads((stack.home / "tokens.json").read_text(encoding="utf-8"))[role]
    request = urllib.request.Request(
        f"{stack.url}/{service}/{path}", json.dumps(body).encode(),
        {"authorization": f"Bearer {token}", "content-type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)
