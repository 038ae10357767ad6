"""Small runs of the benchmark: every figure is there, and every result is exact.

`make bench-check` runs them, not `make test`: they prove the benchmark, and take a minute.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.__main__ import main
from tests.bench.abuse import FLOODED, NAMES
from tests.bench.ground import POSTGRESQL, SQLITE
from tests.bench.pages import PAGES as PAGE_PATHS
from tests.bench.pages import READERS
from tests.bench.run import (
    ABUSE,
    BESIDE,
    DATABASES,
    DOOR,
    EXPORTS,
    FOLD,
    LIVE,
    PAGES,
    PARTS,
    PAST,
    RATING,
    REBUILD,
    RELAY,
    SEALING,
    SEALS,
    STAGES,
    TELEMETRY,
    WHAT_IF,
)

SMALL = (
    "--events", "2000", "--units", "12", "--tutorial-events", "200", "--door-events", "1500",
    "--backlog", "1500", "--entries", "500",
    "--seconds", "0.3", "--repeat", "1", "--pairs", "1",
)  # fmt: skip
SMALL_ABUSE = (
    "--events", "100", "--units", "5", "--repeat", "1", "--only", "abuse", "--database", SQLITE,
    "--abuse-events", "100", "--flood", "500",
)  # fmt: skip
FIGURES = {
    POSTGRESQL: {
        FOLD: ("backlog to ratings", "memory of the fold"),
        RELAY: ("outbox to stream, four writers beside",),
        DOOR: ("door, by 1,000",),
    },
    SQLITE: {
        RATING: ("one rating",),
        REBUILD: ("rebuild", "rebuild, every fact lost"),
        EXPORTS: ("the year as CSV", "the year as XLSX", "one sheet as PDF"),
        PAST: (
            "a year as of an instant, the first",
            "a year as of an instant",
            "one unit as of an instant",
            "a page of its history",
        ),
        STAGES: (),
        WHAT_IF: (
            "what-if, other points, the first",
            "what-if, other points",
            "what-if, rules of one indicator",
            "what-if, all rules",
        ),
        BESIDE: ("backlog to ratings beside what-ifs",),
        LIVE: ("events as they arrive, beside what-ifs",),
        SEALING: ("draft and seal of a year",),
        TELEMETRY: (
            "backlog to ratings, with telemetry",
            "one rating, with telemetry",
            "telemetry that is off, of the fold",
        ),
        PAGES: (
            *(f"page {name}, p99" for name in PAGE_PATHS),
            *(f"page {name}, with all it loads" for name in PAGE_PATHS),
            f"pages, {READERS} readers, p99",
        ),
        SEALS: ("a seal, without the database", "its check", "its ratings again"),
    },
}
"""Each part runs once: what it takes is the start of processes, the same on both databases."""
COMPARED = {
    "backlog to ratings", "one rating", "outbox to stream, four writers beside",
    "backlog to ratings beside what-ifs", "backlog to ratings, with telemetry",
    "one rating, with telemetry", "events as they arrive, beside what-ifs",
}  # fmt: skip
WAITS = {
    *(f"others beside {abuse}, worst" for abuse in (*NAMES, FLOODED)),
    *(f"others beside {abuse}, median" for abuse in (*NAMES, FLOODED)),
}  # fmt: skip


@pytest.mark.parametrize("database", DATABASES)
def test_a_small_run_is_exact_and_has_every_figure(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """danchu and the tutorial design, the stages of the fold: all measured."""
    file, parts = tmp_path / "figures.json", FIGURES[database]
    only = (word for part in parts for word in ("--only", part))
    assert main([*SMALL, "--database", database, *only, "--json", str(file)]) == 0
    printed, report = capsys.readouterr().out, json.loads(file.read_text())
    names = {name for figures in parts.values() for name in figures}
    measured = {(figure["name"], figure["database"]) for figure in report["figures"]}
    assert measured == {(name, database) for name in names}
    assert all(value > 0 for figure in report["figures"] for value in figure["values"])
    compared = {figure["name"] for figure in report["figures"] if figure["ratio"]}
    assert compared == names & COMPARED
    assert report["stages_seconds"].keys() == ({database} if STAGES in parts else set())
    assert "all 12 units by the oracle" in report["checked"]
    assert report["checked"] in printed and report["command"].endswith(str(file))


def test_every_part_has_a_small_run() -> None:
    """A part that is added is run by these tests too."""
    assert {part for parts in FIGURES.values() for part in parts} == {*PARTS} - {ABUSE}


def test_a_small_run_of_abuse_has_every_wait(tmp_path: Path) -> None:
    """Each abuse by its worst and its median; what the door answers is checked on the way."""
    file = tmp_path / "figures.json"
    assert main([*SMALL_ABUSE, "--json", str(file)]) == 0
    figures = json.loads(file.read_text())["figures"]
    assert {figure["name"] for figure in figures} == WAITS
    assert all(value > 0 for figure in figures for value in figure["values"])
