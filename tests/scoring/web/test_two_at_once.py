"""Two persons decide the same at once: the second is told by whom it was decided, when and how."""

from __future__ import annotations

import httpx
import pytest

from tests.scoring.web.persons import UNIT, Persons, receipt_of

pytestmark = pytest.mark.anyio
INDICATOR = "training-plan"


def begun(code: str, **about: str) -> str:
    """Where the desk begins a form."""
    return f"/desk/2025/begin?{httpx.QueryParams({'form': code, 'unit': UNIT, **about})}"


async def confirmation(
    persons: Persons, person: str, path: str, **fields: str
) -> httpx.Response:  # fmt: skip
    """The page that says what a form will do."""
    return await persons.send(person, await persons.get(person, path), **fields)


async def sent_events(persons: Persons) -> int:
    """How many events the door has accepted."""
    async with persons.road.intake.parts.db.read() as conn:
        return int((await conn.exec_driver_sql("SELECT count(*) FROM identities")).scalar() or 0)


async def test_the_second_answer_to_an_appeal_is_told_of_the_first(persons: Persons) -> None:
    """At the confirmation, at the check, and by the address; nothing is written twice."""
    await persons.record("emitter", begun("appeal"), appeal="KN-1", reason="Thiếu một lớp")
    answer = begun("answer", appeal="KN-1")
    first = await confirmation(persons, "council", answer, outcome="upheld", decision="3/QĐ")
    second = await confirmation(persons, "second", answer, outcome="rejected", decision="9/QĐ")
    third = await persons.get("second", answer)
    redirect = await persons.send("council", first)
    assert redirect.status_code == 303
    before = await sent_events(persons)
    for late in (
        await persons.send("second", second),
        await persons.send("second", third, outcome="rejected", decision="9/QĐ"),
    ):
        assert late.status_code == 409 and "<form" not in late.text.partition("<main")[2]
        for words in ("council", "hội đồng", "3/QĐ", "chấp nhận kiến nghị", "Ghi lúc", "9/QĐ"):
            assert words in late.text, (words, late.text)
    again = await persons.send("council", first)
    assert receipt_of(again) == receipt_of(redirect)
    await persons.road.get("/ratings/2025/H44.1", wait_for=receipt_of(redirect))
    opened = await persons.get("second", answer)
    assert opened.status_code == 409 and "3/QĐ" in opened.text and "council" in opened.text
    assert await sent_events(persons) == before


async def test_a_second_adjustment_is_sent_only_by_who_has_seen_the_first(
    persons: Persons,
) -> None:
    """What was typed is kept, the first one is shown, and the form may be sent again."""
    adjust = begun("adjustment", indicator=INDICATOR)
    typed = {"points": "1,25", "decision": "4/QĐ", "reason": "Lý do riêng"}
    second = await confirmation(persons, "second", adjust, **typed)
    first = await persons.step("council", adjust, points="0,5", decision="3/QĐ", reason="Trước")
    assert first.status_code == 303
    before = await sent_events(persons)
    moved = await persons.send("second", second)
    assert moved.status_code == 409 and "Lý do riêng" in moved.text
    assert all(words in moved.text for words in ("3/QĐ", "+0,50", "council", "Trước"))
    assert await sent_events(persons) == before
    again = await persons.send("second", await persons.send("second", moved, **typed))
    assert again.status_code == 303 and await sent_events(persons) == before + 1


