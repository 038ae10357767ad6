"""Random cities that the service seals: what it gives out is verified and computed again.

By danchu verify, by the naive oracle, and by the builder that follows SEAL.md alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from ruamel.yaml import YAML

from contracts import envelope, moments
from contracts.envelope import Recorded
from services.scoring.api.seal_answers import checkpoints_members
from services.scoring.operations.recomputation import prove
from services.scoring.sealing.commands import StageCommands, StageOrder
from services.scoring.sealing.service import SealService
from services.scoring.year.guide import GUIDE
from services.scoring.year.verify.bundle import content_of
from services.scoring.year.verify.results import Proved
from tests.oracle import rate
from tests.scoring.sealing.town import (
    AUDITOR,
    OPERATOR,
    YEAR,
    Town,
    open_town,
    publish,
    service_of,
)
from tests.scoring.year.sealed import SHIPPED_FILES, answers, of_year, recorded_events
from tests.support.builders.cities import compared
from tests.support.builders.seals import SealedCity, Signer

pytestmark = pytest.mark.anyio
KEYS = [OPERATOR.verifier.encode(), AUDITOR.verifier.encode()]
SIGNERS = (Signer(OPERATOR.name, OPERATOR.seed), Signer(AUDITOR.name, AUDITOR.seed))
REOPENED = ("5/QĐ", "2026-04-20", "Có sự kiện muộn")
NOW = moments.instant("2026-03-10T00:00:00Z")


def silent(count: int, total: int) -> None:
    """Takes the progress of a check."""


def proved(content: bytes | dict[str, Any], draft: bool = False) -> Proved:
    """What a file proves by the keys of the town."""
    raw = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return prove(raw, KEYS, silent, draft)


async def seal(place: Town, service: SealService, number: int) -> bytes:
    """Publishes and seals the year; the bundle, whose draft was checked before it was signed."""
    await publish(place, f"{number}/QĐ")
    await place.mark(place.clock.now)
    order = StageOrder(f"{number + 1}/QĐ", "2026-02-20", "Chốt kết quả", "operator")
    await service.drafts.draw_up(YEAR, order)
    assert proved(await service.files.draft_bundle(YEAR), draft=True).draft
    await service.seals.seal(YEAR, None, "auditor")
    return await service.files.bundle(YEAR)


def by_the_builder(
    place: Town, events: list[Recorded], bundle: bytes, number: int, **changes: Any
) -> SealedCity:
    """The same seal by the builder, from the events that were recorded up to the cut."""
    chosen = [each for each in events if of_year(each, YEAR)]
    head = content_of(bundle).head
    return SealedCity(
        YEAR, [json.loads(each.raw) for each in chosen],
        answers(chosen, SHIPPED_FILES, YEAR, head.version), SHIPPED_FILES, head.cut_text, GUIDE,
        origin=place.keyring.origin, secret=place.keyring.secret or b"", signers=SIGNERS,
        decision=(f"{number + 1}/QĐ", "2026-02-20", "Chốt kết quả"), version=head.version,
        **changes,
    )  # fmt: skip


def check_by_oracle(bundle: bytes) -> None:
    """The ratings of the bundle are those that the oracle computes from its events and rubrics."""
    content = content_of(bundle)
    events = [json.loads(line)["event"] for line in content.events]
    for event in events:
        del event["recordedtime"]
    rubrics = [YAML(typ="safe", pure=True).load(raw) for raw in content.rubrics.values()]
    ratings = [json.loads(line)["rating"] for line in content.ratings]
    assert compared({each["unit"]: each for each in ratings}) == compared(
        rate(events, rubrics, YEAR)
    )


@pytest.mark.parametrize("seed", [1, 3])
async def test_a_city_is_sealed_twice_and_proved_by_three_programs(
    seed: int, tmp_path: Path
) -> None:
    """Draft, bundle, each unit's proof, checkpoints; version 1 keeps its bytes."""
    events, year = recorded_events(seed, 8, 300)
    assert year == YEAR
    events = sorted((e for e in events if e.kind.domain != "appeal"), key=lambda e: e.recorded)
    early, late = events[:-40], events[-40:]
    async with open_town(f"sqlite:///{tmp_path / 'town.db'}", tmp_path, early, NOW) as place:
        service = service_of(place)
        await place.mark(NOW)
        await service.checkpoints.request(YEAR)
        first = await seal(place, service, 1)
        assert proved(first).ratings and list(proved(first).keys) == KEYS
        check_by_oracle(first)
        by_builder = by_the_builder(place, early, first, 1)
        assert first == by_builder.bundle()
        for rating in by_builder.ratings:
            proof = await service.files.proof(YEAR, rating["unit"])
            assert proved(proof).unit == rating["unit"]
        at = place.clock.now
        late = [
            envelope.decode(envelope.with_recordedtime(event.raw, at + number))
            for number, event in enumerate(late, start=1)
        ]
        await place.fold.fold(late)
        place.clock.now += 1_000_000
        commands = StageCommands(place.db, place.rubrics, place.clock)
        await commands.reopen(YEAR, StageOrder(*REOPENED, "council"))
        await place.mark(place.clock.now)
        await service.checkpoints.request(YEAR)
        rows = await service.checkpoints.of_year(YEAR)
        listed = proved(checkpoints_members(rows, True))
        assert listed.checkpoints == 2 and listed.keys == (KEYS[0],) and rows[1].consistency
        second = await seal(place, service, 6)
        assert proved(second).version == 2
        assert content_of(second).head.events > content_of(first).head.events
        check_by_oracle(second)
        changes = {"previous": by_builder.root, "reopened": REOPENED}
        assert second == by_the_builder(place, [*early, *late], second, 6, **changes).bundle()
        assert await service.files.bundle(YEAR, 1) == first
