"""What a message says must be what its subject says: one service's password speaks for no other."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from contracts import envelope
from contracts.catalog import CANONICAL
from contracts.envelope import RECORDS_SOURCE, stream_subject
from services.chassis.auth.credentials import Issuer
from services.chassis.errors import BrokerAway
from services.commands.nats.grants import GRANTS, RECORDS
from services.records.announcing import announce, source_of
from services.records.state_machine import Fact
from services.scoring.handlers.authorship import misfit
from tests.conftest import NatsServer, eventually
from tests.contracts.examples import full
from tests.scoring.fold.extremes import recorded
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, published, registered
from tests.support.builders.cities import NOW, accepted
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
OURS = f"{RECORDS_SOURCE}training"


def said(short: str, source: str = "urn:portal") -> envelope.Recorded:
    """The full example of a type, from another source."""
    event = recorded(full(CANONICAL[short].name) | {"source": source}, older=True)
    assert event is not None
    return event


@pytest.mark.parametrize("short", CANONICAL)
def test_each_type_fits_its_subject_and_its_sources_alone(short: str) -> None:
    """As departments say it, as a system of record does, and under another unit or type."""
    kind = CANONICAL[short]
    producers = {kind.producer, *(RECORDS if short == "event.retracted" else ())}
    for author in ("", *RECORDS, "scoring", "intake", "else"):
        source = f"{RECORDS_SOURCE}{author}" if author else "urn:portal"
        one = said(short, source)
        subject = stream_subject(one.event.subject, short)
        fits = author in producers - {"intake"} if author else kind.producer != "scoring"
        fits = fits and kind.stream == "EVENTS"
        assert (misfit(one, subject) is None) == fits, (short, source)
        assert misfit(one, subject + "x") is not None
        assert misfit(one, stream_subject("H99", short)) is not None
        assert misfit(one, stream_subject(one.event.subject, "dialogue.had")) is not None
        retracts = short == "event.retracted" and author in RECORDS
        own = stream_subject(one.event.subject, short, "training")
        assert (misfit(one, own) is None) == (retracts and author == "training")


def test_grants_name_the_types_of_each_service() -> None:
    """A new type of a system of record may be published by it, and by no other one."""
    for short, kind in CANONICAL.items():
        for name in RECORDS:
            granted = f"danchu.events.*.{short}" in GRANTS[name].publish
            assert granted == (kind.producer == name)


@pytest.fixture
async def road(
    home: Path, tmp_path: Path, issuer: Issuer, provisioned: NatsServer
) -> AsyncIterator[Road]:
    """A unit with a rating that somebody wants to change."""
    async with open_road(home, f"sqlite:///{tmp_path / 'x.db'}", issuer) as made:
        receipts = await made.send(
            [registered("H44.1"), due("H44.1", "a"), published("H44.1", "a")]
        )
        await made.get("/ratings/2025/H44.1", wait_for=",".join(receipts))
        yield made


def body(sent: dict[str, Any]) -> bytes:
    """The event as an attacker puts it on the stream."""
    return envelope.body(sent, NOW, envelope.content_of(sent))


ADJUSTED = event(
    "x1", "adjustment.decided", source=OURS, subject="H44.1",
    data={"decision": "1", "points": "5.00", "reason": "x"},
)  # fmt: skip
RENAMED = event(
    "x2", "unit.renamed", source=OURS, subject="H44.1",
    data={"name": "Khác", "effective": "2025-01-01"},
)  # fmt: skip
NEW = event(
    "x3", "unit.registered", source="urn:registrar", subject="H44.9",
    data={"name": "Mới", "kind": "commune"},
)  # fmt: skip
TAKEN_BACK = event(
    "x4", "event.retracted", source=published("H44.1", "a")["source"], subject="H44.1",
    data={"source": published("H44.1", "a")["source"], "id": "pub-H44.1-a", "reason": "x"},
)  # fmt: skip
OPENED = event(
    "x5", "year.opened", source=f"{RECORDS_SOURCE}scoring", subject="CITY",
    data={"decision": "1"},
)  # fmt: skip
ATTACKS = [
    (ADJUSTED, "danchu.events.H44-1.training.completed"),
    (ADJUSTED, "danchu.events.H44-1.adjustment.decided"),
    (RENAMED, "danchu.events.H44-1.roster.assigned"),
    (NEW, "danchu.events.H44-9.course.planned"),
    (TAKEN_BACK, "danchu.events.H44-1.event.retracted"),
    (TAKEN_BACK, "danchu.events.H44-1.event.retracted.training"),
    (TAKEN_BACK, "danchu.events.H44-1.training.completed"),
    (OPENED, "danchu.events.H44-1.training.completed"),
]  # fmt: skip


async def test_the_password_of_training_moves_no_rating_but_by_trainings(
    road: Road, provisioned: NatsServer
) -> None:
    """Each attempt is denied by NATS, or is in quarantine with the reason authorship."""
    before = (await road.get("/ratings/2025/H44.1")).json()
    broker, bodies = provisioned.broker("training"), []
    for sent, subject in ATTACKS:
        with contextlib.suppress(BrokerAway):
            await broker.request(subject, body(sent))
            bodies.append(body(sent))
    await broker.close()
    assert len(bodies) == 6, "two of them NATS denies"
    bodies = list(dict.fromkeys(bodies))

    async def judged() -> Any:
        entries = (await road.get("/quarantine", "operator")).json()["items"]
        lag = (await road.get("/lag", "operator")).json()
        return entries if len(entries) == len(bodies) and lag["events"] == 0 else None

    entries = await eventually(judged)
    assert {entry["reason"] for entry in entries} == {"authorship"}
    assert (await road.get("/ratings/2025/H44.1")).json() == before
    assert (await road.get("/ratings/2025/H44.9")).status_code == 404


async def test_an_id_that_training_took_makes_no_event_of_a_unit_vanish(
    road: Road, provisioned: NatsServer
) -> None:
    """The true event is published under another id, and counts."""
    later = [due("H44.1", "b"), published("H44.1", "b")]
    broker = provisioned.broker("training")
    for one in accepted(later):
        headers = {"Nats-Msg-Id": one.receipt.hex()}
        await broker.request("danchu.events.H44-1.training.completed", b"{}", headers)
    await broker.close()
    receipts = await road.send(later)
    rated = await road.get("/ratings/2025/H44.1", wait_for=",".join(receipts))
    assert rated.status_code == 200, rated.text
    sheet = (await road.get("/ratings/2025/H44.1/sheet")).json()
    assert max(line["state"].get("on_time", 0) for line in sheet["indicators"]) == 2


def test_the_retraction_of_a_system_of_record_names_it_in_its_subject() -> None:
    """What a service publishes itself is what its own subject and source say."""
    retracted = {"source": source_of("awards"), "id": "1", "reason": "x"}
    _, (draft,) = announce(
        [Fact("event.retracted", "H44.1", NOW, retracted)], source_of("awards"), NOW
    )
    assert draft.subject == "danchu.events.H44-1.event.retracted.awards"
    assert misfit(envelope.decode(draft.body(NOW)), draft.subject) is None
