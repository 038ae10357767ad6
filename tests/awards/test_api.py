"""Commands of the awards over HTTP: what is decided, remembered and announced."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.support.builders.desks import Desk
from tests.support.tampering import assert_kept

pytestmark = pytest.mark.anyio

UNIT = "H44.2.1"
NOMINATION = {
    "unit": UNIT, "kind": "model", "title": "Tổ dân phố tự quản", "merits": "Không có khiếu kiện",
    "at": "2025-03-01T08:00:00+07:00",
}  # fmt: skip
TAKEN_UP = {"by": "H44.2.2", "evidence": [{"document": "12/BC-UBND"}]}
VOTES = {"what": "model", "level": "city", "in_favour": 7, "against": 2, "abstained": 1}


async def nominated(desk: Desk, **changed: Any) -> str:
    """The id of a new achievement."""
    return str((await desk.succeed("achievements", "clerk", {**NOMINATION, **changed}))["id"])


async def recognised(desk: Desk, level: str = "city") -> str:
    """The id of an achievement that was recognised in June 2025."""
    id_ = await nominated(desk)
    await recognise(desk, id_, level)
    return id_


async def recognise(desk: Desk, id_: str, level: str, day: str = "2025-06-01") -> Any:
    """Votes, and the decision that they led to."""
    votes = {**VOTES, "level": level, "at": f"{day}T08:00:00+07:00"}
    await desk.succeed(f"achievements/{id_}/appraise", "council", votes)
    decision = {"level": level, "decision": f"12/QĐ-{level}", "at": f"{day}T09:00:00+07:00"}
    return await desk.succeed(f"achievements/{id_}/recognise", "council", decision)


async def test_a_nomination_is_created_with_its_version_place_and_receipt(desk: Desk) -> None:
    """201, ETag, Location, and the receipt of the event that it caused."""
    answer = await desk.post("achievements", "clerk", NOMINATION)
    assert answer.status_code == 201
    body = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"].endswith(body["id"])
    (event,) = await desk.events()
    assert answer.headers["x-danchu-receipts"] == event.receipt.hex()
    assert event.event.data.model == body["id"]
    assert event.event.time == "2025-03-01T01:00:00Z"
    achievement = await desk.get(f"achievements/{body['id']}", "reader")
    assert achievement.json() == body
    assert body["possible"] == []


async def test_recognition_awards_and_replication_are_announced(desk: Desk) -> None:
    """Each decision is an event of its unit; appraisals stay within the council."""
    id_ = await recognised(desk)
    await desk.succeed(f"achievements/{id_}/replicate", "clerk", TAKEN_UP)
    votes = {**VOTES, "what": "award", "level": "province"}
    await desk.succeed(f"achievements/{id_}/appraise", "council", votes)
    granted = {"level": "province", "decision": "7/QĐ-UBND"}
    after = await desk.succeed(f"achievements/{id_}/grant", "council", granted)
    assert [short for short, _ in await desk.announcements()] == [
        "model.nominated", "model.recognised", "model.replicated", "award.granted",
    ]  # fmt: skip
    assert [(h["what"], h["level"]) for h in after["honours"]] == [
        ("model", "city"), ("award", "province"),
    ]  # fmt: skip


async def test_a_revocation_in_a_later_year_names_the_years_of_what_it_clears(desk: Desk) -> None:
    """Recognised in 2025, taken up in 2026, revoked today: one event for each of both years."""
    id_ = await recognised(desk)
    taken = {**TAKEN_UP, "at": "2026-01-01T00:00:00+07:00"}
    await desk.succeed(f"achievements/{id_}/replicate", "clerk", taken)
    cause = {"what": "model", "cause": "false_declaration", "decision": "9/QĐ"}
    cause["at"] = "2026-05-01T08:00:00+07:00"
    after = await desk.succeed(f"achievements/{id_}/revoke", "council", cause)
    assert (after["stage"], after["possible"]) == ("revoked", [])
    cleared = [one for one in await desk.events() if one.kind.short == "model.revoked"]
    assert [one.year for one in cleared] == [2025, 2026]


async def test_an_impossible_step_is_refused_with_what_is_possible(desk: Desk) -> None:
    """409, the state, the steps that it allows; and nothing is announced."""
    id_ = await nominated(desk)
    answer = await desk.post(
        f"achievements/{id_}/recognise", "council", {"level": "city", "decision": "1"}
    )
    problem = answer.json()
    assert answer.status_code == 409
    assert (problem["state"], problem["possible"]) == (
        "nominated", ["appraise", "refuse", "transfer"],
    )  # fmt: skip
    assert len(await desk.announcements()) == 1


OPEN = ["appraise", "refuse", "transfer"]


@pytest.mark.parametrize(
    ("changed", "why", "possible"),
    [
        ({"in_favour": 5, "against": 5, "abstained": 0}, "more than half", OPEN),
        (
            {"level": "province"}, "at province level",
            ["appraise", "recognise", "refuse", "transfer"],
        ),
        (
            {"what": "award", "level": "province"}, "not for this recognition",
            ["appraise", "grant", "refuse", "transfer"],
        ),
    ],
)  # fmt: skip
async def test_a_decision_needs_the_votes_of_its_own_level(
    desk: Desk, changed: dict[str, Any], why: str, possible: list[str]
) -> None:
    """Voted down, or on something else: 409 with the reason, and with what can be done instead."""
    id_ = await nominated(desk)
    achievement = await desk.succeed(
        f"achievements/{id_}/appraise", "council", {**VOTES, **changed}
    )
    decision = {"level": "city", "decision": "1/QĐ"}
    answer = await desk.post(f"achievements/{id_}/recognise", "council", decision)
    problem = answer.json()
    assert (answer.status_code, problem["state"]) == (409, "appraised")
    assert problem["possible"] == achievement["possible"] == possible
    assert why in problem["detail"] and f"possible: {', '.join(possible)}." in problem["detail"]


async def test_one_achievement_is_recognised_once_at_each_level(desk: Desk) -> None:
    """A second recognition of the same level is refused, a higher one is not."""
    id_ = await recognised(desk)
    again = await desk.post(f"achievements/{id_}/appraise", "council", VOTES)
    assert (again.status_code, again.json()["state"]) == (409, "recognised")
    assert "this recognition at city level" in again.json()["detail"]
    after = await recognise(desk, id_, "province", "2025-07-01")
    assert [honour["level"] for honour in after["honours"]] == ["city", "province"]


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("replicate", TAKEN_UP), ("transfer", {"unit": UNIT}),
        ("revoke", {"what": "award", "cause": "wrong_appraisal", "decision": "1/QĐ"}),
    ],
)  # fmt: skip
async def test_what_an_achievement_has_already_or_lacks_is_refused_by_its_state(
    desk: Desk, step: str, body: dict[str, Any]
) -> None:
    """Taken up twice by a unit, moved to where it is, revoked without an award: 409."""
    id_ = await recognised(desk)
    achievement = await desk.succeed(f"achievements/{id_}/replicate", "clerk", TAKEN_UP)
    answer = await desk.post(f"achievements/{id_}/{step}", "council", body)
    assert (answer.status_code, answer.json()["state"]) == (409, "recognised")
    seen = (await desk.get(f"achievements/{id_}", "council")).json()
    assert answer.json()["possible"] == seen["possible"]
    assert achievement["possible"] == ["replicate"]


async def test_what_a_step_says_wrongly_in_every_state_is_refused_by_field(desk: Desk) -> None:
    """No votes, a level of another kind, the unit itself, a level where all are lost: 422."""
    id_ = await recognised(desk)
    revocation = {"what": "model", "cause": "wrong_appraisal", "decision": "1/QĐ"}
    for step, body, field in (
        ("appraise", {**VOTES, "in_favour": 0, "against": 0, "abstained": 0}, "in_favour"),
        ("appraise", {**VOTES, "what": "award", "level": "city"}, "level"),
        ("replicate", {**TAKEN_UP, "by": UNIT}, "by"),
        ("revoke", {**revocation, "level": "province"}, "level"),
    ):  # fmt: skip
        answer = await desk.post(f"achievements/{id_}/{step}", "council", body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_mistaken_step_is_taken_back_and_its_event_retracted(desk: Desk) -> None:
    """The journal keeps both; what rests on the step has to be taken back before."""
    id_ = await recognised(desk)
    wrong = {"version": 2, "reason": "nhầm"}
    for version, rests in ((1, "appraise"), (2, "recognise")):
        held = await desk.post(
            f"achievements/{id_}/retract", "council", {**wrong, "version": version}
        )
        assert (held.status_code, held.json()["rests"]["step"]) == (409, rests)
        assert held.json()["detail"].endswith("is in force: retract that step first.")
        assert rests not in held.json()["detail_vi"]
    after = await desk.succeed(f"achievements/{id_}/retract", "council", {**wrong, "version": 3})
    assert (after["stage"], after["honours"], after["version"]) == ("appraised", [], 4)
    events = await desk.events()
    assert events[-1].kind.short == "event.retracted"
    assert events[-1].event.data.id == events[-2].event.id
    journal = (await desk.get(f"achievements/{id_}/journal")).json()["items"]
    assert [entry["step"] for entry in journal] == ["nominate", "appraise", "recognise", "retract"]
    assert [entry["role"] for entry in journal] == ["clerk", "council", "council", "council"]


async def test_a_nomination_that_is_taken_back_is_withdrawn_for_good(desk: Desk) -> None:
    """Nothing happens to it any more, and it is shown as withdrawn."""
    id_ = await nominated(desk)
    back = {"version": 1, "reason": "nhầm"}
    assert (await desk.succeed(f"achievements/{id_}/retract", "clerk", back))[
        "stage"
    ] == "withdrawn"
    answer = await desk.post(f"achievements/{id_}/appraise", "council", VOTES)
    assert (answer.status_code, answer.json()["possible"]) == (409, [])


async def test_a_command_that_read_an_older_version_is_refused(desk: Desk) -> None:
    """412 with the version that it has; the right one, `*`, or none goes on."""
    id_ = await nominated(desk)
    path = f"achievements/{id_}/appraise"
    old = await desk.ask("POST", path, "council", VOTES, {"if-match": '"7"'})
    assert (old.status_code, old.headers["etag"]) == (412, '"1"')
    for tag in ('"1"', "*"):
        fits = await desk.ask("POST", path, "council", VOTES, {"if-match": tag})
        assert fits.status_code == 200


async def test_the_same_key_gives_the_same_answer_and_one_record(desk: Desk) -> None:
    """A command that is sent again is answered as before; another under its key is refused."""
    key = {"idempotency-key": "k1"}
    first = await desk.ask("POST", "achievements", "clerk", NOMINATION, key)
    again = await desk.ask("POST", "achievements", "clerk", NOMINATION, key)
    assert (again.status_code, again.content) == (201, first.content)
    for name in ("etag", "location", "x-danchu-receipts"):
        assert again.headers[name] == first.headers[name]
    other = await desk.ask("POST", "achievements", "clerk", {**NOMINATION, "title": "Khác"}, key)
    assert other.status_code == 422
    assert len(await desk.announcements()) == 1


async def test_a_key_belongs_to_the_units_of_its_token(desk: Desk) -> None:
    """Tokens that bear no name of their own do not meet in each other's keys."""
    key = {"idempotency-key": "1"}
    for unit in ("H44.2.1", "H44.2.2"):
        body = {**NOMINATION, "unit": unit}
        made = await desk.ask("POST", "achievements", "clerk", body, key, units=[unit])
        assert (made.status_code, made.json()["unit"]) == (201, unit)


