"""Versions of event types: one is canonical, and a second lives beside the first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contracts import door, envelope, moments
from contracts.catalog import CANONICAL, CATALOG, canonical_versions
from contracts.data import Version
from tests.contracts.test_receipts import receipt

HERE = Path(__file__).parent
RECEIPT = "33f32e8a61b51ea5750779e56fcf4c1c"
"""The receipt of `completed()`, as it was before there was another version."""


def completed(**changes: Any) -> dict[str, Any]:
    """An event of the first version."""
    return {
        "specversion": "1.0", "id": "e-1", "source": "urn:test:versions",
        "type": "vn.danchu.training.completed.v1", "subject": "H44.12",
        "time": "2025-07-01T08:00:00+07:00",
        "data": {"person": "p-1", "course": "c-1", "topic": "democracy", "hours": 12}, **changes,
    }  # fmt: skip


def test_a_second_version_lives_beside_the_first() -> None:
    """Accepted, folded, listed and published: with a catalog that has it, in another process."""
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
        "-p", "tests.contracts.second_version", str(HERE / "beside_a_second_version.py"),
    ]  # fmt: skip
    result = subprocess.run(
        command, cwd=HERE.parents[1], capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "9 passed" in result.stdout, result.stdout


def test_a_receipt_is_the_one_of_the_day_it_was_given() -> None:
    """Receipts are kept by emitters for ever."""
    assert receipt(completed()).hex() == RECEIPT


def test_every_short_name_has_one_canonical_version() -> None:
    """None, or two of them, end every process at its start instead of folding them apart."""
    kind = CATALOG[Version("training.completed", 1)]
    assert canonical_versions([kind]) == {"training.completed": kind}
    assert canonical_versions(CATALOG.values()) == CANONICAL

    class Other(kind.data):  # type: ignore[name-defined, misc]
        """`training.completed`: As before."""

    second = type(kind)(kind.short, 2, Other, kind.producer, kind.practice, kind.roles)
    with pytest.raises(ValueError, match=r"training\.completed\.v2 does not convert to"):
        canonical_versions([kind, second])

    class Converted(kind.data):  # type: ignore[name-defined, misc]
        """`training.completed`: Converted to no version."""

        def canonical(self) -> Any:
            """Another version."""
            return self

    alone = type(kind)(kind.short, 2, Converted, kind.producer, kind.practice, kind.roles)
    with pytest.raises(ValueError, match=r"no canonical version: training\.completed"):
        canonical_versions([alone])


def test_a_conversion_to_another_type_is_never_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends in an error that names the class, not in fields that seem left out."""
    _, (read,) = door.read(
        b'{"specversion":"1.0","id":"1","source":"s","type":"vn.danchu.training.completed.v1",'
        b'"subject":"A","time":"2025-07-01T08:00:00Z",'
        b'"data":{"person":"p-1","course":"c","topic":"other","hours":1}}',
        door.SINGLE, moments.instant("2026-01-01T00:00:00Z"),
    )  # fmt: skip
    assert isinstance(read, door.Emitted)
    monkeypatch.setattr(envelope, "CONVERTED", frozenset((type(read.event),)))
    monkeypatch.setitem(CANONICAL, "training.completed", CANONICAL["course.held"])
    with pytest.raises(TypeError, match=r"TrainingCompletedV1\.canonical\(\) is no CourseHeldV1"):
        envelope.canonical(read.event)
