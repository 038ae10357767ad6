"""The scenes of the sample city: single things that a newcomer is to find in its ratings."""

from __future__ import annotations

from typing import Any

from services.simulation.diary import Diary, person

SIGHTS = (
    ("sáp nhập", "merger", "H44.2.5"),
    ("công khai muộn", "late publication", "H44.2.2"),
    ("vi phạm đã hủy", "overturned violation", "H44.3.2"),
    ("miễn", "exemption", "H44.4.3"),
    ("không phát sinh", "nil declaration", "H44.3.1"),
    ("tỷ lệ loại A", "top-class share", "H44.2.1"),
)
"""Where to look: the scene in Vietnamese and English, and the unit whose sheet shows it."""


def play(diary: Diary) -> None:
    """All scenes."""
    for scene in (
        _overturned_violation, _ceilings, _exemption, _adjustments, _inherited_petition,
        _awards, _correction, _other_code, _second_head, _self_scores,
    ):  # fmt: skip
        scene(diary)


def _case(diary: Diary, unit: str, month: int, case: str, **how: Any) -> None:
    """A violation that is concluded and handled within its time."""
    day = diary.day(month, 10)
    due = diary.date(day + 30)
    diary.tell("inspection", "violation.concluded", unit, day, case=case, due=due)
    diary.tell("inspection", "violation.handled", unit, day + 15, case=case, **how)


def _overturned_violation(diary: Diary) -> None:
    """The reprimand of 3.2 is overturned, so that it costs nothing in the end."""
    how = {"severity": "reprimand", "by_head": False, "self_found": False, "act": "9.2"}
    _case(diary, "H44.3.2", 3, "vv-1", **how)
    diary.tell("inspection", "violation.overturned", "H44.3.2", diary.day(9, 15), case="vv-1")


def _ceilings(diary: Diary) -> None:
    """4.1 has the points of class A and a reprimand; the head of 5.2 was warned."""
    reprimand = {"severity": "reprimand", "by_head": False, "self_found": True}
    _case(diary, "H44.4.1", 4, "vv-1", **reprimand)
    warning = {"severity": "warning", "by_head": True, "self_found": False, "act": "9.1"}
    _case(diary, "H44.5.2", 5, "vv-1", **warning)
    reminder = {"severity": "reminder", "by_head": False, "self_found": True}
    _case(diary, "H44.1.10", 2, "vv-1", **reminder)


def _exemption(diary: Diary) -> None:
    """The school 4.3 need not offer digital services of its own."""
    data = {"indicator": "digital-channels", "decision": "41/QĐ-HĐND"}
    diary.tell("council", "exemption.approved", "H44.4.3", diary.day(2, 20), **data)


def _adjustments(diary: Diary) -> None:
    """Points by decision: after an appeal for 5.1, and against 3.3."""
    appeal = {"appeal": "kn-1", "reason": "Một hội nghị đã họp mà chưa được ghi nhận"}
    diary.tell("personnel", "appeal.filed", "H44.5.1", diary.day(12, 4), **appeal)
    decision = {"appeal": "kn-1", "outcome": "upheld", "decision": "97/QĐ-HĐND"}
    diary.tell("council", "appeal.decided", "H44.5.1", diary.day(12, 18), **decision)
    addition = {"decision": "97/QĐ-HĐND", "points": "1.50", "reason": "Chấp nhận kiến nghị"}
    diary.tell("council", "adjustment.decided", "H44.5.1", diary.day(12, 18), **addition)
    deduction = {"decision": "98/QĐ-HĐND", "points": "-0.75", "reason": "Báo cáo không đầy đủ"}
    diary.tell("council", "adjustment.decided", "H44.3.3", diary.day(12, 19), **deduction)


def _inherited_petition(diary: Diary) -> None:
    """A petition to the old Hy Cương is resolved by the new one, under the old one's name."""
    data = {"petition": "cuoi-cung", "due": diary.date(diary.day(7, 9)), "kind": "proposal"}
    diary.tell("onestop", "petition.received", "H44.1.14", diary.day(6, 25), **data)
    resolved = {"petition": "H44.1.14/cuoi-cung"}
    diary.tell("onestop", "petition.resolved", "H44.2.5", diary.day(7, 7), **resolved)


def _awards(diary: Diary) -> None:
    """Recognition beyond the city."""
    diary.tell("emulation", "award.granted", "H44.2.5", diary.day(11, 18), award="bk-1",
               level="province")  # fmt: skip
    replicated = {"model": "mh-1", "by": "H44.2.2"}
    diary.tell("emulation", "model.replicated", "H44.2.5", diary.day(12, 8), **replicated)
    diary.tell("emulation", "award.granted", "H44.3.4", diary.day(8, 19), award="bk-1",
               level="ministry")  # fmt: skip


def _correction(diary: Diary) -> None:
    """A consultation of 3.5 was entered twice: one entry is retracted, one told anew."""
    day = diary.day(5, 14)
    entry = {"consultation": "ly-2", "form": "ballot", "invited": 81, "took_part": 90}
    event = diary.tell("documents", "consultation.held", "H44.3.5", day, **entry)
    retraction = {"source": event["source"], "id": event["id"], "reason": "Nhập đảo hai số"}
    diary.tell("documents", "event.retracted", "H44.3.5", day + 2, **retraction)
    corrected = {**entry, "invited": 90, "took_part": 81}
    diary.tell("documents", "consultation.held", "H44.3.5", day + 3, **corrected)


def _other_code(diary: Diary) -> None:
    """3.4 has a code of the old form as well, and one system still speaks under it."""
    code, day = "000.04.34.H44", diary.day(3, 1)
    data = {"code": code, "effective": diary.date(day)}
    diary.tell("registry", "unit.recoded", "H44.3.4", day - 9, **data)
    activity = {"activity": "tt-ma-cu", "form": "print", "audience": 200}
    diary.tell("portal", "communication.held", code, diary.day(4, 22), **activity)


def _second_head(diary: Diary) -> None:
    """The year of 3.5 was led by two people."""
    day = diary.day(9, 1)
    data = {"head": person("H44.3.5", "second head"), "effective": diary.date(day)}
    diary.tell("registry", "unit.headed", "H44.3.5", day - 5, **data)


def _self_scores(diary: Diary) -> None:
    """What 3.6 thinks of itself is kept beside what was counted."""
    for indicator, points in (("disclosure", "12"), ("models-recognised", "4")):
        data = {"indicator": indicator, "points": points}
        diary.tell("personnel", "selfscore.submitted", "H44.3.6", diary.day(12, 12), **data)
