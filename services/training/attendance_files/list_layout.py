"""The layout of a list in a table: its headings, its rows, and what is around them. Pure.

Titles above the headings, totals and signatures below are left out, and reported. Anything
ambiguous is a fault whose message explains what to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from contracts.messages import Message
from services.training.attendance_files import headings
from services.training.attendance_files.spreadsheet_model import ROWS_MAX, Merged, Table, TableRow
from services.training.messages import message

_TOTAL = re.compile(r"^(tổng|cộng|total|sum)\b", re.IGNORECASE)
_FOOTER = re.compile(
    r"người lập|người điểm danh|giảng viên|báo cáo viên|xác nhận|thủ trưởng|chủ tịch|ký tên"
    r"|\(ký|ký,|đại diện|ban tổ chức|danh sách này|ấn định|ngày\s*\S{0,4}\s*tháng|t/m|tm\.|kt\.",
    re.IGNORECASE,
)
_COUNTING = {headings.plain(word) for word in ("STT", "Số TT", "TT", "Số thứ tự", "No", "#")}
_VALUES = ("hours", "test", "role", "since")
_NUMBERING = re.compile(r"\(?(\d{1,2}|[A-E])\)?")


class ListFault(NamedTuple):
    """A fault: its place as `row N.column` for programs, and a message for people."""

    field: str
    message: Message


class Layout(NamedTuple):
    """A list in a table: the places of its columns, and its rows.

    `ignored` are the headings of harmless columns, `skipped` the rows that are of no person.
    """

    table: Table
    heading_row: int
    columns: Mapping[str, int]
    titles: Sequence[str]
    rows: Sequence[TableRow]
    ignored: Sequence[str]
    skipped: Sequence[int]

    def place(self, row: int, name: str, reason: Message) -> Message:
        """A reason with its place: sheet, row, and column by its heading."""
        column = self.columns.get(name, self.columns.get("person", 0))
        at = {"row": row, "letter": letters(column), "title": self.titles[column][:60]}
        if self.table.sheet is None:
            return message("at-cell", reason=reason, **at)
        return message("at-sheet-cell", reason=reason, sheet=self.table.sheet[:60], **at)

    def beside(self, row: TableRow) -> list[ListFault]:
        """The fault of a cell below no heading."""
        for column, cell in enumerate(row.cells):
            if cell.text and not (column < len(self.titles) and self.titles[column]):
                reason = message("cell-without-heading", letter=letters(column))
                return [ListFault(f"row {row.number}", at_row(self.table, row.number, reason))]
        return []

    def missing(
        self, row: int, needed: Sequence[str], values: Mapping[str, Any],
        faults: Sequence[ListFault],
    ) -> list[ListFault]:  # fmt: skip
        """The faults of needed cells that are blank, where the cell has no other fault.

        `person` may take the place of `number`.
        """
        present = {*values, *(fault.field.rpartition(".")[2] for fault in faults)}
        present |= {"number"} if "person" in present else set()
        return [
            ListFault(f"row {row}.{name}", self.place(row, name, message("cell-missing")))
            for name in needed
            if name not in present
        ]

    def about(self) -> dict[str, Any]:
        """How the list was read, as it is answered: the sheet, and what was left out."""
        table = self.table
        return {
            "format": table.form, "sheet": table.sheet, "encoding": table.encoding or None,
            "separator": table.separator or None, "heading_row": self.heading_row,
            "rows": len(self.rows), "ignored_columns": list(self.ignored),
            "ignored_rows": list(self.skipped),
        }  # fmt: skip


def at_row(table: Table, row: int, reason: Message) -> Message:
    """A reason with its row."""
    if table.sheet is None:
        return message("at-row", row=row, reason=reason)
    return message("at-sheet-row", row=row, sheet=table.sheet[:60], reason=reason)


def letters(column: int) -> str:
    """The letters of a column, as a spreadsheet has them; `A` is column 0."""
    text, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        text = chr(65 + digit) + text
    return text


def find_layout(
    table: Table, columns: Mapping[str, str], needed: Sequence[str]
) -> tuple[Layout | None, list[ListFault]]:
    """The layout of the list in a table, and its faults; None where there is no list.

    Of the needed columns, `person` may take the place of `number`.
    """
    heading = _heading_row(table, columns)
    if heading is None:
        needs = ", ".join(columns[name] for name in needed)
        first = table.rows[0].number if table.rows else 1
        reason = message("headings-missing", needed=needs)
        return None, [ListFault(f"row {first}", at_row(table, first, reason))]
    titles = [" ".join(cell.text.split()) for cell in heading.cells]
    places, faults = _columns(titles, columns)
    lacking = [n for n in needed if n not in places and not (n == "number" and "person" in places)]
    if lacking:
        reason = message("headings-missing", needed=", ".join(columns[name] for name in lacking))
        faults.append(reason)
    below = [row for row in table.rows if row.number > heading.number]
    rows, skipped = _persons(below, places, titles)
    ignored = [t for t in titles if t and headings.column_of(t, columns) is None]
    layout = Layout(table, heading.number, places, titles, rows, ignored, skipped)
    list_faults = [
        ListFault(f"row {heading.number}", at_row(table, heading.number, fault)) for fault in faults
    ]
    list_faults += _hidden(layout) + _merged(layout)
    if not rows:
        list_faults.append(ListFault("", message("list-without-rows")))
    if len(rows) > ROWS_MAX:
        list_faults.append(ListFault("", message("file-rows-max", most=ROWS_MAX)))
    return (None if lacking else layout), list_faults


def _heading_row(table: Table, columns: Mapping[str, str]) -> TableRow | None:
    """The first of the rows that have most of our headings; one that has two at least."""
    searched = table.rows[: headings.SEARCHED_ROWS]
    counts = [
        len({headings.column_of(cell.text, columns) for cell in row.cells} - {None})
        for row in searched
    ]
    most = max(counts, default=0)
    return searched[counts.index(most)] if most >= 2 else None


def _columns(
    titles: Sequence[str], columns: Mapping[str, str]
) -> tuple[dict[str, int], list[Message]]:
    places: dict[str, int] = {}
    twice, record_missing, identity = [], [], []
    for place, title in enumerate(titles):
        name = headings.column_of(title, columns)
        if name is not None and name in places:
            twice.append(title)
        elif name is not None:
            places[name] = place
        elif headings.is_identity(title):
            identity.append(title)
        elif title and not headings.is_harmless(title, columns):
            record_missing.append(title)
    faults = []
    for code, refused in (("headings-twice", twice), ("headings-identity", identity)):
        if refused:
            faults.append(message(code, headings=_quote(refused)))
    if record_missing:
        accepted = ", ".join(columns.values())
        faults.append(
            message("headings-unknown", headings=_quote(record_missing), columns=accepted)
        )
    return places, faults


def _quote(texts: Sequence[str]) -> str:
    return ", ".join(f'"{text[:60]}"' for text in texts)


def _persons(
    below: Sequence[TableRow], places: Mapping[str, int], titles: Sequence[str]
) -> tuple[list[TableRow], list[int]]:
    """The rows of persons, and the numbers of the others: numbering, repeated headings, the foot.

    The foot has totals and signatures; a row with a staff number or with hours counts as one of a
    person there too, so that nobody is left out in silence.
    """
    rows: list[TableRow] = []
    skipped: list[int] = []
    foot = False
    for at, row in enumerate(below):
        person, values = _names_person(row, places), _has_values(row, places)
        begins = not person and _is_foot(row, values)
        foot = foot or begins
        numbering = at == 0 and _is_numbering(row)
        beside = begins or (foot and not person and not values)
        if beside or numbering or _is_blank(row, titles) or _repeats(row, places, titles):
            skipped.append(row.number)
        else:
            rows.append(row)
    return rows, skipped


def _is_foot(row: TableRow, values: bool) -> bool:
    """Whether a row is a total, or a signature without values, by its first text."""
    first = next((cell.text.strip() for cell in row.cells if cell.text.strip()), "")
    return bool(_TOTAL.match(first)) or (bool(_FOOTER.search(first)) and not values)


def _names_person(row: TableRow, places: Mapping[str, int]) -> bool:
    keys = [row.cell(places[name]).text for name in ("person", "number") if name in places]
    return any(any(letter.isdigit() for letter in text) for text in keys)


def _has_values(row: TableRow, places: Mapping[str, int]) -> bool:
    return any(row.cell(places[name]).text for name in _VALUES if name in places)


def _is_numbering(row: TableRow) -> bool:
    """Whether it is the row `(1) (2) (3)` that forms have below their headings."""
    texts = [cell.text.strip() for cell in row.cells if cell.text]
    digits = [text.strip("()") for text in texts]
    numbers = [int(digit) for digit in digits if digit.isdecimal()]
    if len(texts) < 3 or not all(_NUMBERING.fullmatch(text) for text in texts):
        return False
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else False


def _is_blank(row: TableRow, titles: Sequence[str]) -> bool:
    """Whether the row is blank but for its running number."""
    filled = [place for place, cell in enumerate(row.cells) if cell.text]
    return all(
        place < len(titles) and headings.plain(titles[place]) in _COUNTING for place in filled
    )


def _repeats(row: TableRow, places: Mapping[str, int], titles: Sequence[str]) -> bool:
    return all(
        headings.plain(row.cell(place).text) == headings.plain(titles[place])
        for place in places.values()
    )


def _hidden(layout: Layout) -> list[ListFault]:
    faults = []
    for name, place in layout.columns.items():
        if place in layout.table.hidden_columns:
            row = layout.heading_row
            reason = layout.place(row, name, message("column-hidden"))
            faults.append(ListFault(f"row {row}.{name}", reason))
    return faults + [
        ListFault(f"row {row.number}", at_row(layout.table, row.number, message("row-hidden")))
        for row in layout.rows
        if row.hidden
    ]


def _merged(layout: Layout) -> list[ListFault]:
    """Merged cells among those of persons, or of a heading over two columns."""
    ours, rows = set(layout.columns.values()), {row.number for row in layout.rows}
    return [
        ListFault(f"row {at}", at_row(layout.table, at, message("cells-merged")))
        for merged in layout.table.merged
        for at in [_merged_at(merged, ours, rows, layout.heading_row)]
        if at
    ]


def _merged_at(merged: Merged, ours: set[int], rows: set[int], heading: int) -> int:
    """The row in which merged cells touch the list; 0 where they do not."""
    if not any(merged.first_column <= place <= merged.last_column for place in ours):
        return 0
    if merged.first_row <= heading <= merged.last_row and merged.last_column > merged.first_column:
        return heading
    touched = [row for row in rows if merged.first_row <= row <= merged.last_row]
    return min(touched, default=0)
