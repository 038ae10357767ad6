"""Both halves of a seal, on both databases: who may sign what, and what comes of it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from contracts.envelope import decode, identity
from services.chassis.errors import DatabaseAway
from services.scoring.sealing.commands import StageCommands, StageOrder, StageRefused
from services.scoring.sealing.fence import MarksBehind
from services.scoring.sealing.files import SealDiffers
from services.scoring.sealing.seals import SamePerson
from services.scoring.sealing.service import SealService
from services.scoring.sealing.sets import RootsDiffer
from services.scoring.sealing.signatures import SignatureRefused
from services.scoring.store import seals, stages
from services.scoring.year import notes, seal
from services.scoring.year.merkle import Tree
from services.scoring.year.verify.discrepancies import Discrepancy
from services.scoring.year.verify.files import check
from tests.scoring.sealing.town import (
    AUDITOR,
    FEBRUARY,
    OPERATOR,
    ORDER,
    SECOND,
    YEAR,
    Town,
    keyring_of,
    open_town,
    publish,
    recorded,
    registration,
    service_of,
    town,
    training,
)
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio


async def sealed_town(place: Town, order: StageOrder = ORDER) -> tuple[SealService, str]:
    """Publishes and seals a town; its seals, and the note."""
    await publish(place, f"1/{order.decision}")
    service = service_of(place)
    await place.mark(place.clock.now)
    await service.drafts.draw_up(YEAR, order)
    return service, await service.seals.seal(YEAR, None, "auditor")


def signature(note: str, key: Any) -> str:
    """The line of a key over a note."""
    return notes.sign(notes.parse(note).text, key).line


def check_step(*_: Any) -> None:
    """Takes the progress of a check."""


async def test_two_versions_are_sealed_and_verified_from_outside(
    tmp_path: Path, database_url: str
) -> None:
    """Late events wait for the second version; the first one keeps its bytes for ever."""
    events = town(FEBRUARY - SECOND)
    async with open_town(database_url, tmp_path, events, FEBRUARY) as place:
        service, note = await sealed_town(place)
        first = await service.files.bundle(YEAR)
        keys = [OPERATOR.verifier.encode(), AUDITOR.verifier.encode()]
        check(first, keys, check_step)
        proof = await service.files.proof(YEAR, "H44.2")
        check(msgspec.json.encode(proof), keys, check_step)
        assert [json.loads(each["line"])["entry"] for each in proof["entries"]] == [
            *["event"] * 5, "rating", "year",
        ]  # fmt: skip
        late = training("H44.1", 9, place.clock.now + SECOND)
        place.clock.now += 2 * SECOND
        await place.fold.fold([late])
        commands = StageCommands(place.db, place.rubrics, place.clock)
        await commands.reopen(YEAR, StageOrder("3/QĐ", "2026-03-01", "Khiếu nại", "council"))
        again = StageOrder("4/QĐ", "2026-03-20", "Chốt lại", "operator")
        service, second_note = await sealed_town(place, again)
        assert await service.files.bundle(YEAR, 1) == first
        second = await service.files.bundle(YEAR)
        check(second, keys, check_step)
        lines = [_entries(each) for each in (first, second)]
        assert lines[1][: len(events)] == lines[0][: len(events)]
        assert json.loads(lines[1][len(events)])["event"]["id"] == late.event.id
        year = json.loads(lines[1][-1])
        assert (year["version"], year["reopened"]["decision"]) == (2, "3/QĐ")
        assert year["previous"] == note.split("\n")[2] != second_note.split("\n")[2]


def _entries(bundle: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return archive.read("entries.ndjson").splitlines()


async def test_a_seal_is_announced_with_all_that_restores_it(
    tmp_path: Path, database_url: str
) -> None:
    """Cut, note, rubrics and both names in the event; and the seal stands in the year's state."""
    async with open_town(database_url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        _, note = await sealed_town(place)
        async with place.db.read() as conn:
            rows = await conn.execute(text("SELECT subject, body FROM outbox ORDER BY seq"))
            bodies = {row[0]: bytes(row[1]) for row in rows}
            state = await stages.load(conn, YEAR)
            (row,) = await seals.seals(conn, YEAR)
            assert await seals.draft(conn, YEAR) is None
        event = decode(bodies["danchu.events.CITY.year.sealed"])
        data = event.event.data
        assert (data.note, data.by, data.by_auditor) == (note, "operator", "auditor")
        assert {rubric.id: rubric.text for rubric in data.rubrics} == {
            rubric.id: rubric.text for rubric in place.rubrics.of_year(YEAR)
        }
        assert state.seal is not None and state.seal.cut == row.cut <= event.recorded
        assert row.keys == (OPERATOR.verifier.encode(), AUDITOR.verifier.encode())


async def test_of_many_calls_at_once_one_wins(tmp_path: Path, database_url: str) -> None:
    """The others are told what is so; the same call by the same caller gets the first answer."""
    async with open_town(database_url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await publish(place)
        await place.mark(place.clock.now)
        services = [service_of(place) for _ in range(4)]
        orders = [ORDER, ORDER, *(ORDER._replace(decision=f"{n}/QĐ") for n in range(10, 16))]
        answers = await asyncio.gather(
            *(services[n % 4].drafts.draw_up(YEAR, order) for n, order in enumerate(orders)),
            return_exceptions=True,
        )
        drafts = {each for each in answers if not isinstance(each, BaseException)}
        assert len(drafts) == 1
        assert all(isinstance(each, StageRefused) for each in answers if each not in drafts)
        sealed = await asyncio.gather(
            *(each.seals.seal(YEAR, None, name) for each in services for name in ("a", "b")),
            return_exceptions=True,
        )
        assert len({each for each in sealed if isinstance(each, str)}) == 1
        assert {type(each) for each in sealed} == {str, StageRefused}
        async with place.db.read() as conn:
            assert len((await stages.load(conn, YEAR)).seals) == 1
            assert len(await seals.seals(conn, YEAR)) == 1


async def test_signatures_are_made_outside_by_different_people_and_keys(tmp_path: Path) -> None:
    """A wrong key, role, text or person is refused, and so is the second half before the first."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        listed = place.keyring.listed()
        place.keyring = keyring_of(tmp_path)
        assert place.keyring.file is not None
        place.keyring.file.write_text("".join(f"{each.encode()}\n" for each in listed))
        await publish(place)
        await place.mark(place.clock.now)
        service = service_of(place)
        draft = await service.drafts.draw_up(YEAR, ORDER)
        assert draft.note.endswith("\n\n")
        line, other = signature(draft.note, OPERATOR), signature(draft.note, AUDITOR)
        with pytest.raises(StageRefused) as unsigned:
            await service.seals.seal(YEAR, other, "auditor")
        assert [each.kind for each in unsigned.value.because] == ["year"]
        for wrong in (other, signature(draft.note.replace("v1", "v2"), OPERATOR)):
            with pytest.raises(SignatureRefused):
                await service.drafts.sign(YEAR, wrong, "operator")
        signed = await service.drafts.sign(YEAR, line, "operator")
        assert signed.note == f"{draft.note}{line}\n"
        assert await service.drafts.sign(YEAR, f"{line}\n", "operator") == signed
        assert await service.drafts.draw_up(YEAR, ORDER) == draft
        with pytest.raises(SamePerson):
            await service.seals.seal(YEAR, other, "operator")
        with pytest.raises(SignatureRefused):
            await service.seals.seal(YEAR, line, "auditor")
        note = await service.seals.seal(YEAR, other, "auditor")
        assert note == f"{signed.note}{other}\n"
        assert await service.seals.seal(YEAR, other, "auditor") == note
        assert await service.drafts.draw_up(YEAR, ORDER) == draft
        assert await service.drafts.sign(YEAR, line, "operator") == signed


async def test_the_same_key_under_two_names_seals_nothing(tmp_path: Path) -> None:
    """Two signatures of one key are one."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        twin = AUDITOR._replace(seed=OPERATOR.seed)
        place.keyring = keyring_of(tmp_path, OPERATOR, twin)
        with pytest.raises(SignatureRefused):
            await sealed_town(place)


async def test_a_refusal_within_the_period_names_the_appeals_too(tmp_path: Path) -> None:
    """Whoever must decide them hears it before units can no longer reply."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    filed = event("a", "appeal.filed", subject="H44.1", data={"appeal": "kn-1", "reason": "x"})
    events = [*town(FEBRUARY - SECOND), recorded(filed, FEBRUARY - SECOND + 100)]
    async with open_town(url, tmp_path, events, FEBRUARY) as place:
        await publish(place)
        place.clock.now -= 1
        with pytest.raises(StageRefused) as refusal:
            await service_of(place).drafts.draw_up(YEAR, ORDER)
        reasons = [(each.kind, each.members.get("appeal")) for each in refusal.value.because]
        assert reasons == [("reply", None), ("appeal", "kn-1")]


async def test_a_draft_waits_for_the_marks_and_is_not_made_without_them(tmp_path: Path) -> None:
    """The refusal names the instant that is certain, and the doors that lack."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await publish(place)
        await place.mark(place.clock.now - 1)
        service = service_of(place)
        service.drafts.fence_seconds = 0
        with pytest.raises(MarksBehind) as refusal:
            await service.drafts.draw_up(YEAR, ORDER)
        assert [door.name for door in refusal.value.doors] == ["intake.00000001"]
        drawing = asyncio.create_task(service_of(place).drafts.draw_up(YEAR, ORDER))
        await place.mark(place.clock.now)
        assert (await drawing).size > 0


async def test_what_is_dropped_can_be_drawn_up_again(tmp_path: Path) -> None:
    """A draft freezes nothing; its successor has what came meanwhile."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await publish(place)
        await place.mark(place.clock.now)
        service = service_of(place)
        draft = await service.drafts.draw_up(YEAR, ORDER)
        await service.drafts.drop(YEAR, "thiếu", "operator")
        place.clock.now += 3 * SECOND
        await place.fold.fold([training("H44.1", 9, place.clock.now - SECOND)])
        await place.mark(place.clock.now)
        again = await service.drafts.draw_up(YEAR, ORDER)
        assert again.size == draft.size + 1 and again.root != draft.root


async def test_a_year_that_is_published_again_has_no_draft(tmp_path: Path) -> None:
    """Its cut lies before the new cut-off; after the new period another one is drawn up."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await publish(place)
        await place.mark(place.clock.now)
        service = service_of(place)
        await service.drafts.draw_up(YEAR, ORDER)
        await publish(place, "1b/NQ")
        async with place.db.read() as conn:
            assert await seals.draft(conn, YEAR) is None
        with pytest.raises(StageRefused):
            await service.seals.seal(YEAR, None, "auditor")
        await place.mark(place.clock.now)
        assert (await service.drafts.draw_up(YEAR, ORDER)).size > 0


async def test_a_ledger_that_was_edited_gives_out_no_file(tmp_path: Path) -> None:
    """Neither bundle nor proof: halting beats being wrong."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await sealed_town(place)
        async with place.db.write() as conn:
            values = {"identity": identity("/portal/a", "H44.2-1")}
            await conn.execute(text("DELETE FROM ledger WHERE identity = :identity"), values)
        for file in (
            service_of(place).files.bundle(YEAR),
            service_of(place).files.proof(YEAR, "H44.1"),
        ):
            with pytest.raises(SealDiffers):
                await file


async def test_nothing_slips_below_a_cut_that_was_signed(tmp_path: Path) -> None:
    """From a door that nobody knew: it waits in quarantine, whatever it is about."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        service, _ = await sealed_town(place)
        bundle, cut = await service.files.bundle(YEAR), place.clock.now
        below = [training("H44.1", 20, cut), registration("H44.9", cut)]
        above = [training("H44.1", 21, cut + 1), registration("H44.8", cut + 1)]
        of_2026 = training("H44.1", 22, cut, time="2026-01-02T08:00:00+07:00")
        outcome = await place.fold.fold([*below, *above, of_2026])
        assert (outcome.new, outcome.quarantined) == (3, 2)
        assert await service_of(place).files.bundle(YEAR) == bundle


async def test_a_rating_read_before_the_fence_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted fault: a draft that does not wait seals less than what was recorded by its cut."""

    async def no_fence(*_: Any) -> None:
        return None

    for faulty in (False, True):
        url = f"sqlite:///{tmp_path / f'{faulty}.db'}"
        async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
            await publish(place)
            on_its_way = training("H44.1", 30, place.clock.now - 1)
            if faulty:
                monkeypatch.setattr("services.scoring.sealing.drafts.wait_for_marks", no_fence)
            service = service_of(place)
            drawing = asyncio.create_task(service.drafts.draw_up(YEAR, ORDER))
            if faulty:
                await drawing
            await place.fold.fold([on_its_way])
            await place.mark(place.clock.now)
            await drawing
            refused = False
            try:
                await service.seals.seal(YEAR, None, "auditor")
            except SealDiffers:
                refused = True
            assert refused is faulty


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("seal.leaf_hash", lambda entry: hashlib.sha256(entry).digest()),
        ("merkle.node_hash", lambda left, right: hashlib.sha256(b"\1" + right + left).digest()),
    ],
)
async def test_two_programs_must_agree_before_anything_is_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, fault: Any
) -> None:
    """Planted faults: a leaf without its prefix, a node with its children exchanged."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await publish(place)
        await place.mark(place.clock.now)
        monkeypatch.setattr(f"services.scoring.year.{target}", fault)
        with pytest.raises(RootsDiffer):
            await service_of(place).drafts.draw_up(YEAR, ORDER)


@pytest.mark.parametrize("fault", ["unsorted", "side"])
async def test_planted_faults_of_a_proof_or_an_order_are_caught_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Entries in the order of arrival, or a proof whose hashes are of the wrong side."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    events = town(FEBRUARY - SECOND)
    async with open_town(url, tmp_path, events[::-1], FEBRUARY) as place:
        if fault == "unsorted":
            monkeypatch.setattr(
                seal,
                "event_entries",
                lambda raws, key: [seal.event_entry(raw, key) for raw in raws],
            )
        else:
            monkeypatch.setattr(Tree, "inclusion", lambda tree, index: tree.consistency(index or 1))
        service, _ = await sealed_town(place)
        file = (
            await service.files.bundle(YEAR) if fault == "unsorted"
            else msgspec.json.encode(await service.files.proof(YEAR, "H44.2"))
        )  # fmt: skip
        with pytest.raises(Discrepancy):
            check(file, [], check_step)


@pytest.mark.parametrize("place_of_fault", ["stages.add", "rating_feed.save", "position.save"])
async def test_a_seal_that_fails_before_its_commit_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place_of_fault: str
) -> None:
    """Neither seal nor decision nor event; the draft still waits, and seals what it would have."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await publish(place)
        await place.mark(place.clock.now)
        service = service_of(place)
        draft = await service.drafts.draw_up(YEAR, ORDER)

        async def fail(*_: Any) -> None:
            raise ConnectionResetError

        with monkeypatch.context() as patch, pytest.raises(DatabaseAway):
            patch.setattr(f"services.scoring.store.{place_of_fault}", fail)
            await service.seals.seal(YEAR, None, "auditor")
        async with place.db.read() as conn:
            assert await seals.seals(conn, YEAR) == []
            assert (await stages.load(conn, YEAR)).stage == "provisional"
            rows = await conn.execute(text("SELECT subject FROM outbox"))
            assert {row[0] for row in rows} == {"danchu.events.CITY.year.provisional"}
        assert (await service.seals.seal(YEAR, None, "auditor")).startswith(draft.note)
        async with place.db.read() as conn:
            rows = await conn.execute(text("SELECT subject FROM outbox ORDER BY seq"))
            assert [row[0] for row in rows][1:] == [
                *(f"danchu.ratings.2025.H44-{n}" for n in (1, 2, 3)),
                "danchu.events.CITY.year.sealed",
            ]
