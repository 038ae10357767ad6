"""Commands of the violations over HTTP: what is decided, remembered and announced."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.violations.handlers import MISTAKE
from tests.support.builders.cases import (
    CONCLUSION,
    HANDLING,
    OVERTURN,
    REPORT,
    UNIT,
    concluded,
    handled,
    reported,
    verified,
)
from tests.support.builders.desks import ON_SQLITE, Desk

pytestmark = pytest.mark.anyio


async def test_a_report_is_created_with_version_place_and_term_and_says_nothing(
    desk: Desk,
) -> None:
    """201, ETag, Location, the last day by law; no receipt and no event."""
    answer = await desk.post("cases", "clerk", REPORT)
    body = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert answer.headers["location"].endswith(body["id"])
    assert "x-danchu-receipts" not in answer.headers
    assert (body["stage"], body["due"], body["by_unit"]) == ("reported", "2025-03-31", True)
    assert body["possible"] == []
    seen = (await desk.get(f"cases/{body['id']}", "council")).json()
    assert seen["possible"] == ["assign", "join", "transfer"]
    assert await desk.announcements() == []


async def test_nothing_leaves_before_a_conclusion_and_then_only_the_opaque_fields(
    desk: Desk,
) -> None:
    """Concluded and handled: case, due; case, severity, by_head, self_found, act. No more."""
    id_ = await verified(desk)
    assert await desk.announcements() == []
    await desk.succeed(f"cases/{id_}/conclude", "council", CONCLUSION)
    answer = await desk.post(f"cases/{id_}/handle", "council", HANDLING)
    first, second = await desk.events()
    assert answer.headers["x-danchu-receipts"] == second.receipt.hex()
    assert data_of(first) == {"case": id_, "due": "2025-05-30"}
    assert data_of(second) == {
        "case": id_, "severity": "warning", "by_head": True, "self_found": False, "act": "9.3",
    }  # fmt: skip
    assert second.event.subject == UNIT


def data_of(recorded: Any) -> dict[str, Any]:
    """The data of an event as it stands in its body."""
    return {
        name: value
        for name in recorded.event.data.__struct_fields__
        if isinstance(value := getattr(recorded.event.data, name), str | int | bool)
    }


@ON_SQLITE
async def test_a_dismissed_case_never_leaves(desk: Desk) -> None:
    """It ends within, and nothing is possible any more."""
    id_ = await verified(desk)
    dismissed = await desk.succeed(f"cases/{id_}/dismiss", "council", {"reason": "không có căn cứ"})
    assert (dismissed["stage"], dismissed["possible"], dismissed["due"]) == ("dismissed", [], None)
    again = await desk.post(f"cases/{id_}/conclude", "council", CONCLUSION)
    assert (again.status_code, again.json()["possible"]) == (409, [])
    assert await desk.announcements() == []


@ON_SQLITE
async def test_one_act_is_sanctioned_once(desk: Desk) -> None:
    """A second sanction while one stands: 409 with what is possible, and one event."""
    id_ = await handled(desk)
    answer = await desk.post(f"cases/{id_}/handle", "council", HANDLING)
    assert answer.status_code == 409
    assert answer.json()["possible"] == ["appeal", "overturn", "transfer"]
    assert [short for short, _ in await desk.announcements()].count("violation.handled") == 1


async def test_a_second_case_of_the_same_act_is_refused_and_joined(desk: Desk) -> None:
    """409 names the case that holds the act; the second one joins it and says nothing."""
    first, second = await concluded(desk), await verified(desk)
    answer = await desk.post(f"cases/{second}/conclude", "council", CONCLUSION)
    problem = answer.json()
    assert (answer.status_code, problem["case"], problem["state"]) == (409, first, "verified")
    assert problem["possible"] == (await desk.get(f"cases/{second}", "council")).json()["possible"]
    joined = await desk.succeed(f"cases/{second}/join", "council", {"into": first})
    assert (joined["stage"], joined["into"], joined["possible"]) == ("joined", first, [])
    other = await verified(desk, unit="H44.2.2")
    await desk.succeed(f"cases/{other}/conclude", "council", CONCLUSION)
    assert [subject for _, subject in await desk.announcements()] == [UNIT, "H44.2.2"]


async def test_of_commands_at_once_one_alone_sanctions_the_act(desk: Desk) -> None:
    """Two cases concluded at once for one act, then two sanctions at once: one of each stands."""
    ids = [await verified(desk), await verified(desk)]
    concluding = (desk.post(f"cases/{id_}/conclude", "council", CONCLUSION) for id_ in ids)
    answers = await asyncio.gather(*concluding)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    held = next(one.json()["id"] for one in answers if one.status_code == 200)
    handling = (desk.post(f"cases/{held}/handle", "council", HANDLING) for _ in range(2))
    sanctions = await asyncio.gather(*handling)
    assert sorted(answer.status_code for answer in sanctions) == [200, 409]
    assert [short for short, _ in await desk.announcements()] == [
        "violation.concluded", "violation.handled",
    ]  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize("into", ["itself", "elsewhere"])
async def test_a_case_joins_another_one_of_its_unit_alone(desk: Desk, into: str) -> None:
    """422 with the field for itself, for a case of another unit, and for none."""
    id_ = await verified(desk)
    other = id_ if into == "itself" else await verified(desk, unit="H44.2.2")
    answer = await desk.post(f"cases/{id_}/join", "council", {"into": other})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "into")
    for none in ("x", "\0"):
        answer = await desk.post(f"cases/{id_}/join", "council", {"into": none})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "into")


@ON_SQLITE
@pytest.mark.parametrize(
    ("step", "body", "stage"),
    [
        ("dismiss", {"reason": "không có căn cứ"}, "dismissed"),
        ("retract", {"version": 1, "reason": "nhầm"}, "withdrawn"),
    ],
)  # fmt: skip
async def test_no_case_joins_one_that_has_ended(
    desk: Desk, step: str, body: dict[str, Any], stage: str
) -> None:
    """409 names the other case and its stage, and what is possible with this one."""
    other = await (verified if step == "dismiss" else reported)(desk)
    await desk.succeed(f"cases/{other}/{step}", "council", body)
    id_ = await reported(desk)
    answer = await desk.post(f"cases/{id_}/join", "council", {"into": other})
    problem = answer.json()
    assert (answer.status_code, problem["state"], problem["case"]) == (409, "reported", other)
    assert problem["possible"] == ["assign", "join", "transfer"]
    assert f"is {stage}" in problem["detail"]


@ON_SQLITE
async def test_a_case_is_not_moved_to_the_unit_that_has_it(desk: Desk) -> None:
    """409 with what is possible."""
    id_ = await handled(desk)
    answer = await desk.post(f"cases/{id_}/transfer", "council", {"unit": UNIT})
    assert (answer.status_code, answer.json()["state"]) == (409, "handled")
    assert answer.json()["possible"] == ["appeal", "overturn", "transfer"]


async def test_an_act_is_free_again_once_its_conclusion_is_overturned(desk: Desk) -> None:
    """And what brings the first conclusion back is refused while another case holds the act."""
    first, second = await handled(desk), await verified(desk)
    await desk.succeed(f"cases/{first}/overturn", "council", OVERTURN)
    await desk.succeed(f"cases/{second}/conclude", "council", CONCLUSION)
    back = {"version": 6, "reason": "nhầm"}
    refused = await desk.post(f"cases/{first}/retract", "council", back)
    assert (refused.status_code, refused.json()["case"]) == (409, second)
    anew = {**CONCLUSION, "at": "2025-09-01T08:00:00+07:00", "due": "2025-10-01"}
    assert (await desk.post(f"cases/{first}/conclude", "council", anew)).status_code == 409


async def test_what_is_overturned_in_a_later_year_names_each_year_that_it_clears(
    desk: Desk,
) -> None:
    """Concluded in 2025, its sanction counted in 2026: one event for each of both years."""
    id_ = await concluded(desk, at="2025-12-20T08:00:00+07:00", due="2026-02-01")
    late = {**HANDLING, "at": "2026-01-10T08:00:00+07:00", "year": 2026}
    await desk.succeed(f"cases/{id_}/handle", "council", late)
    court = {**OVERTURN, "at": "2026-09-01T08:00:00+07:00", "by": "court"}
    after = await desk.succeed(f"cases/{id_}/overturn", "council", court)
    assert (after["stage"], after["conclusion"], after["handling"]) == ("overturned", None, None)
    cleared = [one for one in await desk.events() if one.kind.short == "violation.overturned"]
    assert [one.year for one in cleared] == [2025, 2026]


async def test_a_sanction_counts_in_the_year_of_its_conclusion_where_the_contract_allows_it(
    desk: Desk,
) -> None:
    """Handled in January on time: the obligation of the year before is fulfilled, one year."""
    id_ = await concluded(desk, at="2025-12-20T08:00:00+07:00", due="2026-02-01")
    january = {**HANDLING, "at": "2026-01-10T08:00:00+07:00"}
    after = await desk.succeed(f"cases/{id_}/handle", "council", january)
    assert (after["handling"]["year"], after["handling"]["late"]) == (2025, False)
    overturn = {**OVERTURN, "at": "2026-09-01T08:00:00+07:00"}
    await desk.succeed(f"cases/{id_}/overturn", "council", overturn)
    assert [one.year for one in await desk.events()] == [2025, 2025, 2025]
    wrong = {**january, "year": 2024}
    other = await concluded(desk, deed="hv-2", at="2025-12-20T08:00:00+07:00", due="2026-02-01")
    refused = await desk.post(f"cases/{other}/handle", "council", wrong)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "year")


async def test_an_appeal_in_time_or_late_is_marked_and_an_upheld_one_says_nothing(
    desk: Desk,
) -> None:
    """15 days after receipt for the first, 10 for the second; a third is no appeal."""
    id_ = await handled(desk)
    first = {"by": "sanctioned_person", "at": "2025-05-01T08:00:00+07:00"}
    appealed = await desk.succeed(f"cases/{id_}/appeal", "clerk", first)
    (appeal,) = appealed["appeals"]
    assert (appeal["by"], appeal["until"], appeal["late"]) == (
        "sanctioned_person", "2025-05-05", False,
    )  # fmt: skip
    assert appealed["due"] == "2025-05-31"
    upheld = {"decision": "3/QĐ", "at": "2025-05-20T08:00:00+07:00"}
    await desk.succeed(f"cases/{id_}/uphold", "council", upheld)
    second = {**first, "at": "2025-06-10T08:00:00+07:00", "received": "2025-05-30"}
    after = await desk.succeed(f"cases/{id_}/appeal", "clerk", second)
    assert after["appeals"][1]["late"] is True
    again = {"decision": "4/QĐ", "at": "2025-06-20T08:00:00+07:00"}
    ended = await desk.succeed(f"cases/{id_}/uphold", "council", again)
    assert ended["possible"] == ["overturn", "transfer"]
    third = {"by": "unit", "at": "2025-06-21T08:00:00+07:00"}
    assert (await desk.post(f"cases/{id_}/appeal", "clerk", third)).status_code == 409
    assert [short for short, _ in await desk.announcements()] == [
        "violation.concluded", "violation.handled",
    ]  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize("received", ["2025-04-19", "2025-05-02"])
async def test_a_decision_is_received_between_its_own_day_and_the_appeal(
    desk: Desk, received: str
) -> None:
    """422 with the field."""
    id_ = await handled(desk)
    asked = {"by": "unit", "received": received, "at": "2025-05-01T08:00:00+07:00"}
    answer = await desk.post(f"cases/{id_}/appeal", "clerk", asked)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "received")


@ON_SQLITE
@pytest.mark.parametrize(
    ("changed", "complexity", "due"),
    [
        ({}, "ordinary", "2025-05-30"), ({}, "complex", "2025-07-29"),
        ({"due": "2025-04-30"}, "ordinary", "2025-04-30"),
        ({"due": "2025-04-09"}, "ordinary", None),
        ({"at": "2025-06-01T08:00:00+07:00"}, "ordinary", None),
    ],
)  # fmt: skip
async def test_the_last_day_for_handling_is_that_of_the_law_or_given(
    desk: Desk, changed: dict[str, Any], complexity: str, due: str | None
) -> None:
    """90 days from the report, 150 where complex; what has passed has to be given anew."""
    id_ = await verified(desk, complexity=complexity)
    answer = await desk.post(f"cases/{id_}/conclude", "council", {**CONCLUSION, **changed})
    if due is None:
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "due")
    else:
        assert answer.json()["due"] == due


async def test_overdue_cases_are_listed(desk: Desk) -> None:
    """Those whose last day for the next step has passed, of a unit and a stage where asked."""
    old = await reported(desk)
    await reported(desk, at=None)
    ended = await handled(desk)
    found = (await desk.get("cases?overdue=true", "council")).json()["items"]
    assert [item["id"] for item in found] == [old]
    stage = (await desk.get("cases?stage=handled&unit=H44.2.1", "auditor")).json()["items"]
    assert [item["id"] for item in stage] == [ended]
    pages = [
        (await desk.get("cases?limit=2", "council")).json(),
        (await desk.get(f"cases?limit=2&cursor={sorted([old, ended])[0]}", "council")).json(),
    ]
    assert len(pages[0]["items"]) == 2 and pages[0]["next"] == pages[0]["items"][1]["id"]
    assert len(pages[1]["items"]) == 2 and pages[1]["next"] is None


async def test_a_unit_knows_of_a_case_that_it_reported_or_that_is_concluded(desk: Desk) -> None:
    """Another's report about it is not there for it before the conclusion, not even by If-Match."""
    hidden = await reported(desk, role="council")
    own = {"units": [UNIT]}
    assert (await desk.get(f"cases/{hidden}", "clerk", **own)).status_code == 404
    assert (await desk.get(f"cases/{hidden}/journal", "clerk", **own)).status_code == 404
    assert (await desk.get("cases", "clerk", **own)).json()["items"] == []
    stale = await desk.ask(
        "POST", f"cases/{hidden}/handle", "clerk", HANDLING, {"if-match": '"9"'}, **own
    )
    assert stale.status_code == 404
    assert (await desk.get(f"cases/{hidden}", "council")).json()["by_unit"] is False
    known = await concluded(desk, role="council")
    assert (await desk.get(f"cases/{known}", "clerk", **own)).json()["stage"] == "concluded"
    assert (await desk.get(f"cases/{known}", "clerk", units=["H44.9"])).status_code == 403
    listed = (await desk.get("cases", "clerk", **own)).json()["items"]
    assert [item["id"] for item in listed] == [known]