async def test_a_clerk_works_for_its_units_alone(desk: Desk) -> None:
    """Another unit is 403, for commands, records and lists."""
    id_ = await nominated(desk)
    other = {"units": ["H44.2.9"]}
    refused = await desk.post("achievements", "clerk", NOMINATION, **other)
    assert refused.status_code == 403
    assert (await desk.get(f"achievements/{id_}", "reader", **other)).status_code == 403
    assert (await desk.get("achievements", "reader", **other)).json()["items"] == []
    own = (await desk.get("achievements?stage=nominated", "reader", units=[UNIT])).json()
    assert [item["id"] for item in own["items"]] == [id_]
    assert (await desk.post(f"achievements/{id_}/appraise", "clerk", VOTES)).status_code == 403


async def test_the_name_of_a_person_is_kept_encrypted_read_on_record_and_erased(
    desk: Desk,
) -> None:
    """It stands in no event and no journal; who read it is remembered; erased it is gone."""
    name = "Nguyễn Văn Mẫu"
    id_ = await nominated(desk, kind="person", title="Người tốt, việc tốt", honoree=name)
    async with desk.app.db.read() as conn:
        for table in ("journal", "outbox", "achievements", "answers"):
            rows = (await conn.execute(text(f"SELECT * FROM {table}"))).all()
            assert name.encode() not in b"".join(
                value if isinstance(value, bytes) else str(value).encode()
                for row in rows for value in row
            )  # fmt: skip
    path = f"achievements/{id_}/honoree"
    assert (await desk.get(path, "clerk", name="clerk-7")).json() == {"name": name}
    async with desk.app.db.read() as conn:
        reads = (await conn.execute(text('SELECT role, "by", rows FROM reads'))).all()
    assert [tuple(row) for row in reads] == [("clerk", "clerk-7", 1)]
    assert (await desk.get(path, "reader")).status_code == 403
    assert (await desk.ask("DELETE", path, "council")).status_code == 200
    assert (await desk.get(path, "clerk")).status_code == 404
    async with desk.app.db.read() as conn:
        whats = (await conn.execute(text("SELECT what FROM reads ORDER BY seq"))).scalars().all()
    assert whats == [f"honoree of {id_}", f"erased the honoree of {id_}"]


