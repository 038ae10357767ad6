"""A what-if as a table for people: the units that change, and the indicators that do it."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.table import Table

from contracts.messages import Message
from services.commands.messages import message
from services.commands.terminal import cell
from services.commands.terminal_tables import KINDS, NO_RANK

INDICATORS_MAX = 3


def what_if_table(answer: dict[str, Any]) -> Table:
    """The units whose total, class or rank changes, by kind and future rank."""
    table = Table(
        title=cell(message("whatif-title", year=answer["year"])),
        box=box.SIMPLE_HEAD, title_style="bold", pad_edge=False, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for code, right in (
        ("table-rank", True), ("table-unit", False), ("table-key", False), ("table-total", True),
        ("table-class", False), ("whatif-indicators", False),
    ):  # fmt: skip
        head = message(code)
        table.add_column(
            f"{head.vi}\n{head.en}", justify="right" if right else "left", overflow="fold"
        )
    kind = None
    for item in answer["items"]:
        if not _changes(item):
            continue
        if item["kind"] != kind:
            kind = item["kind"]
            name = message(f"kind-{kind}") if kind in KINDS else Message("kind", kind, kind)
            table.add_section()
            table.add_row("", cell(name.vi), "", "", "", cell(name.en), style="bold")
        table.add_row(*map(cell, _row(item)))
    return table


def _changes(item: dict[str, Any]) -> bool:
    pairs = (item[name] for name in ("total", "class", "rank"))
    return any(pair["now"] != pair["then"] for pair in pairs)


def _row(item: dict[str, Any]) -> list[str]:
    changes = [
        f"{change['indicator']} {_signed(change['difference'])}"
        for change in item["indicators"][:INDICATORS_MAX]
    ]
    more = len(item["indicators"]) - INDICATORS_MAX
    return [
        _pair(item["rank"]), item["name"], item["unit"], _pair(item["total"]),
        _pair(item["class"]), ", ".join([*changes, *([f"+{more}"] if more > 0 else [])]),
    ]  # fmt: skip


def _pair(pair: dict[str, Any]) -> str:
    now, then = (NO_RANK if pair[moment] is None else str(pair[moment]) for moment in pair)
    return now if now == then else f"{now} → {then}"


def _signed(difference: str) -> str:
    return difference if difference.startswith("-") else f"+{difference}"


def summary(answer: dict[str, Any]) -> Message:
    """How many units rise, fall and stay, and how many events were read."""
    rises, falls = len(answer["rises"]), len(answer["falls"])
    others = len(answer["items"]) - rises - falls
    return message(
        "whatif-summary", rises=rises, falls=falls, others=others, events=answer["events"]
    )  # fmt: skip
