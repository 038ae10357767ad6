"""Answers for people: both languages, words for terms, Vietnamese times, days, and files."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from contracts.messages import Message
from services.awards import answers as of_awards
from services.awards import app as awards
from services.chassis.auth.credentials import Issuer
from services.chassis.http.openapi import Items, Page
from services.records.exported_lists import BOM, encode_csv
from services.records.routes import JournalEntry
from services.violations import answers as of_violations
from services.violations import app as violations
from tests.support.builders import cases
from tests.support.builders.desks import Desk, open_desk

pytestmark = pytest.mark.anyio

UNIT, OTHER = "H44.2.1", "H44.2.2"
VOTES = {"what": "model", "level": "city", "in_favour": 3, "against": 0}
JSON = {"content-type": "application/json"}
LONG_KEY = {"idempotency-key": "a" * 300}
EVIDENCE = {"evidence": [{"document": "12/BC-UBND"}]}


@pytest.fixture
async def desk(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Desk]:
    """The awards on SQLite."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    args = ("awards", awards.build, awards.migrated, home, url, issuer)
    async with open_desk(*args) as made:
        yield made


@pytest.fixture
async def case_desk(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Desk]:
    """The violations on SQLite."""
    url = f"sqlite:///{tmp_path / 'v.db'}"
    args = ("violations", violations.build, violations.migrated, home, url, issuer)
    async with open_desk(*args) as made:
        yield made


async def nominated(desk: Desk, **changed: Any) -> str:
    """An achievement; its id."""
    body = {"unit": UNIT, "title": "Tổ tự quản", "merits": "Tốt", "at": "2025-03-01", **changed}
    return str((await desk.succeed("achievements", "clerk", body))["id"])


async def recognised(desk: Desk, **changed: Any) -> str:
    """An achievement that is recognised; its id."""
    id_ = await nominated(desk, **changed)
    await desk.succeed(f"achievements/{id_}/appraise", "council", {**VOTES, "at": "2025-03-01"})
    decision = {"level": "city", "decision": "1/QĐ", "at": "2025-03-01"}
    await desk.succeed(f"achievements/{id_}/recognise", "council", decision)
    return id_


def in_both(problem: dict[str, Any]) -> None:
    """Every sentence of a problem stands in Vietnamese and in English."""
    assert problem["detail"] == f"{problem['detail_vi']} / {problem['detail_en']}"
    for error in problem.get("errors", ()):
        assert error["message"] == f"{error['message_vi']} / {error['message_en']}"


async def test_every_refusal_speaks_both_languages_or_the_one_that_is_preferred(
    desk: Desk,
) -> None:
    """400, 403, 404, 409, 412 and 422 of one record, by what the caller accepts."""
    id_ = await nominated(desk)
    path = f"achievements/{id_}"
    stale = {"if-match": '"9"'}
    refused: list[httpx.Response] = [
        await desk.ask("POST", f"{path}/appraise", "council", b"{", JSON),
        await desk.post(f"{path}/appraise", "clerk", VOTES),
        await desk.get("achievements/none", "council"),
        await desk.post(f"{path}/recognise", "council", {"level": "city", "decision": "1"}),
        await desk.ask("POST", f"{path}/appraise", "council", VOTES, stale),
        await desk.post(f"{path}/appraise", "council", {**VOTES, "level": "village"}),
        await desk.get("achievements?limit=0&colour=red", "council"),
        await desk.ask("POST", f"{path}/appraise", "council", VOTES, LONG_KEY),
    ]
    assert [one.status_code for one in refused] == [400, 403, 404, 409, 412, 422, 422, 400]
    for one in refused[1:]:
        in_both(one.json())
    vi = await desk.ask("POST", f"{path}/appraise", "council", {}, {"accept-language": "vi-VN"})
    assert vi.json()["errors"][0]["message"] == "bắt buộc phải có"


