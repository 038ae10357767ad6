"""A unit touches no other: nothing that A sends is taken for B's, by every type, at both doors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from contracts.catalog import CANONICAL
from services.chassis.auth.credentials import Credential, Issuer, is_open
from services.chassis.errors import SettingWrong
from services.intake.app import build
from services.intake.settings import IntakeSettings
from tests.conftest import NatsServer
from tests.contracts.examples import full
from tests.intake.test_nats_door import Department
from tests.support.builders.events import Door, event, fields, opened

pytestmark = pytest.mark.anyio
A, B = "H44.1", "H44.10"
OF_A: dict[str, Any] = {"units": [A], "sources": [f"urn:danchu:unit:{A}:"]}
OF_B: dict[str, Any] = {"units": [B], "sources": [f"urn:danchu:unit:{B}:"]}
SOURCES = {"*": ["urn:danchu:unit:{unit}:"]}
TYPES = [short for short, kind in CANONICAL.items() if "emitter" in kind.roles]


def of(unit: str, short: str, speaker: str, id_: str) -> dict[str, Any]:
    """A full event of a type about a unit, from the portal of a unit."""
    source = f"urn:danchu:unit:{speaker}:portal"
    made = {**full(CANONICAL[short].name), "id": id_, "subject": unit, "source": source}
    if short == "event.retracted":
        made["data"] = {"source": source, "id": "theirs", "reason": "x"}
    return made


@pytest.mark.parametrize("short", TYPES)
async def test_by_no_type_does_a_unit_speak_for_another_over_http(
    lone_door: Door, short: str
) -> None:
    """A names B's subject, or B's source, or both: refused in the field, and nothing is stored."""
    forged = [of(B, short, A, "1"), of(A, short, B, "2"), of(B, short, B, "3")]
    found = await lone_door.receipts(forged, **OF_A)
    assert [fields(one) for one in found] == [["subject"], ["source"], ["subject", "source"]]
    assert await lone_door.outbox() == []
    (taken,) = await lone_door.receipts([of(B, short, B, "3")], **OF_B)
    assert taken["status"] == "accepted"


@pytest.fixture
async def doors(
    provisioned: NatsServer, home: Path, tmp_path: Path, issuer: Issuer
) -> AsyncIterator[tuple[Door, Department]]:
    """An intake where each unit has the sources of its own, and a client at its NATS doors."""
    url = f"sqlite:///{tmp_path / 'intake.db'}"
    broker = provisioned.broker("emitter")
    async with opened(home, url, issuer, intake_nats_sources=SOURCES) as made:
        yield made, Department(broker)
    await broker.close()


async def test_by_no_type_does_a_unit_speak_for_another_over_nats(
    doors: tuple[Door, Department],
) -> None:
    """At A's door; the same faults, for every type in one batch."""
    door, department = doors
    door_of_a = A.replace(".", "-")
    for forged, wrong in (((B, A), ["subject"]), ((A, B), ["source"]), ((B, B), ["subject"])):
        batch = [of(forged[0], short, forged[1], f"n{i}") for i, short in enumerate(TYPES)]
        found = (await department.send(batch, door_of_a))["receipts"]
        assert all(set(wrong) <= set(fields(one)) for one in found)
    assert await door.outbox() == []
    own = [of(A, short, A, f"n{i}") for i, short in enumerate(TYPES)]
    taken = (await department.send(own, door_of_a))["receipts"]
    assert {one["status"] for one in taken} == {"accepted"}


async def test_a_retraction_of_another_subject_is_refused_where_the_door_knows_it(
    door: Door,
) -> None:
    """In the field `subject`, stored or in the same batch, whatever the credential covers."""
    first = event("1", subject=B)
    named = {"source": first["source"], "id": "1", "reason": "x"}
    foreign = event("2", "event.retracted", subject=A, data=named)
    batch = await door.receipts([first, foreign])
    assert [one["status"] for one in batch] == ["accepted", "refused"]
    assert fields(batch[1]) == ["subject"]
    (again,) = await door.receipts([{**foreign, "id": "3"}])
    assert fields(again) == ["subject"]
    assert "under its own" in again["errors"][0]["message_en"]
    (own,) = await door.receipts([event("4", "event.retracted", subject=B, data=named)])
    assert own["status"] == "accepted"
    unknown = {**named, "id": "not yet"}
    (ahead,) = await door.receipts([event("5", "event.retracted", subject=A, data=unknown)])
    assert ahead["status"] == "accepted"


@pytest.mark.parametrize("sources", [["*"], [""], [" "], ["urn:a:", "*"]])
async def test_a_token_of_some_units_names_its_sources(lone_door: Door, sources: list[str]) -> None:
    """One of an office's own issuer too: 403 in both languages, and nothing is read."""
    answer = await lone_door.post(event("1"), units=["H44.12"], sources=sources)
    assert answer.status_code == 403
    assert "--source" in answer.json()["detail_en"] and "nguồn" in answer.json()["detail_vi"]
    assert (await lone_door.post(event("1"), sources=sources)).status_code in (202, 422)


async def test_the_refusal_of_a_source_names_the_prefixes_that_are_free(lone_door: Door) -> None:
    """So that nobody has to guess what the token allows."""
    (found,) = await lone_door.receipts([of(A, "dialogue.held", B, "1")], **OF_A)
    assert f"urn:danchu:unit:{A}:" in found["errors"][0]["message"]


@pytest.mark.parametrize("prefixes", [["*"], [""], ["urn:a:", "*"]])
def test_the_setting_of_the_nats_door_refuses_any_source_for_a_unit(
    home: Path, prefixes: list[str]
) -> None:
    """At the start, by name; `*` for every unit is what the development emitter has."""
    with pytest.raises(SettingWrong, match=r"H44\.1"):
        build(IntakeSettings(home=home, intake_nats_sources={"H44.1": prefixes}))


def test_a_prefix_with_its_separator_is_that_of_one_unit() -> None:
    """H44.1 is not the beginning of H44.10."""
    credential = Credential("emitter", frozenset((A,)), (f"urn:danchu:unit:{A}:",))
    assert credential.names_sources and not credential.may_use_source(f"urn:danchu:unit:{B}:x")
    assert is_open("*") and not is_open("urn:")