@pytest.mark.parametrize("table", ["journal", "reads"])
async def test_the_journal_cannot_be_edited_even_by_its_database_user(
    desk: Desk, table: str
) -> None:
    """An update, a deletion and a replacement are refused by the database itself."""
    id_ = await nominated(desk, kind="person", honoree="Tên")
    await desk.get(f"achievements/{id_}/honoree", "clerk")
    await assert_kept(desk.app.db, table, "role", ("seq",))


async def test_the_register_shows_what_stands_with_its_decision(desk: Desk) -> None:
    """By year and level, in pages; what is revoked leaves it."""
    first, second = await recognised(desk), await recognised(desk)
    found, cursor = [], ""
    while True:
        page = (await desk.get(f"register?year=2025&limit=1&cursor={cursor}", "reader")).json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert sorted(found) == sorted([first, second])
    cause = {"what": "model", "cause": "wrong_appraisal", "decision": "9/QĐ"}
    await desk.succeed(f"achievements/{first}/revoke", "council", cause)
    left = (await desk.get("register?year=2025&level=city", "reader")).json()["items"]
    assert [(item["id"], item["decision"]) for item in left] == [(second, "12/QĐ-city")]


async def test_after_a_merger_the_successor_speaks_of_the_key_of_its_predecessor(
    desk: Desk,
) -> None:
    """The achievement moves to the new unit; events name `<predecessor>/<key>`."""
    id_ = await nominated(desk)
    moved = {"unit": "H44.9", "at": "2025-05-01T00:00:00+07:00"}
    await desk.succeed(f"achievements/{id_}/transfer", "council", moved)
    await recognise(desk, id_, "city")
    last = (await desk.events())[-1]
    assert (last.event.subject, last.event.data.model) == ("H44.9", f"{UNIT}/{id_}")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None), (b'{"unit":"H44.1","unit":"H44.2"}', 400, None),
        (b'{"unit":"\\ud800"}', 400, None), ({}, 422, "unit"),
        ({**NOMINATION, "unit": "CITY"}, 422, "unit"),
        ({**NOMINATION, "title": "a\0b"}, 422, "title"),
        ({**NOMINATION, "at": "2025-02-30"}, 422, "at"),
        ({**NOMINATION, "at": "2025-03-01T08:00:00"}, 422, "at"),
        ({**NOMINATION, "at": "2999-03-01T00:00:00Z"}, 422, "at"),
        ({**NOMINATION, "stage": "recognised"}, 422, "stage"),
        (b" " * (6 * 2**20), 413, None),
        ({f"note{n}": "" for n in range(39_000)}, 422, "unit"),
        ({f"note{n}": "" for n in range(41_000)}, 413, None),
    ],
)  # fmt: skip
async def test_bad_input_is_refused_by_field(
    desk: Desk, body: Any, status: int, field: str | None
) -> None:
    """A sentence for each fault, problem details, and nothing is kept."""
    json_type = {"content-type": "application/json"}
    answer = await desk.ask("POST", "achievements", "clerk", body, json_type)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if field is not None:
        assert field in [error["field"] for error in answer.json()["errors"]]
    assert await desk.announcements() == []


async def test_nothing_is_entered_before_it_happened(desk: Desk) -> None:
    """Also what is not announced: votes of tomorrow, or a step before the one it follows."""
    id_ = await nominated(desk)
    for at in ("2999-01-01T00:00:00+07:00", "1999-01-01T00:00:00+07:00", "2025-02-28T00:00:00Z"):
        votes = {**VOTES, "at": at}
        answer = await desk.post(f"achievements/{id_}/appraise", "council", votes)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == ["at"]


async def test_what_waits_for_the_stream_is_shown_to_operators(desk: Desk) -> None:
    """How many events, and the age of the oldest; others are refused."""
    await nominated(desk)
    assert (await desk.get("outbox", "operator")).json()["waiting"] == 1
    assert (await desk.get("outbox", "clerk")).status_code == 403
