"""Small random cities that are sealed by the builder, for the tests of the verifier."""

from __future__ import annotations

import json
from functools import cache
from io import BytesIO
from random import Random
from typing import Any

from ruamel.yaml import YAML

from contracts import envelope, moments
from services.scoring.operations.recomputation import sealed_rating
from services.scoring.ratings import recount
from services.scoring.ratings.json import rating_members
from services.scoring.rubrics.loader import SHIPPED, load_texts
from services.scoring.year.guide import GUIDE
from tests.oracle.generate_rubric import rubric
from tests.support.builders.cities import accepted, city
from tests.support.builders.seals import SealedCity

START = moments.instant("2026-01-05T00:00:00Z")
SHIPPED_FILES = {path.stem: path.read_bytes() for path in sorted(SHIPPED.glob("*.yaml"))}


def rubric_files(seed: int) -> dict[str, bytes]:
    """The shipped rubrics for odd seeds, a random one for even."""
    if seed % 2:
        return SHIPPED_FILES
    raw, buffer = rubric(seed), BytesIO()
    YAML(typ="safe", pure=True).dump(raw, buffer)
    return {raw["id"]: buffer.getvalue()}


def recorded_events(seed: int, units: int, events: int) -> tuple[list[envelope.Recorded], int]:
    """A city's events, each recorded at its own time, some of them at the same."""
    deliveries, year = city(seed, units, events)
    rng, at, recorded = Random(seed), START, []
    for event in accepted(deliveries):
        at += rng.choice((0, 1, 1_000_000, 86_400_000_000 // 9))
        recorded.append(envelope.decode(envelope.with_recordedtime(event.raw, at)))
    rng.shuffle(recorded)
    return recorded, year


def of_year(event: envelope.Recorded, year: int) -> bool:
    """Whether an event belongs to the log of a year."""
    kind = event.kind
    return event.year == year or kind.domain == "unit" or kind.short == "event.retracted"


def answers(events: list[envelope.Recorded], files: dict[str, bytes], year: int, version: int = 1
            ) -> list[dict[str, Any]]:  # fmt: skip
    """Every rating as it is answered when sealed."""
    rubrics = load_texts({f"{id_}.yaml": raw for id_, raw in files.items()})
    rated = recount.ratings(recount.Accepted(events), rubrics, year)
    return [
        json.loads(json.dumps(rating_members(sealed_rating(rating, version))))
        for rating in rated.values()
    ]


@cache
def sealed_city(seed: int, units: int = 6, events: int = 120, **changes: Any) -> SealedCity:
    """A sealed random city."""
    every, year = recorded_events(seed, units, events)
    chosen = [event for event in every if of_year(event, year)]
    files = rubric_files(seed)
    last = max((event.recorded for event in chosen), default=START)
    return SealedCity(
        year, [json.loads(event.raw) for event in chosen],
        answers(chosen, files, year, changes.get("version", 1)), files,
        moments.rfc3339(last + 7), GUIDE, **changes,
    )  # fmt: skip
