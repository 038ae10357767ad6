"""The proofs of many units: the log that is in memory serves them all."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.scoring.sealing.files import SealedLog
from services.scoring.year.verify.files import check
from tests.scoring.sealing.town import (
    AUDITOR,
    FEBRUARY,
    OPERATOR,
    ORDER,
    SECOND,
    YEAR,
    open_town,
    publish,
    service_of,
    town,
)

pytestmark = pytest.mark.anyio


def check_step(*_: Any) -> None:
    """Takes the progress of a check."""


async def test_a_proof_from_the_log_in_memory_reads_no_rating_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the note of the seal although the log is the draft's; threads find its lines."""
    lines_of, threads = SealedLog.lines_of, set()

    def noted(log: SealedLog, *values: Any) -> dict[int, bytes]:
        threads.add(threading.get_ident())
        return lines_of(log, *values)

    async def unread(*_: Any) -> Any:
        raise AssertionError

    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with open_town(url, tmp_path, town(FEBRUARY - SECOND), FEBRUARY) as place:
        await publish(place)
        await place.mark(place.clock.now)
        service = service_of(place)
        await service.drafts.draw_up(YEAR, ORDER)
        note = await service.seals.seal(YEAR, None, "auditor")
        fresh = [await service_of(place).files.proof(YEAR, f"H44.{n}") for n in (1, 2, 3)]
        monkeypatch.setattr("services.scoring.store.seals.rating_lines", unread)
        monkeypatch.setattr(SealedLog, "lines_of", noted)
        proofs = [await service.files.proof(YEAR, f"H44.{n}") for n in (1, 2, 3)]
    assert proofs == fresh and {proof["note"] for proof in proofs} == {note}
    keys = [OPERATOR.verifier.encode(), AUDITOR.verifier.encode()]
    for proof in proofs:
        check(msgspec.json.encode(proof), keys, check_step)
    assert threads and threading.get_ident() not in threads
