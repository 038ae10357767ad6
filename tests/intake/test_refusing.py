"""Who may send what: refused per event, with the field, or the whole request where it belongs."""

import asyncio
import json
from typing import Any

import pytest

from services.intake.domain import EMITTING_ROLES
from tests.support.builders.events import SOURCE, Door, event, fields

pytestmark = pytest.mark.anyio

DUE = {"petition": "p", "due": "2025-07-02"}
RETRACTED = {"source": SOURCE, "id": "a", "reason": "sent by mistake"}
EXEMPTION = {"indicator": "training", "decision": "12/QD"}
WRONG = ["data.course", "data.hours", "data.person", "data.topic", "subject"]
UNIT = {"name": "A", "kind": "commune"}


@pytest.mark.parametrize(
    ("role", "short", "data", "wrong"),
    [
        ("emitter", "petition.received", DUE, []),
        ("council", "petition.received", DUE, ["type"]),
        ("registrar", "petition.received", DUE, ["type"]),
        ("registrar", "unit.registered", UNIT, []),
        ("emitter", "unit.registered", UNIT, ["type"]),
        ("council", "exemption.approved", EXEMPTION, []),
        ("emitter", "exemption.approved", EXEMPTION, ["type"]),
        ("council", "disclosure.due", {"item": "budget"}, []),
        ("emitter", "disclosure.due", {"item": "budget"}, []),
        ("emitter", "event.retracted", RETRACTED, []),
        ("registrar", "event.retracted", RETRACTED, []),
        ("council", "event.retracted", RETRACTED, []),
    ],
)
async def test_the_role_decides_about_the_type(
    lone_door: Door, role: str, short: str, data: dict[str, Any], wrong: list[str]
) -> None:
    """The wrong role is a fault of the event, in the field `type`."""
    (receipt,) = await lone_door.receipts([event("a", short, data=data)], role)
    assert fields(receipt) == wrong
    assert receipt["status"] == ("refused" if wrong else "accepted")


@pytest.mark.parametrize("role", ["clerk", "reader", "hr", "auditor", "operator"])
async def test_a_role_that_sends_nothing_is_403(lone_door: Door, role: str) -> None:
    """The whole request is refused where no type would ever be right."""
    answer = await lone_door.post(event("a"), role)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", sorted(EMITTING_ROLES))
async def test_nobody_announces_years_at_the_door(lone_door: Door, role: str) -> None:
    """`year.*` is emitted by scoring alone."""
    sealed = event("a", "year.sealed", subject="CITY", data={"decision": "1/QD"})
    answer = await lone_door.post(sealed, role)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("claims", "wrong"),
    [
        ({"units": ["H44.12"], "sources": ["/portal/"]}, []),
        ({"units": ["H44"], "sources": ["/portal/"]}, ["subject"]),
        ({"units": [], "sources": ["/portal/"]}, ["subject"]),
        ({"sources": ["/portal/"]}, []),
        ({"sources": ["/other/"]}, ["source"]),
        ({"types": ["training.completed"]}, []),
        ({"types": ["vn.danchu.training.completed.v1"]}, []),
        ({"types": ["petition.received"]}, ["type"]),
        ({"units": ["X"], "sources": ["y"], "types": ["z"]}, ["type", "subject", "source"]),
    ],
)
async def test_a_credential_is_bounded_by_units_sources_and_types(
    lone_door: Door, claims: dict[str, Any], wrong: list[str]
) -> None:
    """All that goes beyond it is named at once."""
    (receipt,) = await lone_door.receipts([event("a")], **claims)
    assert fields(receipt) == wrong


async def test_only_events_of_the_same_source_are_retracted(lone_door: Door) -> None:
    """Naming an event of another source is a fault of `data.source`."""
    foreign = {**RETRACTED, "source": "/portal/b"}
    (receipt,) = await lone_door.receipts([event("a", "event.retracted", data=foreign)])
    assert fields(receipt) == ["data.source"]


