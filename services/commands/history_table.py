"""What moved a rating as a table: when, how the total moved, and by which event."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.table import Table

from contracts import moments
from contracts.moment_texts import moment_text
from services.commands.messages import message
from services.commands.terminal import cell, cell_lines
from services.scoring.exports.event_labels import event_label

NO_CLASS = "–"


def history_table(
    changes: Iterable[dict[str, Any]], unit: str, year: int, names: Mapping[str, str]
) -> Table:
    """The changes of a unit's rating, newest first; `names` are those of indicators by id."""
    table = Table(
        title=cell(message("history-title", unit=unit, year=year)),
        box=box.SIMPLE_HEAD, title_style="bold", pad_edge=False, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for code, numeric in (
        ("history-at", False), ("history-before", True), ("history-total", True),
        ("history-class", False), ("history-cause", False), ("history-lines", False),
    ):  # fmt: skip
        name = message(code)
        table.add_column(
            f"{name.vi}\n{name.en}", justify="right" if numeric else "left",
            no_wrap=numeric or code == "history-at", overflow="fold",
        )  # fmt: skip
    for change in changes:
        table.add_row(*_row(change, names))
    return table


def _row(change: dict[str, Any], names: Mapping[str, str]) -> list[Any]:
    cause = change["cause"]
    return [
        cell(moment_text(moments.instant(change["at"]), seconds=True).vi),
        cell(change["before"]),
        cell(change["total"]),
        cell(change["class"] or NO_CLASS),
        cell_lines(_event_name(cause["type"]), cause["id"]),
        cell_lines(*(_line(line, names) for line in change["moved"])),
    ]


def _event_name(type_: str) -> str:
    """The name of a type of event; the type itself where a later version of danchu knows more."""
    try:
        return event_label(type_).vi
    except KeyError:
        return type_


def _line(line: dict[str, Any], names: Mapping[str, str]) -> str:
    name = names.get(line["indicator"], line["indicator"])
    return f"{name}: {line['before'] or NO_CLASS} → {line['points'] or NO_CLASS}"
