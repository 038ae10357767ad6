"""Courses as pages: what a person may do there is what a token of the person may."""

from __future__ import annotations

import pytest

from contracts import moments
from services.training.pages.course_steps import COURSES
from tests.support.builders.desks import Desk
from tests.support.page_visits import OTHER, OWN, PageVisits

pytestmark = pytest.mark.anyio
LIST, NEW = "/training/pages/courses", "/training/pages/courses/new"
FIELDS = {"unit": OWN, "title": "Dân chủ <i>cơ sở</i>", "topic": "democracy", "hours": "7,5"}
SESSION = {"starts": "2025-05-05T08:00", "place": "Hội trường <b>A</b>", "hours": "7,5"}
PAST = {"at": "2025-02-01"}


async def planned(visits: PageVisits, **changed: str) -> str:
    """The address of a course that was planned in February 2025."""
    return await visits.succeed(LIST, "clerk", FIELDS | PAST | changed, blank=NEW)


async def attended(desk: Desk, course: str) -> None:
    """Somebody attends the first session of a course for all its hours."""
    body = {"unit": OWN, "role": "official", "number": "CB-1", "name": "Nguyễn Văn Mẫu"}
    await desk.succeed("memberships", "clerk", body | {"at": "2025-03-01"})
    rows = [{"number": "CB-1", "hours": "7.5"}]
    id_ = course.rpartition("/")[2]
    await desk.succeed(f"courses/{id_}/attend", "clerk", {"session": "s1", "rows": rows})


async def test_a_clerk_plans_a_course_and_everybody_of_the_unit_sees_it(visits: PageVisits) -> None:
    """As text, whatever stands in its title; a reader of another unit does not."""
    answer = await visits.send(LIST, "clerk", FIELDS, blank=NEW)
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("?notice=record-opened")
    page = await visits.open(LIST, "reader")
    assert "Dân chủ &lt;i&gt;cơ sở&lt;/i&gt;" in page.text and "<i>" not in page.text
    assert "Dân chủ" not in (await visits.open(LIST, "reader", OTHER)).text
    assert (await visits.desk.announcements())[0] == ("course.planned", OWN)


async def test_a_refused_form_keeps_what_was_typed_and_names_each_field(visits: PageVisits) -> None:
    """The sentences of the interface at the fields; another unit is a page of its own."""
    faulty = FIELDS | {"hours": "0", "due": "2025-02-30"}
    answer = await visits.send(LIST, "clerk", faulty, blank=NEW)
    assert answer.status_code == 422 and 'id="fault-hours"' in answer.text
    assert 'id="fault-due"' in answer.text and 'value="Dân chủ &lt;i&gt;' in answer.text
    other = await visits.send(LIST, "clerk", FIELDS | {"unit": OTHER}, blank=NEW)
    assert other.status_code == 403 and "<h1" in other.text
    assert await visits.desk.announcements() == []


@pytest.mark.parametrize(
    ("hours", "valid"),
    [
        ("-3", False), ("1e5", False), ("0", False), ("0,0000", False), ("999999999,9999", True),
        ("1000000000", False), ("7,12345", False),
    ],
)  # fmt: skip
async def test_hours_of_a_course_are_refused_in_the_words_of_a_page(
    visits: PageVisits, hours: str, valid: bool
) -> None:
    """With both bounds and no word of JSON, of which a program reads."""
    answer = await visits.send(LIST, "clerk", FIELDS | {"hours": hours}, blank=NEW)
    said = "phải là số giờ lớn hơn 0 và nhỏ hơn 1.000.000.000, có nhiều nhất bốn chữ số lẻ"
    assert (answer.status_code, said in answer.text) == ((303, False) if valid else (422, True))
    assert "JSON" not in answer.text
    body = FIELDS | {"hours": hours.replace(",", ".")}
    problem = await visits.desk.post("courses", "clerk", body)
    assert valid or 'trong JSON: "7.5"' in problem.json()["errors"][0]["message_vi"]


async def test_a_wrong_filter_leads_back_to_the_whole_list(visits: PageVisits) -> None:
    """Typed into the form of a list, or into the address."""
    wrong = await visits.open(f"{LIST}?year=abcd", "clerk")
    assert wrong.status_code == 422 and f'href="{LIST}">Mở lại' in wrong.text
    missing = await visits.open(f"{LIST}/course-0?x=1", "clerk")
    assert missing.status_code == 404 and "Mở lại" not in missing.text


async def test_a_form_that_is_sent_twice_is_one_course(visits: PageVisits) -> None:
    """Its id is the Idempotency-Key; the second answer is that of the first."""
    for _ in range(2):
        await visits.succeed(LIST, "clerk", FIELDS | {"_form": "the-same"}, blank=NEW)
    assert len((await visits.desk.get("courses", "clerk")).json()["items"]) == 1


