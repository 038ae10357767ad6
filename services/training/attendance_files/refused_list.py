"""A refused list as rows that a person can mend: the cells of its table, and a file of them. Pure.

Rows and columns keep their places, so that a fault names the same cell before and after. Of the
table only the columns of the list are kept: whatever else stands in the file is read by nobody.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from contracts.messages import Message
from services.training.attendance_files import headings
from services.training.attendance_files.list_layout import find_layout
from services.training.attendance_files.list_writer import TEST_TERMS
from services.training.attendance_files.roster_list import ROLE_TERMS
from services.training.attendance_files.spreadsheet_model import Cell, Table, TableRow

OF_CELL = re.compile(r"row ([0-9]{1,7})\.([a-z]+)", re.ASCII)
NOTHING = Message("training.reason", "", "")
ROW_NUMBER_MAX, PLACES_MAX = 10_000, 100
"""Where cells may stand: a file has a line for each row above them."""


class ListKind(NamedTuple):
    """A kind of list: its columns by name with their headings, and those that it needs.

    `choices` are the texts that a column knows, as people write them.
    """

    columns: Mapping[str, str]
    needed: Sequence[str]
    choices: Mapping[str, Sequence[str]]


ROSTER = ListKind(headings.ROSTER, ("number", "role"), {"role": tuple(ROLE_TERMS.values())})
ATTENDANCE = ListKind(
    headings.ATTENDANCE, ("number", "hours"),
    {"test": tuple(text for text in TEST_TERMS.values() if text)},
)  # fmt: skip


class RefusedList(NamedTuple):
    """The cells of a list by row and column; `places` are the columns, counted from 0."""

    heading_row: int
    places: Mapping[str, int]
    rows: Mapping[int, Mapping[str, str]]


def refused_list(kind: ListKind, table: Table) -> RefusedList | None:
    """The rows of a table that can be mended; None where the table is no list of this kind.

    A column that the file lacks gets a place behind the others.
    """
    layout, _ = find_layout(table, kind.columns, kind.needed)
    if layout is None or (layout.rows[-1:] and layout.rows[-1].number > ROW_NUMBER_MAX):
        return None
    places = dict(layout.columns)
    width = max(1 + max(places.values()), *(len(row.cells) for row in table.rows))
    lacking = [name for name in kind.columns if name not in places and name != "person"]
    places |= {name: width + more for more, name in enumerate(lacking)}
    rows = {
        row.number: {name: row.cell(place).text for name, place in places.items()}
        for row in layout.rows
    }
    return RefusedList(layout.heading_row, places, rows)


def cell_of(refused: RefusedList, field: str) -> tuple[int, str] | None:
    """The row and column of a fault that can be mended; None for one of the file as a whole."""
    cell = OF_CELL.fullmatch(field)
    if cell is None or int(cell[1]) not in refused.rows or cell[2] not in refused.places:
        return None
    return int(cell[1]), cell[2]


def as_csv(kind: ListKind, refused: RefusedList) -> bytes:
    """The list as a file, in which each cell stands where it stood."""
    out = io.StringIO(newline="")
    out.write("sep=;\r\n")
    writer = csv.writer(out, delimiter=";")
    lines = {refused.heading_row: _line(refused, kind.columns)}
    lines |= {number: _line(refused, row) for number, row in refused.rows.items()}
    for number in range(1, max(lines) + 1):
        writer.writerow(lines.get(number, ()))
    return out.getvalue().encode()


def _line(refused: RefusedList, cells: Mapping[str, str]) -> list[str]:
    line = [""] * (1 + max(refused.places.values()))
    for name, place in refused.places.items():
        line[place] = cells.get(name, "")
    return line


def as_table(kind: ListKind, refused: RefusedList) -> Table:
    """The list as the table that its file has."""
    lines = {refused.heading_row: kind.columns, **refused.rows}
    rows = [
        TableRow(number, tuple(Cell("text", text) for text in _line(refused, cells)))
        for number, cells in sorted(lines.items())
    ]
    return Table("csv", tuple(rows))


def reason_of(kind: ListKind, table: Table, cell: tuple[int, str], sentence: str) -> str:
    """What is wrong in a cell, without its place, which a person sees where the cell stands."""
    layout, _ = find_layout(table, kind.columns, kind.needed)
    if layout is None or not isinstance(sentence, Message):
        return sentence
    place = layout.place(*cell, NOTHING)
    vi, en = sentence.vi.removeprefix(place.vi), sentence.en.removeprefix(place.en)
    return Message(sentence.code, vi, en)


def as_members(refused: RefusedList) -> dict[str, Any]:
    """The list in JSON types, as a form carries it."""
    return {
        "heading": refused.heading_row, "places": dict(refused.places),
        "rows": [[number, dict(row)] for number, row in refused.rows.items()],
    }  # fmt: skip


def from_members(kind: ListKind, members: Any) -> RefusedList:
    """The list that `as_members` made; ValueError for what it cannot have made."""
    try:
        places = {str(name): int(place) for name, place in members["places"].items()}
        rows = {int(n): {str(k): str(v) for k, v in row.items()} for n, row in members["rows"]}
        heading = int(members["heading"])
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("no list") from error
    sound = bool(places) and places.keys() <= kind.columns.keys()
    sound = sound and all(0 <= place <= PLACES_MAX for place in places.values())
    if not sound or any(not 1 <= number <= ROW_NUMBER_MAX for number in (heading, *rows)):
        raise ValueError("no list")
    return RefusedList(heading, places, rows)
