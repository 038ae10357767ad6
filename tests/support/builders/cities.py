"""Random cities for the tests: the same events for the code under test and for the oracle."""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from contracts import door, envelope, moments
from contracts.envelope import Recorded
from services.scoring.ratings import recount
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.recount import Accepted
from services.scoring.rubrics.loader import SHIPPED, load, load_directory
from services.scoring.rubrics.model import Rubrics
from tests.oracle.generate import city
from tests.oracle.generate_rubric import rubric

NOW = moments.instant("2033-01-01T00:00:00Z")
COMPARED = (
    "name", "kind", "basic", "bonus", "deduction", "adjustment", "total", "class", "rank",
    "part_year", "scores", "empty", "heads", "results",
)  # fmt: skip


def accepted(events: Iterable[dict[str, Any]]) -> list[Recorded]:
    """The events as the stream would carry them; the first content of an identity stays."""
    found: dict[bytes, Recorded] = {}
    for event in events:
        _, read = door.read(json.dumps(event).encode(), door.SINGLE, NOW)
        emitted = read[0]
        assert isinstance(emitted, door.Emitted), emitted
        found.setdefault(emitted.identity, envelope.decode(emitted.body(NOW)))
    return list(found.values())


def rubrics(seed: int, folder: Path) -> tuple[list[dict[str, Any]], Rubrics]:
    """The shipped rubrics for odd seeds, a random one for even; the oracle's and ours."""
    if seed % 2:
        return deepcopy(_shipped()), load_directory(SHIPPED)
    raw = rubric(seed)
    path = folder / "random.yaml"
    YAML(typ="safe", pure=True).dump(raw, path)
    return [raw], Rubrics((load(path),))


@cache
def _shipped() -> list[dict[str, Any]]:
    yaml = YAML(typ="safe", pure=True)
    return [yaml.load(path) for path in sorted(SHIPPED.glob("*.yaml"))]


def rating_answers(
    accepted: Accepted, rubrics: Rubrics, year: int, view: str | None = None
) -> dict[str, Any]:
    """Every rating of the year as the interface has it, by unit."""
    ratings = recount.ratings(accepted, rubrics, year, view)
    return {unit: rating_members(rating) for unit, rating in ratings.items()}


def compared(ratings: dict[str, Any]) -> dict[str, Any]:
    """What two programs that follow SCORING.md must agree on."""
    return {
        unit: {name: held[name] for name in COMPARED}
        | {"reasons": [(one["kind"], one["from"], one["to"]) for one in held["reasons"]]}
        for unit, held in ratings.items()
    }


__all__ = ["accepted", "city", "compared", "rating_answers", "rubrics"]