async def test_terms_stand_in_words_in_both_languages(desk: Desk) -> None:
    """Stage, kind, level and steps of a record and of lists; what programs read stays."""
    id_ = await recognised(desk)
    shown = (await desk.get(f"achievements/{id_}", "council")).json()
    assert (shown["stage"], shown["stage_vi"]) == ("recognised", "đã công nhận")
    assert (shown["honours"][0]["level"], shown["honours"][0]["level_vi"]) == (
        "city", "cấp thành phố",
    )  # fmt: skip
    assert len(shown["possible"]) == len(shown["possible_vi"]) == len(shown["possible_en"]) > 0
    listed = (await desk.get("achievements")).json()["items"]
    assert listed[0]["stage_vi"] == "đã công nhận"
    journal = (await desk.get(f"achievements/{id_}/journal", "council")).json()["items"]
    assert (journal[0]["step_vi"], journal[0]["role_vi"]) == ("đề nghị", "cán bộ nhập liệu")


async def test_what_is_possible_is_what_the_role_may_do(desk: Desk) -> None:
    """The council sees its steps, a clerk its own, who only reads none, and so do refusals."""
    id_ = await recognised(desk)

    async def possible(role: str, **claims: Any) -> list[str]:
        return list((await desk.get(f"achievements/{id_}", role, **claims)).json()["possible"])

    assert await possible("council") == ["appraise", "replicate", "revoke", "transfer"]
    assert await possible("clerk", units=[UNIT, OTHER]) == ["replicate"]
    assert await possible("clerk", units=[UNIT]) == []
    assert await possible("reader") == []
    assert await possible("council", units=[OTHER]) == []
    revoke = {"what": "award", "cause": "wrong_appraisal", "decision": "1/QĐ"}
    refused = (await desk.post(f"achievements/{id_}/revoke", "council", revoke)).json()
    assert refused["possible"] == await possible("council")
    model = {**EVIDENCE, "by": OTHER}
    fresh = await nominated(desk)
    told = await desk.post(f"achievements/{fresh}/replicate", "clerk", model)
    assert (told.status_code, told.json()["possible"]) == (409, [])
    assert "possible: none." in told.json()["detail_en"]


async def test_a_day_is_taken_where_a_day_is_meant(desk: Desk) -> None:
    """Steps of one day keep their order, and stand in the journal with +07:00."""
    id_ = await recognised(desk)
    journal = (await desk.get(f"achievements/{id_}/journal", "council")).json()["items"]
    at = [entry["at"] for entry in journal]
    assert at[0] == "2025-03-01T00:00:00+07:00" and at == sorted(set(at))
    assert all(entry["at"].startswith("2025-03-01T00:00:00") for entry in journal)
    assert all(entry["recorded"].endswith("+07:00") for entry in journal)
    cause = {"what": "model", "cause": "wrong_appraisal", "decision": "9/QĐ", "at": "2025-03-01"}
    assert (await desk.post(f"achievements/{id_}/revoke", "council", cause)).status_code == 200
    times = [one.time for one in await desk.events()]
    assert times == sorted(set(times))


async def test_a_day_before_the_last_step_is_refused_still(desk: Desk) -> None:
    """Only the order within one day is made up for."""
    id_ = await nominated(desk)
    early = {**VOTES, "at": "2025-02-28"}
    answer = await desk.post(f"achievements/{id_}/appraise", "council", early)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "at")


async def test_another_unit_takes_a_model_up_with_a_document(desk: Desk) -> None:
    """By its own clerk, or by the council; the event carries the document."""
    id_ = await recognised(desk)
    path = f"achievements/{id_}/replicate"
    body = {"by": OTHER, **EVIDENCE}
    bare = await desk.post(path, "council", {"by": OTHER})
    assert (bare.status_code, bare.json()["errors"][0]["field"]) == (422, "evidence")
    own = await desk.post(path, "clerk", body, units=[UNIT])
    assert own.status_code == 403 and OTHER in own.json()["detail"]
    assert (await desk.post(path, "clerk", body, units=[OTHER])).status_code == 200
    last = (await desk.events())[-1]
    assert (last.event.subject, last.event.data.by) == (UNIT, OTHER)
    assert last.event.data.evidence[0].document == "12/BC-UBND"


async def test_a_unit_that_nobody_registered_is_refused_with_the_nearest(desk: Desk) -> None:
    """422 by field, in both languages, and nothing is announced."""
    id_ = await recognised(desk)
    before = await desk.announcements()
    wrong = {"by": "H44.2.99", **EVIDENCE}
    answer = await desk.post(f"achievements/{id_}/replicate", "council", wrong)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "by")
    assert "H44.2.9" in answer.json()["detail_en"]
    in_both(answer.json())
    assert await desk.announcements() == before