@ON_SQLITE
@pytest.mark.parametrize(
    "changed", [{"by_head": True}, {"self_found": True}, {"by_head": False, "year": 2025}]
)
async def test_a_clerk_does_not_judge_its_head_nor_lighten_its_own_sanction(
    desk: Desk, changed: dict[str, Any]
) -> None:
    """403 where the head obstructed, for self-found without an own report, and for the year."""
    id_ = await concluded(desk, role="council")
    sanction = {**HANDLING, "by_head": False, "self_found": False}
    refused = await desk.post(f"cases/{id_}/handle", "clerk", {**sanction, **changed})
    assert refused.status_code == 403
    needs = "needs the role council; this token has the role clerk."
    assert refused.json()["detail"].endswith(needs)
    assert (await desk.post(f"cases/{id_}/handle", "clerk", sanction)).status_code == 200


@ON_SQLITE
async def test_readers_see_counts_alone(desk: Desk) -> None:
    """How many conclusions stand and are handled, by unit; no case."""
    await handled(desk)
    await concluded(desk, deed="hv-2")
    await concluded(desk, unit="H44.2.2")
    own = await desk.get("counts?year=2025", "reader", units=[UNIT])
    assert own.json()["items"] == [{"unit": UNIT, "year": 2025, "concluded": 2, "handled": 1}]
    everyone = (await desk.get("counts?year=2025", "hr")).json()["items"]
    assert [item["unit"] for item in everyone] == [UNIT, "H44.2.2"]
    assert (await desk.get("cases", "reader")).status_code == 403
    assert (await desk.get("cases", "hr")).status_code == 403


