"""The person of a membership as pages: two who change one name at once, and who was erased."""

from __future__ import annotations

import logging

import pytest

from tests.support.page_visits import OWN, PageVisits, fields_of

pytestmark = pytest.mark.anyio
NAME = "Nguyễn Văn Mẫu"


async def member_of(visits: PageVisits) -> str:
    """The page of somebody who is on the roster."""
    body = {"unit": OWN, "role": "official", "number": "CB-1", "name": NAME}
    made = await visits.desk.succeed("memberships", "clerk", body)
    return f"/training/pages/memberships/{made['id']}"


async def name_now(visits: PageVisits, member: str) -> str:
    """The name as it is stored."""
    record = await visits.desk.get(member.removeprefix("/training/pages/"), "hr")
    person = await visits.desk.get(f"persons/{record.json()['person']}", "hr")
    return str(person.json()["name"])


def version_of(page: str) -> dict[str, str]:
    """The version that the form of a page carries."""
    return {"_version": fields_of(page)["_version"]}


@pytest.mark.parametrize("role", ["clerk", "council"])
async def test_two_who_rename_one_person_at_once_overwrite_nothing_unseen(
    visits: PageVisits, caplog: pytest.LogCaptureFixture, role: str
) -> None:
    """The second one is told who changed it, when and to what, and keeps what was typed."""
    caplog.set_level(logging.DEBUG)
    member = await member_of(visits)
    mine = version_of((await visits.open(f"{member}/rename", role)).text)
    await visits.succeed(f"{member}/rename", "clerk", {"name": "Nguyễn Văn Một"})
    typed = {"name": "Nguyễn Văn Hai"}
    refused = await visits.send(f"{member}/rename", role, typed | mine)
    assert refused.status_code == 412 and fields_of(refused.text)["name"] == typed["name"]
    assert "sửa họ tên (cán bộ nhập liệu, " in refused.text
    assert ("Nguyễn Văn Một" in refused.text) == (role == "clerk")  # the council reads no names
    assert await name_now(visits, member) == "Nguyễn Văn Một"
    await visits.succeed(f"{member}/rename", role, typed | version_of(refused.text))
    assert await name_now(visits, member) == "Nguyễn Văn Hai"
    assert "Nguyễn Văn" not in caplog.text


async def test_a_form_that_says_no_version_overwrites_nothing_unseen(visits: PageVisits) -> None:
    """Such as one that a page of an earlier release made; it is taken when it is sent again."""
    member = await member_of(visits)
    typed = {"name": "Nguyễn Văn Hai", "_version": ""}
    refused = await visits.send(f"{member}/rename", "clerk", typed)
    assert refused.status_code == 412 and NAME in refused.text
    await visits.succeed(f"{member}/rename", "clerk", typed | version_of(refused.text))


async def test_who_was_erased_has_no_form_on_any_page(visits: PageVisits) -> None:
    """Neither step is offered, and its address says so at once, before anything is confirmed."""
    member = await member_of(visits)
    assert f"{member}/erase" in (await visits.open(member, "council")).text
    mine = version_of((await visits.open(f"{member}/rename", "clerk")).text)
    stale = version_of((await visits.open(f"{member}/erase", "council")).text)
    await visits.succeed(f"{member}/erase", "council", {})
    for step, role in (("erase", "council"), ("rename", "council"), ("rename", "clerk")):
        refusal = await visits.open(f"{member}/{step}", role)
        assert refusal.status_code == 409 and "đã được xóa" in refusal.text, (step, role)
        assert "<form" not in refusal.text.partition("<main")[2].partition("</main>")[0]
        page = (await visits.open(member, role)).text
        assert f"{member}/erase" not in page and f"{member}/rename" not in page
    typed = {"name": "Nguyễn Văn Ba"} | mine
    late = await visits.send(f"{member}/rename", "clerk", typed, blank=member)
    assert late.status_code == 409 and "Nguyễn Văn Ba" in late.text
    assert "xóa thông tin cá nhân (hội đồng, " in late.text
    again = await visits.send(f"{member}/erase", "council", stale, blank=member)
    assert again.status_code == 409 and "đã được xóa" in again.text


async def test_a_person_of_a_withdrawn_membership_is_said_to_be_out_of_reach(
    visits: PageVisits,
) -> None:
    """The stage of the membership stands instead of a form."""
    member = await member_of(visits)
    await visits.succeed(f"{member}/retract/1", "clerk", {"reason": "Nhầm người"})
    for step, role in (("erase", "council"), ("rename", "clerk")):
        refusal = await visits.open(f"{member}/{step}", role)
        assert refusal.status_code == 409 and "“đã rút”" in refusal.text, refusal.text
