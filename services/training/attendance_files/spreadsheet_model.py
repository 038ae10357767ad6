"""The model of a spreadsheet or text file: one table of cells, or the fault of the file. Pure.

The process that reads a file sends it as JSON, so that nothing else passes between processes. Rows
are numbered as a spreadsheet shows them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

ROWS_MAX, COLUMNS_MAX, CELL_MAX = 2000, 50, 500
FOOTER_ROWS_MAX = 100
"""Rows beside those of persons: titles above the headings, totals and signatures below."""
Kind = Literal["text", "number", "hours", "date", "boolean", "error", "uncomputed", "formatted"]


class Cell(NamedTuple):
    """One cell: its kind, and its text as a person sees it.

    `hours` is a time of day or a duration, in hours; `date` is `YYYY-MM-DD`; `uncomputed` is a
    formula without a stored value; `formatted` is a number in an unknown number format, such as
    with letters before it.
    """

    kind: Kind
    text: str


BLANK = Cell("text", "")


class TableRow(NamedTuple):
    """One row that is not blank; `hidden` where a person who opens the file does not see it."""

    number: int
    cells: tuple[Cell, ...]
    hidden: bool = False

    def cell(self, column: int) -> Cell:
        """The cell of a column, counted from 0; blank beyond the last."""
        return self.cells[column] if column < len(self.cells) else BLANK

    @property
    def text(self) -> str:
        """The texts of its cells, by which titles, totals and signatures are recognised."""
        return " ".join(cell.text for cell in self.cells if cell.text)


class Merged(NamedTuple):
    """Cells that are merged into one: the rows, and the columns counted from 0, all inclusive."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


class Table(NamedTuple):
    """The one table of a file; `sheet` is its name where the file has sheets."""

    form: str
    rows: tuple[TableRow, ...]
    sheet: str | None = None
    merged: tuple[Merged, ...] = ()
    hidden_columns: frozenset[int] = frozenset()
    separator: str = ""
    encoding: str = ""


class TableFault(Exception):
    """A fault of the whole file: a code of the catalogue, and its values."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code, self.values = code, values


def as_json(table: Table) -> dict[str, Any]:
    """The table as JSON has it."""
    rows = [
        [row.number, row.hidden, [cell.text if cell.kind == "text" else cell for cell in row.cells]]
        for row in table.rows
    ]
    return {
        **table._asdict(), "rows": rows, "hidden_columns": sorted(table.hidden_columns)
    }  # fmt: skip


def from_json(raw: Mapping[str, Any]) -> Table:
    """The table of the JSON that `as_json` makes."""
    return Table(
        raw["form"],
        tuple(TableRow(number, _cells(cells), hidden) for number, hidden, cells in raw["rows"]),
        raw["sheet"],
        tuple(Merged(*cells) for cells in raw["merged"]),
        frozenset(raw["hidden_columns"]),
        raw["separator"],
        raw["encoding"],
    )


def _cells(raw: Sequence[Any]) -> tuple[Cell, ...]:
    return tuple(Cell("text", cell) if isinstance(cell, str) else Cell(*cell) for cell in raw)


def trim(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells without blank ones at the end, in NFC; a cell of spaces is blank.

    Texts are cut one character beyond their limit.
    """
    whole = [cell._replace(text=_text(cell.text)) for cell in cells]
    while whole and not whole[-1].text:
        whole.pop()
    return tuple(whole)


def _text(text: str) -> str:
    return unicodedata.normalize("NFC", text)[: CELL_MAX + 1] if text.strip() else ""


def bound_rows(rows: Sequence[TableRow]) -> tuple[TableRow, ...]:
    """The rows; TableFault where they are more than any list has, or wider."""
    if len(rows) > ROWS_MAX + FOOTER_ROWS_MAX:
        raise TableFault("rows-max", most=ROWS_MAX)
    for row in rows:
        if len(row.cells) > COLUMNS_MAX:
            raise TableFault("columns-max", most=COLUMNS_MAX, row=row.number)
    return tuple(rows)
