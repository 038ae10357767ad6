"""Rosters: the rows of a table, each with its faults. Pure.

As in attendance lists, all faults are answered at once, by row, column and reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, get_args

from contracts import moments
from contracts.messages import Message
from services.training.attendance_files import headings
from services.training.attendance_files.attendance_list import (
    Check,
    fault_of,
    identifier_of,
    text_of,
)
from services.training.attendance_files.list_layout import Layout, ListFault, find_layout
from services.training.attendance_files.spreadsheet_model import Cell, Table, TableRow
from services.training.domain import labels
from services.training.domain.roster import Role
from services.training.messages import message

ROLE_TERMS: dict[Role, str] = {
    role: label.vi[0].upper() + label.vi[1:]
    for role, label in ((role, labels.role(role)) for role in get_args(Role))
}
"""The labels of roles as a cell has them; pages have the same ones."""
_ROLE_WORDS: tuple[tuple[Role, tuple[str, ...]], ...] = (
    ("official", (
        "cán bộ, công chức, viên chức", "cán bộ", "công chức", "viên chức",
        "cán bộ, công chức", "CBCC", "CBCCVC", "official",
    )),
    ("board_member", (
        "thành viên ban", "thành viên ban thanh tra nhân dân", "ban thanh tra nhân dân",
        "thành viên ban giám sát đầu tư của cộng đồng", "board_member", "board member",
    )),
    ("neighbourhood", (
        "khu dân cư", "tổ dân phố", "trưởng khu dân cư", "người hoạt động ở khu dân cư",
        "neighbourhood",
    )),
    ("other", ("khác", "vai trò khác", "other")),
)  # fmt: skip
_ROLES = {headings.plain(text): role for role, texts in _ROLE_WORDS for text in texts}
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)


class RosterRow(NamedTuple):
    """A line of a roster; `since` is a day, or None where the list has none."""

    row: int
    role: Role | None
    since: str | None
    person: str | None
    number: str | None
    name: str | None
    faults: Sequence[ListFault]


class RosterList(NamedTuple):
    """The rows of a roster, and the faults of the list as a whole."""

    rows: Sequence[RosterRow]
    faults: Sequence[ListFault]
    layout: Layout | None


def read(table: Table, check: Check) -> RosterList:
    """The roster in a table; `check` as in attendance lists."""
    layout, faults = find_layout(table, headings.ROSTER, ("number", "role"))
    if layout is None:
        return RosterList([], faults, None)
    return RosterList([_row(layout, row, check) for row in layout.rows], faults, layout)


def _row(layout: Layout, row: TableRow, check: Check) -> RosterRow:
    values: dict[str, Any] = {}
    faults: list[ListFault] = layout.beside(row)
    for name, place in layout.columns.items():
        value = _value(name, row.cell(place), check)
        if isinstance(value, Message):
            reason = layout.place(row.number, name, value)
            faults.append(ListFault(f"row {row.number}.{name}", reason))
        elif value is not None:
            values[name] = value
    faults += layout.missing(row.number, ("number", "role"), values, faults)
    return RosterRow(
        row.number, values.get("role"), values.get("since"), values.get("person"),
        values.get("number"), values.get("name"), tuple(faults),
    )  # fmt: skip


def _value(name: str, cell: Cell, check: Check) -> str | Message | None:
    text, fault = text_of(cell), fault_of(cell)
    if fault is not None or not text:
        return fault
    if name == "role":
        return _ROLES.get(headings.plain(text)) or message(
            "role-unknown", roles="; ".join(ROLE_TERMS.values())
        )
    if name == "since":
        return day_of(cell)
    return identifier_of(name, cell, check)


def day_of(cell: Cell) -> str | Message:
    """A day as `YYYY-MM-DD`, from a date cell, `2025-03-01`, or `01/03/2025` (the day first)."""
    text = text_of(cell)
    local = _DAY.fullmatch(text)
    spelled = f"{local[3]}-{int(local[2]):02d}-{int(local[1]):02d}" if local else text
    try:
        return moments.bounded_day(spelled)
    except ValueError:
        return message("day-unknown")
