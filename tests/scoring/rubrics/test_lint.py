"""What `danchu rubric check` says of a rubric that loads and still leaves something open."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.scoring.rubrics.lint import remarks
from services.scoring.rubrics.loader import SHIPPED, load

COMMUNE = (SHIPPED / "viet-tri-2025-commune.yaml").read_text(encoding="utf-8")


def test_the_shipped_rubric_leaves_little_open() -> None:
    """Each remark is one that the council can answer."""
    sentences = remarks(load(SHIPPED / "viet-tri-2025-commune.yaml"))
    assert [remark.en for remark in sentences] == [
        "never rewarded: led_by_head false of dialogue.held",
        "never rewarded: topic other of training.completed",
        "events that the rubric never reads: conference.held, count.reported",
    ]


@pytest.mark.parametrize(
    ("right", "other", "remark"),
    [
        ('points: "12"', 'points: "12.5"', "add up to 201/2, not to 100"),
        ('commune: "1", city', 'commune: "0", city', "level commune of model.recognised"),
        ("maximum: 100", "maximum: 80", "class A begins above the maximum of 80 points"),
        ("course.held, key: course", "course.held", "has the key course"),
        ("petition.withdrawn, key: petition", "petition.withdrawn", "nothing clears it"),
        ("{set: model.nominated, ", "{set: model.replicated, ", "never reads: conference.held"),
    ],
)
def test_what_is_left_open_is_said(right: str, other: str, remark: str, tmp_path: Path) -> None:
    """The rubric is taken, and whoever wrote it is told."""
    assert right in COMMUNE
    path = tmp_path / "open.yaml"
    path.write_text(COMMUNE.replace(right, other, 1), encoding="utf-8")
    assert any(
        remark in sentences.en and sentences.vi != sentences.en for sentences in remarks(load(path))
    )
