"""Checkpoints of an open year: by the month, on request, and never over a rewritten past."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from sqlalchemy import text

from contracts.envelope import decode, identity
from services.scoring.errors import YearUnknown
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing.checkpoints import Checkpoints, OperatorKeyMissing, PastDiffers
from services.scoring.store import seals
from services.scoring.year import notes
from services.scoring.year.verify.tree import proves_consistency
from tests.scoring.sealing.town import (
    FEBRUARY,
    MARCH,
    OPERATOR,
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

pytestmark = pytest.mark.anyio


def checkpoints_of(place: Town) -> Checkpoints:
    """The checkpoints of a town."""
    return Checkpoints(place.db, place.keyring, place.rubrics, place.clock)


async def test_the_first_of_a_month_is_signed_once_every_mark_has_passed_it(
    tmp_path: Path, database_url: str
) -> None:
    """Once, over what was recorded by then; the next goes on from it, as its proof shows."""
    events = town(FEBRUARY - SECOND)
    async with open_town(database_url, tmp_path, events, MARCH + SECOND) as place:
        made = checkpoints_of(place)
        assert await made.make_due() == []
        await place.mark(FEBRUARY)
        (first,) = await made.make_due()
        assert (first.year, first.until, first.size, first.consistency) == (
            YEAR, FEBRUARY, len(events), (),
        )  # fmt: skip
        assert await made.make_due() == []
        await place.fold.fold([training("H44.1", 9, FEBRUARY + SECOND)])
        await place.mark(MARCH + SECOND)
        (second,) = await made.make_due()
        place.clock.now = MARCH + SECOND
        third = await made.request(YEAR)
        proof = [base64.b64decode(each) for each in second.consistency]
        assert (second.until, second.size) == (MARCH, len(events) + 1)
        assert proves_consistency(first.size, first.root, second.size, second.root, proof)
        assert (third.size, third.root, third.consistency) == (second.size, second.root, ())
        note = notes.parse(second.note)
        assert notes.parse_head(note.text).origin == "danchu.local/2025/events"
        assert list(notes.signers(note, [OPERATOR.verifier])) == [OPERATOR.verifier]
        async with place.db.read() as conn:
            assert await seals.checkpoints(conn, YEAR) == [first, second, third]
            bodies = await conn.execute(text("SELECT body FROM outbox ORDER BY seq"))
            announced = [decode(bytes(row[0])) for row in bodies]
        assert [each.event.data.note for each in announced] == [
            first.note, second.note, third.note,
        ]  # fmt: skip
        assert {each.kind.short for each in announced} == {"year.checkpointed"}


async def test_a_past_that_was_rewritten_gets_no_checkpoint(tmp_path: Path) -> None:
    """The first entry that is not as it was is named."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        made = checkpoints_of(place)
        await place.mark(FEBRUARY)
        await made.make_due()
        async with place.db.write() as conn:
            values = {"identity": identity(SOURCE, "H44.2-1")}
            await conn.execute(text("DELETE FROM ledger WHERE identity = :identity"), values)
        await place.mark(MARCH)
        place.clock.now = MARCH
        with pytest.raises(PastDiffers) as refusal:
            await made.make_due()
        assert "H44.3-1" in refusal.value.message.en


async def test_without_a_key_nothing_is_signed(tmp_path: Path) -> None:
    """Neither by itself nor on request."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        place.keyring = keyring_of(tmp_path)
        await place.mark(FEBRUARY)
        assert await checkpoints_of(place).make_due() == []
        with pytest.raises(OperatorKeyMissing):
            await checkpoints_of(place).request(YEAR)


async def test_a_sealed_year_has_a_list_whatever_rubrics_the_folder_holds(tmp_path: Path) -> None:
    """A year that was led is known by its decisions; one that nobody led is unknown."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await publish(place)
        bare = Checkpoints(place.db, place.keyring, Rubrics(()), place.clock)
        assert await bare.of_year(YEAR) == []
        with pytest.raises(YearUnknown):
            await bare.of_year(YEAR - 1)


async def test_a_signature_for_a_year_without_rubric_is_of_an_unknown_year(tmp_path: Path) -> None:
    """Neither half says that something could be done about it."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        service = service_of(place)
        with pytest.raises(YearUnknown):
            await service.seals.seal(1999, None, "auditor")
        with pytest.raises(YearUnknown):
            await service.drafts.sign(1999, "", "operator")
