"""Messages of the quarantine are repaired, replayed and dropped by pages, through the real door."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts import moments
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import now_us
from services.scoring.operations.audit import audit
from tests.conftest import NatsServer, eventually
from tests.scoring.test_road import due, published
from tests.scoring.web.persons import UNIT, Persons, open_persons

pytestmark = pytest.mark.anyio
SUBJECT = "danchu.events.H44-1.disclosure.published"
HOSTILE = "</textarea><script>alert(1)</script>"


@pytest.fixture
async def persons(
    home: Path, tmp_path: Path, issuer: Issuer, provisioned: NatsServer
) -> AsyncIterator[Persons]:
    """Persons of a city in which a message breaks the contract: it lacks its channel."""
    async with open_persons(home, tmp_path, issuer, outside=False) as made:
        (receipt,) = await made.road.send([due(UNIT, "b")])
        await made.road.get(f"/ratings/2025/{UNIT}", wait_for=receipt)
        await publish(provisioned, broken("b"))
        yield made


def broken(item: str, **data: Any) -> dict[str, Any]:
    """An item that was made public nobody knows where."""
    return {**published(UNIT, item), "data": {"item": item, **data}}


async def publish(server: NatsServer, event: dict[str, Any]) -> None:
    """Puts an event onto the stream past the door, as only a defect can."""
    relay = server.broker("intake")
    await relay.ensure()
    body = {"recordedtime": moments.rfc3339(now_us()), **event}
    await relay.request(SUBJECT, json.dumps(body).encode())
    await relay.close()


async def listed(persons: Persons, number: int = 1, state: str = "waiting") -> list[str]:
    """The addresses of the entries of a state, once there are so many."""
    found: list[str] = []

    async def arrived() -> bool:
        page = await persons.get("auditor", f"/quarantine?state={state}")
        found[:] = re.findall(r'href="(/quarantine/[0-9a-f]{32})"', page.text)
        return len(found) == number

    await eventually(arrived)
    return found


def text_in(page: httpx.Response) -> str:
    """What stands in the text area of a page."""
    (text,) = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page.text, re.S)
    return html.unescape(text)


async def total(persons: Persons) -> str:
    """The total of the unit."""
    answer = await persons.road.get(f"/ratings/2025/{UNIT}")
    return str(answer.json()["total"])


async def test_a_message_is_repaired_through_the_door_and_counts(persons: Persons) -> None:
    """Faults at their fields, nothing typed is lost, the original is linked, the audit agrees."""
    (entry,) = await listed(persons)
    before = await total(persons)
    form = await persons.get("operator", f"{entry}/repair")
    event = json.loads(text_in(form))
    assert event["data"] == {"item": "b"} and "recordedtime" not in event
    event["data"]["channel"] = HOSTILE
    refused = await persons.send("operator", form, event=json.dumps(event))
    assert refused.status_code == 422 and "<code>data.channel</code>" in refused.text
    assert json.loads(text_in(refused)) == event and HOSTILE not in refused.text
    event["data"]["channel"] = "portal"
    confirmation = await persons.send("operator", refused, event=json.dumps(event))
    assert "<code>data.channel</code>" in confirmation.text and "portal" in confirmation.text
    done = await persons.send("operator", confirmation)
    assert done.status_code == 303, done.text
    shown = await persons.get("operator", done.headers["location"])
    assert "Được tính" in shown.text and f"/years/2025/units/{UNIT}/events" in shown.text
    assert await total(persons) != before
    again = await persons.send("operator", confirmation)
    assert again.status_code == 409
    assert await listed(persons, 1, "replayed") == [entry] and await listed(persons, 0) == []
    assert await audit(persons.road.scoring.settings, ["intake"]) == []


async def test_a_message_is_dropped_with_a_reason_and_can_still_be_repaired(
    persons: Persons,
) -> None:
    """The reason and the person stand beside it; without a reason nothing is dropped."""
    (entry,) = await listed(persons)
    form = await persons.get("operator", f"{entry}/drop")
    refused = await persons.send("operator", form, reason=" ")
    assert refused.status_code == 422 and 'id="fault-reason"' in refused.text
    confirmation = await persons.send("operator", refused, reason="Gửi <i>thử</i>")
    done = await persons.send("operator", confirmation)
    assert done.headers["location"] == f"{entry}?notice=quarantine-dropped"
    page = await persons.get("auditor", entry)
    assert "Gửi &lt;i&gt;thử&lt;/i&gt;" in page.text and "<dd>operator</dd>" in page.text
    assert await listed(persons, 1, "dropped") == [entry]
    lines = (await persons.road.get("/reads", "auditor")).json()["items"]
    assert [line["what"] for line in lines if line["what"].startswith("quarantine")] == [
        "quarantine-drop"
    ]
    assert (await persons.get("operator", f"{entry}/repair")).status_code == 200


async def test_a_replay_that_is_still_refused_changes_nothing_and_says_so(
    persons: Persons,
) -> None:
    """It says what it would do first; the entry waits on."""
    (entry,) = await listed(persons)
    confirmation = await persons.get("operator", f"{entry}/replay")
    assert confirmation.text.count("<li>") >= 3
    refused = await persons.send("operator", confirmation)
    assert refused.status_code == 409 and 'role="alert"' in refused.text
    assert await listed(persons) == [entry]


async def test_an_id_that_is_used_has_to_be_changed(persons: Persons) -> None:
    """The door knows the event of that id with other content; the entry waits on."""
    (entry,) = await listed(persons)
    form = await persons.get("operator", f"{entry}/repair")
    taken = {**published(UNIT, "a"), "data": {"item": "b", "channel": "portal"}}
    confirmation = await persons.send("operator", form, event=json.dumps(taken))
    refused = await persons.send("operator", confirmation)
    assert refused.status_code == 422 and "<code>id</code>" in refused.text
    assert await listed(persons) == [entry]


async def test_the_list_is_narrowed_by_reason_and_paged(
    persons: Persons, provisioned: NatsServer
) -> None:
    """Counts by reason; each entry is on one page of it, whatever comes meanwhile."""
    for number in range(52):
        await publish(provisioned, broken(f"x{number}", channel=7))
    await publish(provisioned, {**broken("y"), "type": "vn.danchu.nothing.known.v1"})
    seen: list[str] = []
    address = "/quarantine?reason=contract"

    async def arrived() -> bool:
        page = await persons.get("auditor", address)
        return "Sai quy cách (53)" in page.text and "Loại sự kiện lạ (1)" in page.text

    await eventually(arrived)
    while address:
        page = await persons.get("auditor", address)
        seen += re.findall(r'href="/quarantine/([0-9a-f]{32})"', page.text)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = html.unescape(following[1]) if following else ""
    assert len(seen) == len(set(seen)) == 53


async def test_of_two_who_drop_a_message_the_second_is_told_of_the_first(persons: Persons) -> None:
    """By whom, why and that nothing was done; the reason of the first one stays."""
    (entry,) = await listed(persons)
    first = await confirmed_drop(persons, "operator", entry, "Gửi thử")
    second = await confirmed_drop(persons, "operator-2", entry, "Trùng lặp")
    replay = await persons.get("operator-2", f"{entry}/replay")
    assert (await persons.send("operator", first)).status_code == 303
    for late in (
        await persons.send("operator-2", second),
        await persons.send("operator-2", replay),
        await persons.get("operator-2", f"{entry}/drop"),
    ):
        assert late.status_code == 409 and "<form" not in late.text.partition("<main")[2]
        assert "<dd>operator</dd>" in late.text and "Gửi thử" in late.text
    page = await persons.get("auditor", entry)
    assert "Gửi thử" in page.text and "Trùng lặp" not in page.text


async def test_of_two_who_repair_a_message_one_sends_an_event(persons: Persons) -> None:
    """The other is told who has repaired it, and what was typed can be copied."""
    (entry,) = await listed(persons)
    pages = {}
    for person, channel in (("operator", "portal"), ("operator-2", "board")):
        form = await persons.get(person, f"{entry}/repair")
        event = json.loads(text_in(form))
        event["data"]["channel"] = channel
        event["id"] = f"mended-by-{person}"
        pages[person] = await persons.send(person, form, event=json.dumps(event))
    done = await persons.send("operator", pages["operator"])
    assert done.status_code == 303
    late = await persons.send("operator-2", pages["operator-2"])
    assert late.status_code == 409 and "<dd>operator</dd>" in late.text
    assert "mended-by-operator-2" in late.text
    events = await persons.get("operator", f"/years/2025/units/{UNIT}/events")
    assert "mended-by-operator-2" not in events.text
    opened = await persons.get("operator-2", f"{entry}/repair")
    assert opened.status_code == 409 and "<dd>operator</dd>" in opened.text


async def confirmed_drop(
    persons: Persons, person: str, entry: str, reason: str
) -> httpx.Response:  # fmt: skip
    """The page that says what dropping does."""
    return await persons.send(person, await persons.get(person, f"{entry}/drop"), reason=reason)
