"""Accepted, duplicate, conflict: one event is stored once, whatever is sent how often."""

import asyncio
import json
import re

import pytest

from contracts.envelope import decode
from tests.support.builders.events import COMPLETED, Door, event, fields

pytestmark = pytest.mark.anyio

OTHER = {**COMPLETED, "hours": 9}


def statuses(receipts: list[dict[str, str]]) -> list[str]:
    """The statuses in order."""
    return [receipt["status"] for receipt in receipts]


async def test_an_accepted_event_is_in_the_outbox_under_its_subject(door: Door) -> None:
    """The receipt is that of the event as it will stand on the stream."""
    answer = await door.post(event("a"))
    assert answer.status_code == 202
    (receipt,) = answer.json()["receipts"]
    assert (receipt["id"], receipt["source"], receipt["status"]) == ("a", "/portal/a", "accepted")
    assert re.fullmatch("[0-9a-f]{32}", receipt["receipt"])
    ((subject, body),) = await door.outbox()
    assert subject == "danchu.events.H44-12.training.completed"
    assert decode(body).receipt.hex() == receipt["receipt"]
    assert list(json.loads(body))[:2] == ["recordedtime", "time"]


async def test_the_same_event_again_gets_the_same_receipt(door: Door) -> None:
    """A duplicate is expected, stored once, and not an error."""
    first = (await door.post(event("a"))).json()["receipts"][0]
    again = await door.post(event("a", time="2025-07-01T01:00:00Z", traceparent="00-1-1-00"))
    assert again.status_code == 202
    assert again.json()["receipts"] == [{**first, "status": "duplicate"}]
    assert len(await door.outbox()) == 1


async def test_other_content_under_the_same_identity_is_a_conflict(door: Door) -> None:
    """The first stays; a single event is answered with 409, in a batch by its status."""
    await door.post(event("a"))
    answer = await door.post(event("a", data=OTHER))
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert fields(answer.json()) == ["id"]
    (receipt,) = await door.receipts([event("a", time="2025-07-01T08:00:01+07:00")])
    assert receipt["status"] == "conflict" and "receipt" not in receipt
    assert len(await door.outbox()) == 1


async def test_one_bad_event_never_harms_its_neighbours(door: Door) -> None:
    """Receipts come in order, and the first of equal identity in a batch wins."""
    batch = [
        event("a"), event("b", data={"person": 7}), event("a"), event("a", data=OTHER),
        event("c", subject="h44"), 17, event("d"),
    ]  # fmt: skip
    found = await door.receipts(batch)
    wanted = ["accepted", "refused", "duplicate", "conflict", "refused", "refused", "accepted"]
    assert statuses(found) == wanted
    assert [receipt["id"] for receipt in found] == ["a", "b", "a", "a", "c", None, "d"]
    assert len(await door.outbox()) == 2
    assert statuses(await door.receipts(batch))[0] == "duplicate"


async def test_a_refused_event_does_not_take_its_identity(door: Door) -> None:
    """After its repair it is accepted under the same id."""
    refused = await door.post(event("a", data={"person": 7}))
    assert refused.status_code == 422
    assert "data.course" in fields(refused.json())
    assert (await door.post(event("a"))).status_code == 202


async def test_order_within_a_batch_is_kept_in_the_outbox(door: Door) -> None:
    """What was sent first is relayed first, whatever the order of identities."""
    ids = [f"{(number * 37) % 50}" for number in range(50)]
    await door.receipts([event(id_) for id_ in ids])
    assert [json.loads(body)["id"] for _, body in await door.outbox()] == ids


async def test_racing_requests_store_each_event_once(door: Door) -> None:
    """Concurrent batches with the same events, in different orders, wait for each other."""
    batch = [event(f"e{number}") for number in range(60)]
    batches = [batch, batch[::-1], batch[30:] + batch[:30], batch]
    found = await asyncio.gather(*(door.receipts(some) for some in batches))
    everything = [receipt for receipts in found for receipt in receipts]
    assert statuses(everything).count("accepted") == 60
    assert statuses(everything).count("duplicate") == 180
    assert len({receipt["receipt"] for receipt in everything}) == 60
    assert len(await door.outbox()) == 60


async def test_racing_contents_have_one_winner(door: Door) -> None:
    """Of several contents under one identity exactly one is accepted."""
    bodies = [event("same", data={**COMPLETED, "hours": hours}) for hours in range(1, 9)]
    answers = await asyncio.gather(*(door.post(body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 7


async def test_an_empty_batch_is_answered_with_no_receipts(door: Door) -> None:
    """Nothing sent is nothing wrong."""
    assert await door.receipts([]) == []


async def test_a_large_batch_is_taken_whole(door: Door) -> None:
    """10,000 events fit one request; one more is 413 and stores nothing."""
    batch = [event(number) for number in range(10_001)]
    assert (await door.post(batch)).status_code == 413
    assert await door.outbox() == []
    assert set(statuses(await door.receipts(batch[:-1]))) == {"accepted"}
    assert len(await door.outbox()) == 10_000