async def retractable(desk: Desk, id_: str, unit: str) -> list[int]:
    """The versions of the replications that the clerk of a unit may retract."""
    listed = await desk.get(f"achievements/{id_}/replications", "clerk", units=[unit])
    return [each["version"] for each in listed.json()["items"]]


async def test_a_replication_is_taken_back_by_the_unit_that_entered_it(desk: Desk) -> None:
    """Neither the model's own clerk nor another one touches what a unit said."""
    id_ = await recognised(desk)
    body = {"by": OTHER, **EVIDENCE}
    done = await desk.succeed(f"achievements/{id_}/replicate", "clerk", body, units=[OTHER])
    back = {"version": done["version"], "reason": "nhầm"}
    path = f"achievements/{id_}/retract"
    assert (await desk.post(path, "clerk", back, units=[UNIT])).status_code == 403
    assert (await desk.post(path, "clerk", back, units=["H44.9"])).status_code == 403
    assert await retractable(desk, id_, OTHER) == [done["version"]]
    assert await retractable(desk, id_, UNIT) == await retractable(desk, id_, "H44.9") == []
    after = await desk.post(path, "clerk", back, units=[OTHER])
    assert (after.status_code, after.json()["replicated"]) == (200, [])
    assert await retractable(desk, id_, OTHER) == []
    hidden = f"achievements/{await nominated(desk)}/replications"
    assert (await desk.get(hidden, "clerk", units=[OTHER])).status_code == 404


async def test_what_is_not_public_is_not_told_to_another_units_clerk(desk: Desk) -> None:
    """An achievement that is not yet recognised is unknown to others: 404."""
    id_ = await nominated(desk)
    body = {"by": OTHER, **EVIDENCE}
    answer = await desk.post(f"achievements/{id_}/replicate", "clerk", body, units=[OTHER])
    assert answer.status_code == 404


async def retractions_keep_the_subject(desk: Desk) -> None:
    """Each retraction has the subject of the event that it takes back."""
    events = {one.event.id: one.event for one in await desk.events()}
    back = [one for one in events.values() if hasattr(one.data, "reason") and one.data.id in events]
    assert back
    for one in back:
        assert one.subject == events[one.data.id].subject
        assert one.source == one.data.source == events[one.data.id].source


async def test_an_achievement_that_moved_is_retracted_under_the_unit_that_spoke(
    desk: Desk,
) -> None:
    """A retraction has effect only where source and subject are those of its target."""
    id_ = await recognised(desk)
    moved = {"unit": "H44.9", "at": "2025-05-01"}
    await desk.succeed(f"achievements/{id_}/transfer", "council", moved)
    await desk.succeed(f"achievements/{id_}/retract", "council", {"version": 4, "reason": "nhầm"})
    await desk.succeed(f"achievements/{id_}/transfer", "council", {**moved, "at": "2025-06-01"})
    await desk.succeed(f"achievements/{id_}/appraise", "council", {**VOTES, "level": "province"})
    decision = {"level": "province", "decision": "2/QĐ"}
    last = await desk.succeed(f"achievements/{id_}/recognise", "council", decision)
    for version in (last["version"], last["version"] - 1, last["version"] - 2, 3):
        back = {"version": version, "reason": "nhầm"}
        await desk.succeed(f"achievements/{id_}/retract", "council", back)
    await retractions_keep_the_subject(desk)
    subjects = {s for short, s in await desk.announcements() if short == "event.retracted"}
    assert subjects == {UNIT, "H44.9"}


async def test_a_case_that_moved_is_retracted_under_the_unit_that_spoke(case_desk: Desk) -> None:
    """Concluded in one unit, handled in its successor, both taken back."""
    id_ = await cases.concluded(case_desk)
    moved = {"unit": "H44.9", "at": "2025-04-20"}
    await case_desk.succeed(f"cases/{id_}/transfer", "council", moved)
    handling = {**cases.HANDLING, "at": "2025-04-21"}
    last = await case_desk.succeed(f"cases/{id_}/handle", "council", handling)
    for version in (last["version"], last["version"] - 1, last["version"] - 2):
        back = {"version": version, "reason": "nhầm"}
        await case_desk.succeed(f"cases/{id_}/retract", "council", back)
    await retractions_keep_the_subject(case_desk)
    subjects = {s for short, s in await case_desk.announcements() if short == "event.retracted"}
    assert len(subjects) == 2