@pytest.mark.parametrize(
    ("code", "about", "typed", "contents"),
    [("appeal", {}, {"appeal": "KN-1", "reason": "Thiếu một lớp"}, ("KN-1", "Thiếu một lớp")),
     ("self-score", {"indicator": INDICATOR}, {"points": "7,5"}, ("7,50",))],
    ids=["appeal", "self-score"],
)  # fmt: skip
async def test_the_second_reply_of_a_unit_is_told_who_sent_the_first(
    persons: Persons, code: str, about: dict[str, str], typed: dict[str, str],
    contents: tuple[str, ...],
) -> None:  # fmt: skip
    """Two clerks of one unit: name and role, when and what; the second may still send it."""
    path = begun(code, **about)
    mine = {"points": "9"} if code == "self-score" else {"appeal": "KN-2", "reason": "Khác"}
    second = await confirmation(persons, "emitter-2", path, **mine)
    assert (await persons.step("emitter", path, **typed)).status_code == 303
    moved = await persons.send("emitter-2", second)
    notice = moved.text.partition('id="meanwhile"')[2].partition("</section>")[0]
    assert moved.status_code == 409
    words = ("Người ghi", "emitter<", "hệ thống gửi", *contents)
    assert all(each in notice for each in words), notice
    again = await persons.send("emitter-2", await persons.send("emitter-2", moved, **mine))
    assert again.status_code == 303


async def test_an_exemption_is_granted_and_revoked_once(persons: Persons) -> None:
    """After it was revoked it can be granted again; before, there is nothing to revoke."""
    grant, end = (begun(code, indicator=INDICATOR) for code in ("exemption", "exemption-end"))
    early = await persons.get("council", end)
    assert early.status_code == 409 and "không được miễn" in early.text
    second = await confirmation(persons, "second", grant, decision="4/QĐ")
    await persons.record("council", grant, decision="3/QĐ")
    answer = await persons.send("second", second)
    assert answer.status_code == 409 and "3/QĐ" in answer.text
    late = await confirmation(persons, "second", end)
    await persons.record("council", end)
    answer = await persons.send("second", late)
    assert answer.status_code == 409 and "đã được thu hồi" in answer.text
    await persons.record("council", grant, decision="5/QĐ")
    assert (await persons.get("second", grant)).status_code == 409


async def test_a_step_that_is_impossible_has_no_form(persons: Persons) -> None:
    """By its address it says why at once, and who decided last; what was typed can be copied."""
    steps = {
        "reopen": "council", "draft": "operator", "signature": "operator", "seal": "auditor",
        "drop": "operator",
    }  # fmt: skip
    for step, person in steps.items():
        page = await persons.get(person, f"/desk/2025/{step}")
        assert page.status_code == 409, step
        assert "<form" not in page.text.partition("<main")[2] and "Vì sao" in page.text, step
    order = {"date": "2026-01-20", "reason": "Theo biên bản"}
    await persons.step("council", "/desk/2025/publish", decision="1/QĐ", **order)
    await persons.step("operator", "/desk/2025/draft", decision="2/QĐ", **order)
    late = await persons.get("operator-2", "/desk/2025/draft")
    assert late.status_code == 409 and "2/QĐ" in late.text and "operator" in late.text
    page = await confirmation(persons, "second", "/desk/2025/publish", decision="4/QĐ", **order)
    assert (await persons.step("auditor", "/desk/2025/seal")).status_code == 303
    refused = await persons.send("second", page)
    assert refused.status_code == 409 and "<form" not in refused.text.partition("<main")[2]
    assert all(words in refused.text for words in ("auditor", "Đã chốt", "4/QĐ", "Theo biên bản"))
    closed = await persons.get("council", begun("adjustment"))
    assert closed.status_code == 409 and "đã chốt" in closed.text


async def test_a_refused_step_names_no_stage_that_something_stands_in_the_way_of(
    persons: Persons,
) -> None:
    """While an appeal is undecided the auditor is not told that the year can be sealed."""
    await persons.record("emitter", begun("appeal"), appeal="KN-1", reason="Thiếu một lớp")
    order = {"decision": "1/QĐ", "date": "2026-01-20", "reason": "Theo biên bản"}
    await persons.step("council", "/desk/2025/publish", **order)
    refused = (await persons.get("auditor", "/desk/2025/seal")).text
    assert "<li>Đã chốt</li>" not in refused and "đang nhận phản hồi</li>" in refused
    answer = begun("answer", appeal="KN-1")
    await persons.record("council", answer, outcome="upheld", decision="3/QĐ")
    assert "<li>Đã chốt</li>" in (await persons.get("auditor", "/desk/2025/seal")).text
