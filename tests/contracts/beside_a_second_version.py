"""What holds once a type has a second version; `test_versions.py` runs this file.

It runs in a process of its own, with `-p tests.contracts.second_version`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from ruamel.yaml import YAML

from contracts import asyncapi, door, envelope, generate, moments
from contracts.catalog import BY_TYPE, CANONICAL
from contracts.data import Evidence
from contracts.training import TrainingCompletedV1
from services.chassis.auth.credentials import Issuer
from services.commands.emit import role_of
from services.intake.answers import event_schema
from services.scoring.rubrics.loader import SHIPPED
from tests.conftest import NatsServer
from tests.contracts.test_versions import HERE, RECEIPT, completed
from tests.scoring.road import Road, open_road
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
NOW = moments.instant("2026-06-01T00:00:00Z")
SECOND = "vn.danchu.training.completed.v2"
LESSONS = {"person": "p-1", "course": "c-1", "theme": "grassroots_democracy", "lessons": 16}


def read(sent: dict[str, Any]) -> door.Emitted | door.Refusal:
    """The event as the door reads it."""
    return door.read(json.dumps(sent).encode(), door.SINGLE, NOW)[1][0]


def faults(sent: dict[str, Any]) -> set[str]:
    """The fields for which the door refuses the event."""
    refusal = read(sent)
    assert isinstance(refusal, door.Refusal), refusal
    return {fault.field for fault in refusal.faults}


def second(id_: str, **changes: Any) -> dict[str, Any]:
    """An event of the second version."""
    return {**event(id_, data=LESSONS), "type": SECOND, **changes}


def test_the_door_accepts_each_version_by_its_own_fields() -> None:
    """The fields of one version are unknown to the other, and each fault names its field."""
    assert isinstance(read(completed()), door.Emitted)
    assert isinstance(read(second("a")), door.Emitted)
    hours = completed()["data"]
    assert faults(second("a", data=hours)) == {
        "data.theme", "data.lessons", "data.topic", "data.hours",
    }  # fmt: skip
    assert faults(completed(data=LESSONS)) == {
        "data.theme", "data.lessons", "data.topic", "data.hours",
    }  # fmt: skip
    assert faults(second("a", data={**LESSONS, "lessons": "16"})) == {"data.lessons"}


def test_an_event_is_read_in_the_canonical_version_and_recorded_as_sent() -> None:
    """At the door and from the stream: hours for the fold, lessons on the stream."""
    emitted = read(second("a"))
    assert isinstance(emitted, door.Emitted)
    recorded = envelope.decode(emitted.body(NOW))
    for side in (emitted, recorded):
        assert side.kind.type == SECOND
        assert isinstance(side.event.data, TrainingCompletedV1)
        assert (side.event.data.topic, side.event.data.hours) == ("democracy", "12.00")
    assert recorded.receipt == emitted.receipt
    sent = json.loads(recorded.raw)
    assert (sent["type"], sent["data"]) == (SECOND, LESSONS)


def test_a_conversion_keeps_year_and_evidence() -> None:
    """No conversion has to copy what the data of every event may carry."""
    documents = [{"document": "12/BC-UBND"}]
    emitted = read(second("a", data={**LESSONS, "year": 2025, "evidence": documents}))
    assert isinstance(emitted, door.Emitted)
    assert emitted.event.data.year == 2025
    assert emitted.event.data.evidence == [Evidence(document="12/BC-UBND")]


def test_the_receipt_of_the_first_version_stays_the_same() -> None:
    """It is the digest of what was sent, whatever versions there are."""
    emitted = read(completed())
    assert isinstance(emitted, door.Emitted) and emitted.receipt.hex() == RECEIPT
    other = read(second("a", id=completed()["id"], source=completed()["source"]))
    assert isinstance(other, door.Emitted) and other.receipt != emitted.receipt


def test_a_type_that_is_misspelled_is_answered_with_its_own_version() -> None:
    """The nearest type of the version that was meant, else the canonical one."""
    for written, nearest in (("complete.v2", SECOND), ("complete.v1", f"{SECOND[:-1]}1")):
        refusal = read(second("a", type=f"vn.danchu.training.{written}"))
        assert isinstance(refusal, door.Refusal)
        assert refusal.faults[0].message.en.endswith(nearest)


def test_both_versions_are_published() -> None:
    """A schema each, a message each in AsyncAPI, both in the OpenAPI of the door."""
    schemas = generate.texts()
    Draft202012Validator(json.loads(schemas["training.completed.v2.json"])).validate(second("a"))
    committed = (generate.SCHEMAS / "training.completed.v1.json").read_text(encoding="utf-8")
    assert schemas["training.completed.v1.json"] == committed
    document = YAML(typ="safe", pure=True).load(asyncapi.text())
    official = json.loads((HERE / "asyncapi-3.0.0.schema.json").read_text(encoding="utf-8"))
    Draft7Validator(official).validate(document)
    messages = document["components"]["messages"]
    assert messages["training.completed.v2"]["payload"] == {
        "$ref": "./schemas/training.completed.v2.json"
    }
    assert messages["training.completed"]["name"] == CANONICAL["training.completed"].type
    for channel in ("emit", "events"):
        assert {"training.completed", "training.completed.v2"} <= set(
            document["channels"][channel]["messages"]
        )
    assert {SECOND, f"{SECOND[:-1]}1"} <= set(event_schema()["properties"]["type"]["enum"])


def test_the_command_line_sends_it_with_the_role_of_its_type() -> None:
    """`danchu emit` looks its development token up in the catalog."""
    assert role_of(SECOND) == role_of(BY_TYPE[f"{SECOND[:-1]}1"].type) == "emitter"


@pytest.fixture
async def road(
    home: Path, tmp_path: Path, issuer: Issuer, provisioned: NatsServer
) -> AsyncIterator[Road]:
    """The whole road; the city is rated by its people's hours of training."""
    yaml = YAML(typ="safe", pure=True)
    rubric = yaml.load(SHIPPED / "viet-tri-2025-commune.yaml")
    (satisfaction,) = [i for i in rubric["indicators"] if i["id"] == "satisfaction"]
    rule = {"set": "training.completed", "where": {"topic": "democracy"}, "value": "hours"}
    satisfaction |= {"low": 0, "high": 24, "minimum": 1, "done": [rule]}
    folder = tmp_path / "rubrics"
    folder.mkdir()
    yaml.dump(rubric, folder / "rubric.yaml")
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_road(home, url, issuer, scoring_rubrics=folder) as opened:
        yield opened