def rows_of(answer: httpx.Response) -> list[list[str]]:
    """The cells of an exported list."""
    text = answer.content.decode("utf-8")
    assert text.startswith(BOM) and answer.headers["content-type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(text[1:]), delimiter=";"))


async def test_lists_are_exported_as_a_vietnamese_spreadsheet_opens_them(desk: Desk) -> None:
    """Semicolons, a mark of UTF-8, words for terms, and no formula."""
    await recognised(desk, title='=HYPERLINK("x"); Tổ tự quản')
    head, row = rows_of(await desk.get("achievements?format=csv"))
    assert head[:2] == ["Mã hồ sơ", "Mã đơn vị"]
    assert row[1:] == [
        UNIT, UNIT, "mô hình", "'=HYPERLINK(\"x\"); Tổ tự quản", "đã công nhận",
    ]  # fmt: skip
    head, row = rows_of(await desk.get("register?year=2025&format=csv"))
    assert row[4:] == ["công nhận", "cấp thành phố", "1/QĐ", "2025"]


async def test_lists_of_cases_are_exported_and_the_read_is_remembered(case_desk: Desk) -> None:
    """As many rows as the role may see; the counts too."""
    id_ = await cases.concluded(case_desk)
    _, row = rows_of(await case_desk.get("cases?format=csv", "council"))
    assert row[0] == id_ and "đã kết luận vi phạm" in row
    _, row = rows_of(await case_desk.get("counts?year=2025&format=csv", "council"))
    assert row[1:] == ["2025", "1", "0"]


def test_a_cell_of_a_list_is_as_a_vietnamese_spreadsheet_reads_it() -> None:
    """Decimals with a comma, yes and no in words, nothing where nothing is known."""
    columns = {name: Message(name, name, name) for name in "abcdef"}
    row = {"a": Decimal("3.50"), "b": True, "c": None, "d": -1, "e": "-1+2", "f": "x;y"}
    lines = encode_csv(columns, [row], {}).decode().splitlines()
    assert lines[1] == '3,50;có;;-1;\'-1+2;"x;y"'
    moment = datetime(2025, 5, 3, 8, tzinfo=UTC)
    days = {"a": date(2025, 6, 30), "b": moment, "c": moment.replace(second=7)}
    lines = encode_csv({name: columns[name] for name in days}, [days], {}).decode().splitlines()
    assert lines[1] == "30/06/2025;03/05/2025 08:00;03/05/2025 08:00:07"


SHAPES: dict[str, Any] = {
    "achievements": Page[of_awards.ListedAchievement],
    "register?year=2025": Page[of_awards.RegisteredHonour],
    "achievements/{id}": of_awards.AchievementAnswer, "achievements/{id}/honoree": of_awards.Name,
    "achievements/{id}/journal": Items[JournalEntry],
    "achievements/{id}/replications": Items[of_awards.OwnReplication],
}  # fmt: skip
CASE_SHAPES: dict[str, Any] = {
    "cases": Page[of_violations.ListedCase], "counts?year=2025": Page[of_violations.Count],
    "cases/{id}": of_violations.CaseAnswer, "cases/{id}/words": Items[of_violations.Words],
    "cases/{id}/journal": Items[JournalEntry],
}  # fmt: skip


async def told_as_documented(desk: Desk, id_: str, shapes: dict[str, Any]) -> None:
    """Each answer has the members that its model names, and no other."""
    for path, model in shapes.items():
        answer = await desk.get(path.format(id=id_), "council")
        read = TypeAdapter(model).validate_python(answer.json(), strict=True)
        assert read.model_dump(exclude_unset=True) == answer.json(), path


async def test_answers_are_those_that_openapi_promises(desk: Desk, case_desk: Desk) -> None:
    """A generated client reads everything that is answered."""
    id_ = await recognised(desk, kind="person", honoree="Nguyễn Văn Mẫu")
    await told_as_documented(desk, id_, SHAPES)
    case = await cases.concluded(case_desk)
    await case_desk.succeed(f"cases/{case}/handle", "council", cases.HANDLING)
    appeal = {"by": "unit", "at": "2025-05-01"}
    await case_desk.succeed(f"cases/{case}/appeal", "clerk", appeal)
    await told_as_documented(case_desk, case, CASE_SHAPES)
