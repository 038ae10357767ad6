"""Years as tables for people: Vietnamese first, English after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich import box
from rich.table import Table

from contracts import moments
from services.commands.messages import message
from services.commands.terminal import cell, cell_lines

COLUMNS = ("year", "stage", "version", "cut-off", "reply-until", "late", "undecided")
DECISION_COLUMNS = ("stage", "version", "number", "date", "by", "at", "reason")
MINIMA = {"stage": 14, "reason": 12, "number": 10}
"""The least widths of columns whose texts are long."""
NONE = "–"
MINUTE = len("2025-01-01T00:00")


def years_table(years: Iterable[dict[str, Any]]) -> Table:
    """The years, a line each."""
    table = _table("year-table-title", COLUMNS)
    for year in years:
        table.add_row(cell(str(year["year"])), _stage(year), *map(cell, [
            str(year["version"]), local(year["cut_off"]), local(year["reply_until"]),
            str(year["late"]), str(len(year["undecided"])),
        ]))  # fmt: skip
    return table


def decisions_table(year: dict[str, Any]) -> Table:
    """The decisions on a year, the first one first."""
    table = _table("year-decisions-title", DECISION_COLUMNS)
    for decision in year["decisions"]:
        table.add_row(_stage(decision), *map(cell, [
            str(decision["version"]), decision["decision"], decision["date"] or NONE,
            decision["by"] or NONE, local(decision["at"]), decision["reason"] or NONE,
        ]))  # fmt: skip
    return table


def seal_lines(year: dict[str, Any]) -> list[str]:
    """A sentence for each seal, for the draft, and for each appeal that waits."""
    lines: list[str] = [
        message("year-seal", **{**seal, "cut": local(seal["cut"])}) for seal in year["seals"]
    ]
    draft = year["draft"]
    if draft is not None:
        at = {name: local(draft[name]) for name in ("cut", "at")}
        lines.append(message("year-draft", **{**draft, **at}))
    for appeal in year["undecided"]:
        code = "year-appeal-without-year" if appeal["year_missing"] else "year-appeal"
        lines.append(message(code, **appeal))
    return lines


def local(instant: str | None) -> str:
    """An instant of an answer in Việt Nam's time, to the minute."""
    if instant is None:
        return NONE
    return moments.local_time(moments.instant(instant))[:MINUTE].replace("T", " ")


def _stage(members: dict[str, Any]) -> Any:
    """A cell with the terms of a stage, below each other."""
    return cell_lines(members["stage_vi"], members["stage_en"])


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(
        title=cell(message(title)), box=box.SIMPLE_HEAD, title_style="bold", pad_edge=False,
        padding=(0, 1, 0, 0),
    )  # fmt: skip
    for column in columns:
        head = message(f"year-column-{column}")
        table.add_column(f"{head.vi}\n{head.en}", overflow="fold", min_width=MINIMA.get(column))
    return table
