"""Rebuild, audit, quarantine and the halt of a stream that was lost."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from nats.js.api import DiscardPolicy
from sqlalchemy import text

from contracts import door
from services.chassis import outbox
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import now_us
from services.commands.nats.provisioning import provision
from services.scoring.errors import NotQuarantined, ReplacedAlready, RubricsReplaced
from services.scoring.operations import halt, quarantine, rebuild
from services.scoring.operations.audit import audit
from services.scoring.rubrics.loader import SHIPPED
from services.scoring.settings import ScoringSettings
from services.scoring.store import audit_results
from tests.conftest import NatsServer, eventually
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, published, registered

pytestmark = pytest.mark.anyio


@pytest.fixture
async def road(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer
) -> AsyncIterator[Road]:
    """The road on either database, with one rated unit."""
    async with open_road(home, database_url, issuer) as running:
        sent = [registered("H44.1"), due("H44.1", "a"), published("H44.1", "a"), due("H44.1", "b")]
        receipts = await running.send(sent)
        assert (await running.get("/ratings/2025/H44.1", wait_for=receipts[-1])).status_code == 200
        await folded(running, len(sent))
        yield running


def settings(road: Road) -> ScoringSettings:
    """The settings of the scoring that runs."""
    return road.scoring.settings


async def folded(road: Road, events: int) -> None:
    """Waits until the fold has acknowledged so many events."""

    async def done() -> bool:
        lag = (await road.get("/lag", "operator")).json()
        return bool(lag["folded"] == events and lag["events"] == 0)

    await eventually(done)


async def run(road: Road, statement: str) -> None:
    """Changes the database of scoring behind its back."""
    async with road.scoring.db.write() as conn:
        await conn.execute(text(statement))


async def books(road: Road) -> Any:
    """Tallies and facts, without the numbers of their rows."""
    async with road.scoring.db.read() as conn:
        tallies = (await conn.execute(text("SELECT unit, year, tallies FROM books"))).all()
        facts = (await conn.execute(text("SELECT said FROM facts"))).all()
    return sorted(map(tuple, tallies)), sorted(row[0] for row in facts)


async def rating(road: Road) -> Any:
    """The rating of the unit as it is answered now."""
    return (await road.get("/ratings/2025/H44.1")).json()


async def test_a_rebuild_gives_the_same_bytes_and_the_same_rating(road: Road) -> None:
    """Facts and tallies are what the ledger gives, also after somebody spoiled them."""
    before, rated = await books(road), await rating(road)
    steps: list[tuple[int, int]] = []
    read = await rebuild.rebuild(settings(road), 2025, lambda *step: steps.append(step))
    assert (read, steps) == (3, [(1, 1)])
    assert await books(road) == before
    await run(road, "DELETE FROM facts")
    await run(road, "UPDATE books SET tallies = '{}'")
    await rebuild.rebuild(settings(road), 2025, lambda *step: None)
    assert await books(road) == before
    assert await rating(road) == rated


async def test_the_audit_finds_nothing_where_nothing_differs(road: Road) -> None:
    """Outbox, ledger, facts and tallies prove each other."""
    assert await audit(settings(road), ["intake"]) == []


async def test_an_audit_saves_what_it_found(road: Road) -> None:
    """When it ran, how many differences, the first ones in both languages; the last one counts."""

    async def saved() -> Any:
        async with road.scoring.db.read() as conn:
            return await audit_results.last(conn)

    assert await saved() is None
    await run(road, "UPDATE books SET tallies = '{}'")
    (difference,) = await audit(settings(road), ["intake"])
    result = await saved()
    assert (result.differences, [str(each) for each in result.first]) == (1, [difference])
    assert result.first[0].vi != result.first[0].en and result.started <= result.ended
    await rebuild.rebuild(settings(road), 2025, lambda *step: None)
    assert await audit(settings(road), ["intake"]) == []
    assert ((await saved()).differences, (await saved()).first) == (0, ())


async def test_the_audit_says_how_much_of_all_is_proved(road: Road) -> None:
    """Four messages and one unit: what is done only grows, up to all there is to prove."""
    steps: list[tuple[int, int]] = []
    await audit(settings(road), ["intake"], lambda *step: steps.append(step))
    assert steps[0] == (4, 5) and steps[-1] == (5, 5)
    assert steps == sorted(steps)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE books SET tallies = '{}'", "facts or tallies of H44.1 in 2025"),
        ("DELETE FROM facts", "facts or tallies of H44.1 in 2025"),
        ("UPDATE position SET folded = folded + 1", "the ledger has 4 events"),
        ("DELETE FROM ledger WHERE kind = 'disclosure.published'", "pub-H44.1-a"),
        ("UPDATE ledger SET retracted = true WHERE part = 1", "of the ledger as retracted do"),
        (
            "INSERT INTO retractions (target, subject) SELECT identity, subject FROM ledger "
            "WHERE part = 0",
            "name",
        ),
        ("DELETE FROM books", "facts or tallies of H44.1 in 2025"),
    ],
)
async def test_the_audit_names_what_differs(road: Road, statement: str, name: str) -> None:
    """A tally, a fact, a count or an event that was tampered with is said by name."""
    await run(road, statement)
    assert any(name in line for line in await audit(settings(road), ["intake"]))


async def test_an_event_that_no_outbox_had_is_found(road: Road) -> None:
    """Somebody who writes into the ledger itself is noticed."""
    async with road.intake.db.write() as conn:
        await conn.execute(text("DELETE FROM outbox WHERE subject LIKE '%published'"))
    (found,) = await audit(settings(road), ["intake"])
    assert "the ledger has the event with id pub-H44.1-a" in found and "no outbox" in found


async def test_what_breaks_the_contract_on_the_stream_harms_nobody_and_can_be_replayed(
    road: Road, provisioned: NatsServer
) -> None:
    """It is quarantined once with its bytes and reason, announced, listed, and settled."""
    relay = provisioned.broker("intake")
    for raw in (b"{", b"{", b'{"type":"vn.danchu.nothing.known.v1"}', b"\xff\xfe"):
        await relay.request("danchu.events.H44-1.x.y", raw)
    await road.send([published("H44.1", "b")])
    await folded(road, 5)
    await relay.close()
    items = (await road.get("/quarantine", "auditor")).json()["items"]
    assert sorted(item["reason"] for item in items) == ["syntax", "syntax", "unknown-type"]
    for item in items:
        assert item["detail"] == f"{item['detail_vi']} / {item['detail_en']}"
    details = {item["detail_en"] for item in items}
    assert "The body is not UTF-8 at byte 0." in details
    broker = provisioned.broker("provision")

    async def announced() -> bool:
        await broker.ensure()
        return bool((await broker.stream_info("QUARANTINE")).state.messages == 3)

    await eventually(announced)
    await broker.close()
    first = next(item["id"] for item in items if item["reason"] == "unknown-type")
    entry = await quarantine.entry(settings(road), first)
    assert b"nothing.known" in bytes(entry["raw"])
    assert not await quarantine.replay(settings(road), first)
    await quarantine.drop(settings(road), first)
    left = (await road.get("/quarantine", "auditor", state="waiting")).json()["items"]
    assert len(left) == 2
    assert (await road.get("/lag", "operator")).json()["quarantined"] == 2
    assert await audit(settings(road), ["intake"]) == []


async def test_an_entry_that_an_event_replaced_keeps_its_link(
    road: Road, provisioned: NatsServer
) -> None:
    """Dropped, or replaced by a second event, it would no more say what stands for it."""
    relay = provisioned.broker("intake")
    await relay.request("danchu.events.H44-1.x.y", b"{")
    await road.send([published("H44.1", "b")])
    await folded(road, 5)
    await relay.close()
    (id_,) = [item["id"] for item in (await road.get("/quarantine", "auditor")).json()["items"]]
    work, sent = quarantine.QuarantineWork(road.scoring.db), list[bytes]()

    async def send(raw: bytes) -> str:
        sent.append(raw)
        return "ab" * 16

    assert await quarantine.repair(settings(road), id_, b"{}", send) == "ab" * 16
    await work.settle(id_, "replayed", bytes.fromhex("ab" * 16))
    with pytest.raises(ReplacedAlready, match="ab" * 16):
        await work.settle(id_, "replayed", bytes.fromhex("cd" * 16))
    with pytest.raises(ReplacedAlready, match="ab" * 16):
        await quarantine.drop(settings(road), id_)
    with pytest.raises(ReplacedAlready):
        await quarantine.repair(settings(road), id_, b"{}", send)
    assert sent == [b"{}"]
    (entry,) = (await road.get("/quarantine", "auditor")).json()["items"]
    assert (entry["state"], entry["replaced_by"]) == ("replayed", "ab" * 16)


async def test_a_lost_stream_halts_the_fold_and_resending_heals_it(
    road: Road, provisioned: NatsServer
) -> None:
    """The stream is deleted: no figure moves, the halt is said, and nothing is lost after it."""
    before = await rating(road)
    broker = provisioned.broker("provision")
    await broker.ensure()
    manager = broker.manager()
    config = (await manager.stream_info("EVENTS")).config
    assert config.discard == DiscardPolicy.OLD
    await manager.delete_stream("EVENTS")

    async def halted() -> bool:
        ready = await road.client.get("/scoring/readyz")
        return "is gone" in ready.text or "made anew" in ready.text

    await eventually(halted)
    await road.send([published("H44.1", "b")])
    await provision(broker, anew=True)
    await broker.close()
    async with road.intake.db.write() as conn:
        await outbox.resend(conn, 0)  # the relay may have found the new stream, and done it already
    await halt.lift_halt(settings(road))
    await folded(road, 5)
    after = await rating(road)
    assert after["total"] != before["total"]
    assert await audit(settings(road), ["intake"]) == []


async def test_a_wrong_id_of_the_quarantine_is_said(road: Road) -> None:
    """No entry, or no id at all."""
    for faulty in ("00" * 16, "zz", ""):
        with pytest.raises(NotQuarantined):
            await quarantine.entry(settings(road), faulty)


async def test_another_content_under_a_known_identity_is_a_conflict(
    road: Road, provisioned: NatsServer
) -> None:
    """The first stays; the second waits in quarantine, and waiting for it is answered."""
    changed = {**published("H44.1", "a"), "data": {"item": "a", "channel": "board"}}
    _, (emitted,) = door.read(json.dumps(changed).encode(), door.SINGLE, now_us())
    assert isinstance(emitted, door.Emitted)
    before, relay = await rating(road), provisioned.broker("intake")
    await relay.request("danchu.events.H44-1.x.y", emitted.body(now_us()))
    await relay.close()
    answer = await road.get("/ratings/2025/H44.1", wait_for=emitted.receipt.hex())
    assert answer.json() == before
    (item,) = (await road.get("/quarantine", "auditor")).json()["items"]
    assert (item["reason"], item["receipt"]) == ("conflict", emitted.receipt.hex())
    assert item["detail_vi"] == "trước đó đã nhận nội dung khác với cùng source và id này"
    await run(road, "UPDATE quarantine SET detail = 'another content was accepted before'")
    (item,) = (await road.get("/quarantine", "auditor")).json()["items"]
    assert item["detail"] == "another content was accepted before" and "detail_en" not in item


async def test_operators_commands_with_other_rubrics_are_refused(
    road: Road, tmp_path: Path
) -> None:
    """Nothing is judged or folded anew by rubrics that are not those of the running fold."""
    yaml = next(SHIPPED.glob("*agency.yaml")).read_text()
    (tmp_path / "other.yaml").write_text(yaml)
    other = settings(road).model_copy(update={"scoring_rubrics": tmp_path})
    with pytest.raises(RubricsReplaced):
        await rebuild.rebuild(other, 2025, lambda done, units: None)
    with pytest.raises(RubricsReplaced):
        await audit(other, ("intake",))
    assert await audit(settings(road), ("intake",)) == []


def test_rubrics_of_a_stack_are_those_of_the_commands_on_its_home(tmp_path: Path) -> None:
    """What `up --rubrics` folds with is kept in the home until a start without it."""
    home, folder = tmp_path / "home", tmp_path / "rubrics"
    assert ScoringSettings(home=home).rubrics_folder == SHIPPED
    ScoringSettings(home=home, scoring_rubrics=folder).keep_rubrics()
    assert ScoringSettings(home=home).rubrics_folder == folder
    ScoringSettings(home=home).keep_rubrics()
    assert ScoringSettings(home=home).rubrics_folder == SHIPPED
