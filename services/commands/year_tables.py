"""Years as tables for people: Vietnamese first, English after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich import box
from rich.table import Table

from services.commands.messages import message
from services.commands.terminal import cell

COLUMNS = ("year", "stage", "version", "cut-off", "reply-until", "late", "undecided", "possible")
DECISION_COLUMNS = ("stage", "version", "number", "date", "by", "at", "reason")
NONE = "–"


def years_table(years: Iterable[dict[str, Any]]) -> Table:
    """The years, a line each."""
    table = _table("year-table-title", COLUMNS)
    for year in years:
        table.add_row(*map(cell, [
            str(year["year"]), f"{year['stage_vi']} / {year['stage_en']}", str(year["version"]),
            year["cut_off"] or NONE, year["reply_until"] or NONE, str(year["late"]),
            str(len(year["undecided"])), ", ".join(year["possible"]) or NONE,
        ]))  # fmt: skip
    return table


def decisions_table(year: dict[str, Any]) -> Table:
    """The decisions on a year, the first one first."""
    table = _table("year-decisions-title", DECISION_COLUMNS)
    for decision in year["decisions"]:
        table.add_row(*map(cell, [
            f"{decision['stage_vi']} / {decision['stage_en']}", str(decision["version"]),
            decision["decision"], decision["date"] or NONE, decision["by"] or NONE,
            decision["at"], decision["reason"] or NONE,
        ]))  # fmt: skip
    return table


def seal_lines(year: dict[str, Any]) -> list[str]:
    """A sentence for each seal, for the draft, and for each appeal that waits."""
    lines: list[str] = [message("year-seal", **seal) for seal in year["seals"]]
    if year["draft"] is not None:
        lines.append(message("year-draft", **year["draft"]))
    for appeal in year["undecided"]:
        code = "year-appeal-without-year" if appeal["year_missing"] else "year-appeal"
        lines.append(message(code, **appeal))
    return lines


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(
        title=cell(message(title)), box=box.SIMPLE_HEAD, title_style="bold", pad_edge=False,
        padding=(0, 1, 0, 0),
    )  # fmt: skip
    for column in columns:
        head = message(f"year-column-{column}")
        table.add_column(f"{head.vi}\n{head.en}", overflow="fold")
    return table