async def test_both_versions_are_folded_to_one_rating_and_listed_as_sent(road: Road) -> None:
    """Four hours and sixteen lessons (twelve hours) are a mean of eight, of 24 and of 3 points."""
    hours = {"person": "p-2", "course": "c-1", "topic": "democracy", "hours": 4}
    twelve = {"person": "p-1", "course": "c-1", "topic": "democracy", "hours": "12"}
    other = {**LESSONS, "theme": "other"}
    sent = [
        event("r1", "unit.registered", subject="H44.1", data={"name": "A", "kind": "commune"}),
        event("r2", "unit.registered", subject="H44.2", data={"name": "B", "kind": "commune"}),
        event("a", subject="H44.1", data=hours),
        second("b", subject="H44.1"),
        second("c", subject="H44.1", data=other),
        event("d", subject="H44.2", data=hours),
        event("e", subject="H44.2", data=twelve),
    ]
    receipts = await road.send(copy.deepcopy(sent))
    waiting = {"wait_for": ",".join(receipts)}
    mixed = (await road.get("/ratings/2025/H44.1", **waiting)).json()
    first = (await road.get("/ratings/2025/H44.2", **waiting)).json()
    assert mixed["scores"]["satisfaction"] == "1.00"
    assert mixed["scores"] == first["scores"] and mixed["total"] == first["total"]
    listed = (await road.get("/ratings/2025/H44.1/events")).json()["items"]
    by_id = {item["id"]: (item["type"], item["data"], item["counted"]) for item in listed}
    assert by_id["a"] == (f"{SECOND[:-1]}1", hours, True)
    assert by_id["b"] == (SECOND, LESSONS, True)
    assert by_id["c"][:2] == (SECOND, other)
    sheet = await road.get("/ratings/2025/H44.1/sheet")
    assert sheet.status_code == 200, sheet.text


async def test_the_same_identity_in_another_version_is_a_conflict(road: Road) -> None:
    """What was accepted in one version is not sent again in another."""
    await road.send([event("a", subject="H44.1")])
    answer = await road.client.post(
        "/intake/events", content=json.dumps(second("a", subject="H44.1")),
        headers={**road.headers("emitter"), "content-type": door.SINGLE},
    )  # fmt: skip
    assert answer.status_code == 409, answer.text
