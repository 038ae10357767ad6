"""Who is still untrained as a page: by unit and topic, with the time left, and as a file."""

from __future__ import annotations

import pytest

from services.records.pages.deadlines import days_until
from services.training.pages.untrained import courses_ahead
from tests.support.page_visits import OTHER, OWN, PageVisits

pytestmark = pytest.mark.anyio
LIST = "/training/pages/untrained"
UNIT = f"{LIST}/{OWN}?year=2025"
NAMES = ("Nguyễn Văn Mẫu", "Trần <b>Thị</b> Mẫu")
PLAN = {"unit": OWN, "hours": "8", "at": "2025-02-01"}


async def filled(visits: PageVisits) -> None:
    """A roster of two, of whom the first completes a course; another one is still ahead."""
    desk = visits.desk
    for number, name in enumerate(NAMES, 1):
        member = {"unit": OWN, "role": "official", "number": f"CB-{number}", "name": name}
        await desk.succeed("memberships", "clerk", {**member, "at": "2025-01-06"})
    plan = {**PLAN, "title": "Khóa đã học", "topic": "democracy"}
    done = (await desk.succeed("courses", "clerk", plan))["id"]
    session = {"starts": "2025-03-05T08:00:00+07:00", "place": "A", "hours": "8"}
    await desk.succeed(f"courses/{done}/schedule", "clerk", session)
    rows = {"session": "s1", "rows": [{"number": "CB-1", "hours": "8"}]}
    await desk.succeed(f"courses/{done}/attend", "clerk", rows)
    await desk.succeed(f"courses/{done}/hold", "clerk", {"at": "2025-03-06"})
    for title, topic in (("Khóa <i>sắp</i> tới", "democracy"), ("Khóa tin học", "it_skills")):
        ahead = {**PLAN, "title": title, "topic": topic, "due": "2025-06-30"}
        await desk.succeed("courses", "clerk", ahead)


async def test_a_unit_shows_who_is_missing_and_which_courses_are_ahead(visits: PageVisits) -> None:
    """Of this topic alone; whoever completed a course of it is not named."""
    await filled(visits)
    page = await visits.open(UNIT, "clerk")
    assert "&lt;b&gt;Thị" in page.text and NAMES[0] not in page.text
    assert "&lt;i&gt;sắp" in page.text and "Khóa tin học" not in page.text
    assert "Khóa đã học" not in page.text
    assert "quá hạn " in page.text or "còn " in page.text
    other = await visits.open(f"{UNIT}&topic=it_skills", "clerk")
    assert NAMES[0] in other.text and "Khóa tin học" in other.text and "sắp" not in other.text


async def test_the_list_of_units_counts_and_leads_to_the_persons(visits: PageVisits) -> None:
    """With year and topic kept; a unit without a roster is opened by its code."""
    await filled(visits)
    page = await visits.open(f"{LIST}?year=2025", "hr", "*")
    assert f"{LIST}/{OWN}?year=2025&amp;topic=democracy" in page.text
    assert 'data-label="Chưa được bồi dưỡng"><b>1</b>' in page.text
    none = await visits.open(f"{LIST}?year=2025&unit={OTHER}", "hr", "*")
    assert f"{LIST}/{OTHER}?year=2025" in none.text
    assert (await visits.open(f"{LIST}?year=x", "hr", "*")).status_code == 422
    assert (await visits.open(f"{LIST}?topic=x", "hr", "*")).status_code == 422


async def test_names_and_files_are_for_whom_the_interface_gives_them(visits: PageVisits) -> None:
    """The council sees keys; a clerk of another unit sees nothing, as file or as page."""
    await filled(visits)
    file = f"{LIST}/{OWN}/file?year=2025"
    clerk, council = [await visits.open(file, role) for role in ("clerk", "council")]
    assert "CB-2" in clerk.text and "CB-1" not in clerk.text
    assert council.status_code == 200 and "CB-2" not in council.text
    assert "attachment" in clerk.headers["content-disposition"]
    page = await visits.open(UNIT, "council")
    assert "Mẫu" not in page.text and "CB-2" not in page.text and "<code>" in page.text
    for path in (UNIT, file):
        assert (await visits.open(path, "clerk", OTHER)).status_code == 403
    counts = await visits.open("/training/pages/coverage/file?year=2025", "hr", "*")
    assert f"{OWN};2;1;50" in counts.text


async def test_persons_stand_in_vietnamese_order(visits: PageVisits) -> None:
    """đ after d and before l."""
    for number, name in enumerate(("Trần Mẫu", "Đỗ Mẫu", "Lê Mẫu", "Dương Mẫu"), 1):
        member = {"unit": OWN, "role": "official", "number": f"CB-{number}", "name": name}
        await visits.desk.succeed("memberships", "clerk", {**member, "at": "2025-01-06"})
    text = (await visits.open(UNIT, "clerk")).text
    places = [text.index(name) for name in ("Dương", "Đỗ", "Lê", "Trần")]
    assert places == sorted(places)


async def test_nobody_left_and_no_roster_are_told_apart(visits: PageVisits) -> None:
    """An empty list says whether that is the end or the beginning; course and roster lead here."""
    assert "chưa có ai trong danh sách" in (await visits.open(UNIT, "clerk")).text
    await filled(visits)
    members = (await visits.desk.get(f"rosters/{OWN}", "hr")).json()["items"]
    left = next(each["id"] for each in members if each["number"] == "CB-2")
    await visits.desk.succeed(f"memberships/{left}/release", "clerk", {"at": "2025-04-01"})
    assert "Mọi người đã được bồi dưỡng" in (await visits.open(UNIT, "clerk")).text
    course = (await visits.desk.get("courses?stage=held", "hr")).json()["items"][0]["id"]
    page = await visits.open(f"/training/pages/courses/{course}", "reader")
    assert f"{LIST}/{OWN}?year=2025&amp;topic=democracy" in page.text
    assert f"{LIST}/{OWN}" in (await visits.open(f"/training/pages/rosters/{OWN}", "clerk")).text


def test_courses_stand_by_their_last_day_with_the_days_left() -> None:
    """The nearest first, one without a last day at the end; of another topic none."""
    courses: list[dict[str, str | None]] = [
        {"id": "c1", "topic": "democracy", "due": None},
        {"id": "c2", "topic": "democracy", "due": "2025-03-10"},
        {"id": "c3", "topic": "democracy", "due": "2025-02-27"},
        {"id": "c4", "topic": "other", "due": "2025-02-01"},
    ]
    ahead = courses_ahead(courses, "democracy", "2025-03-01")
    assert [(each.course["id"], each.days) for each in ahead] == [
        ("c3", -2), ("c2", 9), ("c1", None),
    ]  # fmt: skip
    assert days_until("2025-12-31", "2025-12-31") == 0