async def test_a_course_is_led_by_pages_from_its_plan_to_its_end(visits: PageVisits) -> None:
    """Each page offers what is possible next; what was held is announced, and can be retracted."""
    course = await planned(visits)
    page = await visits.open(course, "clerk")
    assert f"{course}/schedule" in page.text and f"{course}/hold" not in page.text
    assert f"{course}/cancel" not in page.text
    assert f"{course}/cancel" in (await visits.open(course, "council")).text
    await visits.succeed(f"{course}/schedule", "clerk", SESSION)
    page = await visits.open(course, "clerk")
    assert "Buổi 1" in page.text and "05/05/2025 08:00" in page.text
    assert "Hội trường &lt;b&gt;A&lt;/b&gt;" in page.text and "chưa điểm danh" in page.text
    await attended(visits.desk, course)
    page = await visits.open(course, "clerk")
    assert f"{course}/hold" in page.text and f"{course}/drop" not in page.text
    closing = await visits.open(f"{course}/hold", "clerk")
    assert 'value="2025-05-05"' in closing.text  # not today: it would be late
    await visits.succeed(f"{course}/hold", "clerk", {"at": "2025-05-06"})
    assert ("training.completed", OWN) in await visits.desk.announcements()
    journal = await visits.open(f"{course}/journal", "clerk")
    assert "1 người" in journal.text and f"{course}/retract/4" in journal.text
    assert f"{course}/retract/1" not in journal.text
    await visits.succeed(f"{course}/retract/4", "clerk", {"reason": "nhầm khóa"})
    assert f"{course}/hold" in (await visits.open(course, "clerk")).text


async def test_a_session_is_moved_and_dropped_from_its_row(visits: PageVisits) -> None:
    """Its form begins with what the session is now; a number is not used again."""
    course = await planned(visits)
    await visits.succeed(f"{course}/schedule", "clerk", SESSION)
    move = f"{course}/move?session=s1"
    page = await visits.open(move, "clerk")
    assert 'value="2025-05-05T08:00"' in page.text and 'value="7,5"' in page.text
    assert '<option value="s1" selected>' in page.text
    changed = {"session": "s1", **SESSION, "starts": "2025-05-07T14:00"}
    await visits.succeed(f"{course}/move", "clerk", changed, blank=move)
    assert "07/05/2025 14:00" in (await visits.open(course, "clerk")).text
    await visits.succeed(f"{course}/drop", "clerk", {"session": "s1"})
    assert "Chưa có buổi học nào" in (await visits.open(course, "clerk")).text
    await visits.succeed(f"{course}/schedule", "clerk", SESSION)
    assert "Buổi 2" in (await visits.open(course, "clerk")).text


async def test_a_plan_is_corrected_by_what_was_changed_alone(visits: PageVisits) -> None:
    """Nothing changed is no step, and a title that was emptied is told at its field."""
    course = await planned(visits, provider="Trường Chính trị")
    same = FIELDS | {"hours_min": "7,5", "provider": "Trường Chính trị"}
    refused = await visits.send(f"{course}/revise", "clerk", same)
    assert refused.status_code == 422 and "Chưa có gì thay đổi" in refused.text
    refused = await visits.send(f"{course}/revise", "clerk", same | {"title": ""})
    assert refused.status_code == 422 and 'id="fault-title"' in refused.text
    await visits.succeed(f"{course}/revise", "clerk", same | {"hours": "8", "test": "1"})
    id_ = course.rpartition("/")[2]
    answer = (await visits.desk.get(f"courses/{id_}/journal", "clerk")).json()
    assert answer["items"][-1]["data"] == {"hours": "8", "test": True}
    assert (await visits.desk.get(f"courses/{id_}")).json()["rule"]["hours_min"] == "8"


async def test_what_a_plan_need_not_say_is_taken_out_again(visits: PageVisits) -> None:
    """A wrong last day does not stay for ever: the plan is announced anew without it."""
    course = await planned(visits, due="2025-06-30", provider="Trường", hours_min="4")
    emptied = FIELDS | {"due": "", "provider": "", "hours_min": ""}
    await visits.succeed(f"{course}/revise", "clerk", emptied)
    plan = (await visits.desk.get(f"courses/{course.rpartition('/')[2]}")).json()
    assert (plan["due"], plan["provider"], plan["rule"]["hours_min"]) == (None, None, "7.5")
    *_, last = await visits.desk.events()
    assert last.kind.short == "course.planned" and not last.event.data.due
    assert "Hạn tổ chức:</span> –" in (await visits.open(f"{course}/journal", "clerk")).text


async def test_a_course_past_its_last_day_is_marked_until_it_is_held(visits: PageVisits) -> None:
    """The council cancels it with a reason; a cancelled one is overdue no more."""
    course = await planned(visits, due="2025-06-30")
    assert "quá hạn" in (await visits.open(course, "reader")).text
    refused = await visits.send(f"{course}/cancel", "council", {"reason": ""})
    assert refused.status_code == 422 and 'id="fault-reason"' in refused.text
    await visits.succeed(f"{course}/cancel", "council", {"reason": "gộp với khóa khác"})
    page = await visits.open(course, "reader")
    assert "quá hạn" not in page.text and "Hiện không có bước nào" in page.text


def test_a_course_cannot_have_been_held_before_its_last_session_is_over() -> None:
    """Its page says so at once, with the session; without sessions there is none to wait for."""
    (hold,) = (step for step in COURSES.steps if step.name == "hold")
    days = ("2025-05-05", "2025-06-05")
    sessions = [
        {"number": n, "starts": f"{day}T08:00:00+07:00", "hours": "2"} for n, day in enumerate(days)
    ]
    end = moments.instant("2025-06-05T10:00:00+07:00")
    assert hold.hindrance({"sessions": sessions}, end) is None
    why = hold.hindrance({"sessions": sessions}, end - 1)
    assert why is not None and "05/06/2025 08:00" in why.vi
    assert hold.hindrance({}, 0) is None
