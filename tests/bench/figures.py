"""Figures: what was measured, beside what, against which target; as a table and as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal

from rich.table import Table

Goal = Literal["ratio", "ratio at most", "at least", "at most"]


@dataclass
class Figure:
    """One line of the table: a value of each repetition, and of the baseline beside it."""

    name: str
    database: str
    unit: str
    goal: Goal
    target: float
    values: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)
    beside: dict[str, list[float]] = field(default_factory=dict)

    def add(self, value: float, baseline: float | None = None, **beside: float) -> None:
        """One repetition; `beside` is what else is worth knowing of it."""
        self.values.append(value)
        if baseline is not None:
            self.baseline.append(baseline)
        for name, worth in beside.items():
            self.beside.setdefault(name, []).append(worth)

    @property
    def value(self) -> float:
        """The median."""
        return median(self.values)

    @property
    def ratio(self) -> float | None:
        """The median of value over baseline, each pair measured one after the other."""
        if not self.baseline:
            return None
        pairs = zip(self.values, self.baseline, strict=True)
        return median(ours / theirs for ours, theirs in pairs)

    @property
    def reached(self) -> bool:
        """Whether the target is reached."""
        if self.goal == "at most":
            return self.value <= self.target
        if self.goal == "ratio at most":
            return self.ratio is not None and self.ratio <= self.target
        return ((self.ratio or 0.0) if self.goal == "ratio" else self.value) >= self.target

    def shown(self) -> dict[str, Any]:
        """The figure as JSON."""
        return {
            **asdict(self), "median": self.value, "ratio": self.ratio, "reached": self.reached,
            "baseline_median": median(self.baseline) if self.baseline else None,
        }  # fmt: skip


@dataclass
class Report:
    """What a run found."""

    command: str
    events: int
    units: int
    checked: str
    figures: list[Figure] = field(default_factory=list)
    stages: dict[str, dict[str, float]] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "command": self.command, "machine": machine(), "events": self.events,
            "units": self.units, "checked": self.checked, "stages_seconds": self.stages,
            "figures": [figure.shown() for figure in self.figures],
        }  # fmt: skip


def machine() -> str:
    """The machine in a few words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {python}"


def tables(report: Report) -> Sequence[Table]:
    """The figures, and where the fold's time goes."""
    title = f"{report.events:,} events, {report.units} units; {machine()}"
    shown = Table("figure", "database", "danchu", "baseline", "ratio", "target", "", title=title)
    for figure in report.figures:
        beside = _number(median(figure.baseline)) if figure.baseline else "-"
        ratio = f"{_ratio(figure.ratio)} x" if figure.ratio is not None else "-"
        ours, reached = f"{_number(figure.value)} {figure.unit}", "yes" if figure.reached else "no"
        shown.add_row(figure.name, figure.database, ours, beside, ratio, _target(figure), reached)
    return [shown, *(_stages(name, spent) for name, spent in report.stages.items())]


def _stages(database: str, spent: dict[str, float]) -> Table:
    whole = sum(spent.values())
    table = Table("stage", "seconds", "share", title=f"stages of the fold on {database}")
    for stage, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        table.add_row(stage, f"{seconds:.2f}", f"{seconds / whole:.0%}")
    return table


def _target(figure: Figure) -> str:
    if figure.goal == "ratio":
        return f"{figure.target:g} x"
    if figure.goal == "ratio at most":
        return f"at most {figure.target:g} x"
    return f"{figure.goal} {_number(figure.target)}"


def _ratio(value: float) -> str:
    """With as many digits as a target has: 1.05 is asked of telemetry, 40 of the fold."""
    return f"{value:.3f}" if value < 2 else f"{value:.1f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