async def test_without_a_valid_token_nothing_is_read(lone_door: Door) -> None:
    """401 with the scheme that is wanted."""
    for headers in ({}, {"authorization": "Bearer no"}):
        answer = await lone_door.client.post("/intake/events", content=b"{", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"id": "a", "id": "b"}', "application/json", 400),
        (b'{"id": NaN}', "application/json", 400),
        (b'{"id": "\\ud800"}', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"{}", "application/cloudevents-batch+json", 400),
        (b"[]", "application/cloudevents+json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json", 422),
        (b" " * (16 * 2**20 + 1), "application/json", 413),
    ],
)
async def test_what_is_no_body_of_events_is_refused_whole(
    lone_door: Door, body: bytes, content_type: str, status: int
) -> None:
    """Each with the status that belongs to it, as problem details."""
    answer = await lone_door.post(body, content_type=content_type)
    assert answer.status_code == status
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/cloudevents+json; charset=utf-8", 202),
        ("application/cloudevents+json;charset=UTF-8", 202),
        ('Application/CloudEvents+JSON ; Charset="utf-8"', 202),
        ("application/json; charset=us-ascii; version=1", 202),
        ("application/cloudevents+json; charset=iso-8859-1", 415),
        ("application/cloudevents+json; charset=utf-16", 415),
        ("application/cloudevents+xml", 415),
        ("application/cloudevents", 415),
        ("", 415),
    ],
)
async def test_content_types_with_and_without_a_charset(
    lone_door: Door, content_type: str, status: int
) -> None:
    """JSON is UTF-8; what says to be something else is not guessed at."""
    headers = {**lone_door.headers(), "content-type": content_type}
    answer = await lone_door.client.post(
        "/intake/events", content=json.dumps(event("a")), headers=headers
    )
    assert answer.status_code == status


async def test_a_batch_of_which_every_event_is_refused(lone_door: Door) -> None:
    """10,000 refusals are answered in order with their reasons, and nothing is stored."""
    batch = [event(number, subject="?", data={"person": 1}) for number in range(10_000)]
    found = await lone_door.receipts(batch)
    assert [receipt["id"] for receipt in found] == [str(number) for number in range(10_000)]
    assert all(sorted(fields(one)) == WRONG for one in found)
    assert await lone_door.outbox() == []


async def test_a_hostile_body_makes_nobody_wait(lone_door: Door) -> None:
    """Beside a body of 16 MiB, which is refused, the same process accepts small events.

    How they share the threads is shown by test_body_threads.
    """
    huge = b"[" + b"0," * (8 * 2**20 - 10) + b"0]"
    reading = asyncio.create_task(lone_door.post(huge, content_type="application/json"))
    taken = 0
    while not reading.done():
        assert (await lone_door.post(event(taken))).status_code == 202
        taken += 1
    assert (await reading).status_code == 413
    assert taken >= 1


async def test_a_compressed_body_is_not_taken(lone_door: Door) -> None:
    """Only the identity encoding is read, so that no small body becomes a large one."""
    headers = {**lone_door.headers(), "content-type": "application/json"}
    for encoding, status in (("gzip", 415), ("identity", 422)):
        answer = await lone_door.client.post(
            "/intake/events", content=b"{}", headers={**headers, "content-encoding": encoding}
        )
        assert answer.status_code == status


async def test_a_body_that_does_not_say_its_length_is_bounded_too(lone_door: Door) -> None:
    """Reading ends at four times the limit, however much more would come; no more is kept."""
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 2**30:
            sent += 2**20
            yield b" " * 2**20

    headers = {**lone_door.headers(), "content-type": "application/json"}
    answer = await lone_door.client.post("/intake/events", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert sent <= 66 * 2**20


async def test_the_outbox_is_for_operators_and_auditors(lone_door: Door) -> None:
    """Both see how many events wait for the stream; others do not."""
    await lone_door.post(event("a"))
    for role, status in (("operator", 200), ("auditor", 200), ("hr", 403), ("emitter", 403)):
        answer = await lone_door.client.get("/intake/outbox", headers=lone_door.headers(role))
        assert answer.status_code == status
        if status == 200:
            assert answer.json()["waiting"] == 1 and answer.json()["oldest_seconds"] >= 0
    assert (await lone_door.client.get("/intake/outbox")).status_code == 401


async def test_openapi_and_health_are_open(lone_door: Door) -> None:
    """Without a token, at the root and under the service; NATS away is said and no reason."""
    for path in ("/healthz", "/intake/healthz", "/intake/openapi.json"):
        assert (await lone_door.client.get(path)).status_code == 200
    for path in ("/readyz", "/intake/readyz"):
        answer = await lone_door.client.get(path)
        assert answer.status_code == 200
        assert answer.json()["checks"]["broker"] != "connected"
    unknown = await lone_door.client.get("/intake/nothing")
    assert (unknown.status_code, unknown.json()["status"]) == (404, 404)