async def test_a_mistaken_step_is_taken_back_and_its_event_retracted_without_words(
    desk: Desk,
) -> None:
    """Only by the role that took it or the council; outside it is a mistaken entry."""
    id_ = await handled(desk)
    wrong = {"version": 5, "reason": "nhầm người: ông Bí Mật"}
    foreign = await desk.post(f"cases/{id_}/retract", "clerk", wrong)
    needs = "Retracting step 5 needs the role council; this token has the role clerk."
    assert (foreign.status_code, foreign.json()["detail_en"]) == (403, needs)
    after = await desk.succeed(f"cases/{id_}/retract", "council", wrong)
    assert (after["stage"], after["handling"], after["version"]) == ("concluded", None, 6)
    last = (await desk.events())[-1]
    assert (last.kind.short, last.event.data.reason) == ("event.retracted", MISTAKE)
    words = (await desk.get(f"cases/{id_}/words", "council")).json()["items"]
    last_words = words[-1]
    assert (last_words["version"], last_words["field"]) == (6, "reason")
    assert last_words["words"] == wrong["reason"]


async def test_a_step_stays_while_what_a_later_one_announced_rests_on_it(desk: Desk) -> None:
    """A transfer cannot be taken back under what the successor has announced since."""
    id_ = await verified(desk)
    moved = {"unit": "H44.9", "at": "2025-04-01T00:00:00+07:00"}
    await desk.succeed(f"cases/{id_}/transfer", "council", moved)
    await desk.succeed(f"cases/{id_}/conclude", "council", CONCLUSION)
    back = {"version": 4, "reason": "nhầm"}
    refused = await desk.post(f"cases/{id_}/retract", "council", back)
    assert refused.status_code == 409 and "step 5" in refused.json()["detail"]
    await desk.succeed(f"cases/{id_}/retract", "council", {**back, "version": 5})
    after = await desk.succeed(f"cases/{id_}/retract", "council", back)
    assert (after["unit"], after["stage"]) == (UNIT, "verified")


