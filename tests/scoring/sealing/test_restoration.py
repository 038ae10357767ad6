"""A rebuilt database comes to the same seals and checkpoints; audit and start name what differs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import decode, identity
from services.chassis.cancellation import cancel_all
from services.scoring.operations import seal_audit
from services.scoring.operations.seal_audit import seal_differences
from services.scoring.sealing.files import SealPending
from services.scoring.sealing.keeper import KeepingFailed
from services.scoring.sealing.restoration import SealLost, lacking
from services.scoring.sealing.start_check import (
    KeyUnlisted,
    OriginChanged,
    SecretChanged,
    check_seals,
)
from services.scoring.store import seals
from tests.conftest import eventually
from tests.scoring.sealing.test_seals import sealed_town
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
    service_of,
    town,
    training,
)
from tests.support.builders.events import SOURCE
from tests.support.tampering import drop_triggers

pytestmark = pytest.mark.anyio
TOTAL, OTHER_TOTAL = '"total":"', '"total":"1'
RATING = "UPDATE sealed_ratings SET line = replace(line, :before, :after) WHERE unit = 'H44.3'"


async def stages_of(place: Town) -> list[Any]:
    """What scoring itself announced to the stream."""
    async with place.db.read() as conn:
        rows = await conn.execute(
            text("SELECT body FROM outbox WHERE subject LIKE 'danchu.events.%' ORDER BY seq")
        )
        return [decode(bytes(row[0])) for row in rows]


async def test_a_rebuild_restores_seals_and_checkpoints_byte_for_byte(
    tmp_path: Path, postgres_url: str
) -> None:
    """From the outboxes alone, in any order: the events of the year may come last."""
    events = town(FEBRUARY - SECOND)
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, events, FEBRUARY) as place:
        await place.mark(FEBRUARY)
        (checkpoint,) = await service_of(place).checkpoints.make_due()
        service, _ = await sealed_town(place)
        bundle, proof = await service.files.bundle(YEAR), await service.files.proof(YEAR, "H44.1")
        stages, now = await stages_of(place), place.clock.now
        assert await seal_differences(place.db, place.keyring) == []
    async with open_town(postgres_url, tmp_path, stages, now) as place:
        service = service_of(place)
        await place.fold.fold(events[::-1])
        assert await service.keeper.restoration.step() == 0
        with pytest.raises(Exception, match="not restored yet"):
            await service.keeper.check()
        for early in (service.files.bundle(YEAR), service.checkpoints.of_year(YEAR)):
            with pytest.raises(SealPending):
                await early
        await place.mark(now)
        assert await service.keeper.restoration.step() == 2
        assert await service.keeper.restoration.step() == 0
        assert await service.files.bundle(YEAR) == bundle
        assert await service.files.proof(YEAR, "H44.1") == proof
        assert await service.checkpoints.of_year(YEAR) == [checkpoint]
        assert await service.keeper.check() == "complete"
        assert await seal_differences(place.db, place.keyring) == []


async def test_a_checkpoint_that_the_stream_brings_is_not_made_once_more(tmp_path: Path) -> None:
    """It is restored first; one that a restored database announced twice is one for ever."""
    events, brought = town(FEBRUARY - SECOND), []
    for name in "ab":
        url = f"sqlite:///{tmp_path / name}.db"
        async with open_town(url, tmp_path, events, FEBRUARY + SECOND) as place:
            await place.mark(FEBRUARY)
            (checkpoint,) = await service_of(place).checkpoints.make_due()
            brought += await stages_of(place)
    url = f"sqlite:///{tmp_path / 'c.db'}"
    async with open_town(url, tmp_path, [*events, *brought], FEBRUARY + SECOND) as place:
        await place.mark(FEBRUARY + SECOND)
        service = service_of(place)
        assert await service.checkpoints.make_due() == []
        with pytest.raises(SealPending):
            await service.checkpoints.request(YEAR)
        assert await service.keeper.restoration.step() == 1
        assert await service.checkpoints.of_year(YEAR) == [checkpoint]
        assert await service.keeper.check() == "complete"


async def test_a_seal_that_is_lost_stops_nothing_else(tmp_path: Path) -> None:
    """The checkpoint before it is restored, and the fault is told all the same."""
    events = town(FEBRUARY - SECOND)
    async with open_town(f"sqlite:///{tmp_path / 'a.db'}", tmp_path, events, FEBRUARY) as place:
        await place.mark(FEBRUARY)
        (checkpoint,) = await service_of(place).checkpoints.make_due()
        await place.fold.fold([training("H44.1", 9, FEBRUARY + SECOND)])
        await sealed_town(place)
        stages, now = await stages_of(place), place.clock.now
    url = f"sqlite:///{tmp_path / 'b.db'}"
    async with open_town(url, tmp_path, [*events, *stages], now) as place:
        await place.mark(now)
        service = service_of(place)
        with pytest.raises(SealLost):
            await service.keeper.step()
        assert await service.checkpoints.of_year(YEAR) == [checkpoint]


async def test_a_fault_of_the_program_is_shown_and_does_not_stop_the_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper runs in the process that folds: it goes on, and the readiness names the fault."""
    async with open_town(f"sqlite:///{tmp_path / 'a.db'}", tmp_path, [], FEBRUARY) as place:
        keeper = service_of(place).keeper

        async def fails() -> int:
            raise ValueError("year -1")

        async def fault() -> KeepingFailed | None:
            return keeper.fault if isinstance(keeper.fault, KeepingFailed) else None

        monkeypatch.setattr(keeper.restoration, "step", fails)
        running = asyncio.create_task(keeper.run())
        assert await eventually(fault)
        assert not running.done()
        with pytest.raises(KeepingFailed, match="ValueError: year -1"):
            await keeper.check()
        await cancel_all([running])