async def test_after_a_merger_the_successor_speaks_of_the_key_of_its_predecessor(
    desk: Desk,
) -> None:
    """The case moves to the new unit; events name `<predecessor>/<key>`."""
    id_ = await concluded(desk)
    moved = {"unit": "H44.9", "at": "2025-04-15T00:00:00+07:00"}
    await desk.succeed(f"cases/{id_}/transfer", "council", moved)
    await desk.succeed(f"cases/{id_}/handle", "council", HANDLING)
    last = (await desk.events())[-1]
    assert (last.event.subject, last.event.data.case) == ("H44.9", f"{UNIT}/{id_}")


async def test_a_report_that_is_taken_back_is_withdrawn_for_good(desk: Desk) -> None:
    """Nothing happens any more to it, and its row says so."""
    id_ = await reported(desk)
    back = {"version": 1, "reason": "nhầm"}
    assert (await desk.succeed(f"cases/{id_}/retract", "clerk", back))["stage"] == "withdrawn"
    answer = await desk.post(f"cases/{id_}/assign", "council", {"to": "tt-01"})
    assert (answer.status_code, answer.json()["possible"]) == (409, [])
    listed = (await desk.get("cases?stage=withdrawn", "council")).json()["items"]
    assert [item["id"] for item in listed] == [id_]