async def test_another_secret_or_ledger_restores_nothing(tmp_path: Path) -> None:
    """What does not lead to the root that was signed is not stored."""
    events = town(FEBRUARY - SECOND)
    async with open_town(f"sqlite:///{tmp_path / 'a.db'}", tmp_path, events, FEBRUARY) as place:
        await sealed_town(place)
        stages, now = await stages_of(place), place.clock.now
    for number, (secret, ledger) in enumerate(((b"other", events), (None, events[:-1]))):
        url = f"sqlite:///{tmp_path / f'{number}.db'}"
        async with open_town(url, tmp_path, [*ledger, *stages], now) as place:
            if secret is not None:
                place.keyring = replace(place.keyring, secret=secret)
            await place.mark(now)
            with pytest.raises(SealLost):
                await service_of(place).keeper.restoration.step()


async def test_the_audit_names_the_first_entry_that_differs(
    tmp_path: Path, database_url: str
) -> None:
    """A row that was changed, one that is gone, a rating, a root with its hashes, a note."""
    async with open_town(database_url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await place.mark(FEBRUARY)
        await service_of(place).checkpoints.make_due()
        await sealed_town(place)
        await place.fold.fold(await stages_of(place))

        async with place.db.write() as conn:
            await drop_triggers(conn)

        async def differences(statement: str, **values: Any) -> list[str]:
            async with place.db.write() as conn:
                await conn.execute(text(statement), values)
            return [each.en for each in await seal_differences(place.db, place.keyring)]

        assert await differences("SELECT 1") == []
        changed = await differences(
            "UPDATE seals SET note = replace(note, 'operator/1', 'operator/2')"
        )
        assert len(changed) == 1 and "note is not right" in changed[0]
        await differences("UPDATE seals SET note = replace(note, 'operator/2', 'operator/1')")
        changed = await differences(RATING, before=TOTAL, after=OTHER_TOTAL)
        assert changed == [
            "danchu.local/2025/v1: entry 17 is not as it was when it was signed; now there is H44.3"
        ]
        await differences(RATING, before=OTHER_TOTAL, after=TOTAL)
        for column, other in (("events", "events - 1"), ("keys", "replace(keys, '/1', '/2')")):
            await differences("UPDATE seals SET signed_by = " + column)
            changed = await differences(f"UPDATE seals SET {column} = {other}")
            assert len(changed) == 1 and "not what was signed" in changed[0]
            kept = "signed_by" if column == "keys" else "CAST(signed_by AS integer)"
            await differences(f"UPDATE seals SET {column} = {kept}, signed_by = NULL")
        for column, other in (("consistency", "'AAAA'"), ("until", "until - 1")):
            await differences(f"UPDATE seals SET signed_by = (SELECT {column} FROM checkpoints)")
            changed = await differences(f"UPDATE checkpoints SET {column} = {other}")
            assert "of a checkpoint is not what was made" in changed[-1]
            kept = "signed_by" if column == "consistency" else "CAST(signed_by AS bigint)"
            restored = f"UPDATE checkpoints SET {column} = (SELECT {kept} FROM seals)"
            assert await differences(restored) == []
        await differences("UPDATE year_decisions SET stage = 'open' WHERE stage = 'sealed'")
        changed = await differences("SELECT 1")
        assert len(changed) == 1 and "that sealed this version is gone" in changed[0]
        await differences("UPDATE year_decisions SET stage = 'sealed' WHERE stage = 'open'")
        changed = await differences(
            "DELETE FROM ledger WHERE identity = :identity", identity=identity(SOURCE, "H44.2-1")
        )
        assert changed == [
            f"danchu.local/2025/{log}: entry 7 is not as it was when it was signed; "
            f"now there is {SOURCE} H44.3-1"
            for log in ("v1", "events")
        ]


async def test_the_audit_names_a_draft_that_is_not_what_was_drawn_up(tmp_path: Path) -> None:
    """A rating of it, its cut, its reason, its root with the signature over another."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await publish(place)
        await place.mark(place.clock.now)
        await service_of(place).drafts.draw_up(YEAR, ORDER)
        assert await seal_differences(place.db, place.keyring) == []
        async with place.db.write() as conn:
            await drop_triggers(conn)
            draft = await seals.draft(conn, YEAR)
            ratings = [] if draft is None else await seals.rating_lines(conn, YEAR, draft.version)
        assert draft is not None
        for statement, words in (
            ("UPDATE sealed_ratings SET line = replace(line, 'A', 'B')", "the draft does not"),
            ("UPDATE drafts SET reason = 'x'", "the draft does not follow"),
            ("UPDATE drafts SET cut = cut - 3600000000", "the draft does not follow"),
            ("UPDATE drafts SET root = zeroblob(32)", "the stored note is not right"),
        ):
            async with place.db.write() as conn:
                await conn.execute(text(statement))
            changed = [each.en for each in await seal_differences(place.db, place.keyring)]
            assert changed and words in changed[0], (statement, changed)
            async with place.db.write() as conn:
                await seals.drop_draft(conn, draft)
                await seals.add_draft(conn, draft, ratings)


async def test_the_audit_names_a_seal_that_goes_away_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one difference more, and does not end the audit."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await place.mark(FEBRUARY)
        await sealed_town(place)
        await place.fold.fold(await stages_of(place))

        async def lacking_before(conn: AsyncConnection) -> int:
            number = await lacking(conn)
            async with place.db.write() as other:
                await drop_triggers(other)
                await other.execute(text("DELETE FROM seals"))
            return number

        monkeypatch.setattr(seal_audit, "lacking", lacking_before)
        differences = [each.en for each in await seal_differences(place.db, place.keyring)]
        assert differences == [SealPending(YEAR).message.en]


async def test_a_start_refuses_another_origin_secret_or_a_key_that_is_gone(
    tmp_path: Path, database_url: str
) -> None:
    """Once something was signed; before that each of them may still change."""
    async with open_town(database_url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        folder = tmp_path / "other"
        folder.mkdir()
        other = replace(place.keyring, secret=b"other", origin="other.vn")
        await check_seals(place.db, other, 1)
        await check_seals(place.db, place.keyring, 2)
        await place.mark(FEBRUARY)
        await service_of(place).checkpoints.make_due()
        await check_seals(place.db, place.keyring, 3)
        for keys, refusal in (
            (replace(place.keyring, origin="other.vn"), OriginChanged),
            (replace(place.keyring, secret=b"other"), SecretChanged),
            (keyring_of(folder, AUDITOR), KeyUnlisted),
        ):
            with pytest.raises(refusal):
                await check_seals(place.db, keys, 4)
        await check_seals(place.db, keyring_of(folder, OPERATOR), 5)
