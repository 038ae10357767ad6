"""A refused list keeps its places, so that each fault names the same cell when it comes again."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.messages import Message
from services.training.attendance_files.list_layout import find_layout
from services.training.attendance_files.refused_list import (
    ATTENDANCE,
    ROSTER,
    ListKind,
    RefusedList,
    as_csv,
    as_members,
    as_table,
    cell_of,
    from_members,
    reason_of,
    refused_list,
)
from services.training.attendance_files.spreadsheet_model import Cell, Table, TableRow
from services.training.attendance_files.text_table import read_text


def table_of(*lines: tuple[int, list[str]]) -> Table:
    """A table with these rows by number."""
    rows = [TableRow(number, tuple(Cell("text", t) for t in texts)) for number, texts in lines]
    return Table("xlsx", tuple(rows), sheet="Danh sách")


TABLE = table_of(
    (2, ["Danh sách cán bộ"]), (40, ["STT", "Số hiệu", "", "Vai trò", "Ghi chú"]),
    (42, ["1", "CB-1", "", "Khác", 'đã "nghỉ"']), (43, ["2", "=1+1", "", 'Giám;"đốc"\nmới', ""]),
)  # fmt: skip


def made(kind: ListKind, table: Table) -> RefusedList:
    """The rows of a table that has a list."""
    refused = refused_list(kind, table)
    assert refused is not None
    return refused


def test_each_cell_stands_in_the_file_where_it_stood() -> None:
    """Row 43 is row 43 again, whatever stands in it; a column that the file lacks comes behind."""
    refused = made(ROSTER, TABLE)
    assert refused.places == {"number": 1, "role": 3, "name": 5, "since": 6}
    table = read_text(as_csv(ROSTER, refused))
    assert [row.number for row in table.rows] == [40, 42, 43]
    assert table.rows[2].cell(3).text == 'Giám;"đốc"\nmới' and table.rows[2].cell(1).text == "=1+1"
    assert made(ROSTER, table).rows == refused.rows
    assert made(ROSTER, as_table(ROSTER, refused)).rows == refused.rows


def test_what_belongs_to_no_column_of_the_list_is_kept_by_nobody() -> None:
    """Notes and identity numbers of a file do not come back."""
    table = table_of((1, ["Số hiệu", "Vai trò", "CCCD"]), (2, ["CB-1", "Khác", "025199001234"]))
    assert b"025199001234" not in as_csv(ROSTER, made(ROSTER, table))
    assert refused_list(ROSTER, table_of((1, ["a", "b"]), (2, ["c", "d"]))) is None
    assert refused_list(ATTENDANCE, table) is None


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("row 43.role", (43, "role")), ("row 42.since", (42, "since")), ("row 41.role", None),
        ("row 40.role", None), ("row 43", None), ("", None), ("row 43.hours", None),
    ],
)  # fmt: skip
def test_a_fault_can_be_mended_where_it_names_a_cell_of_the_list(
    field: str, cell: tuple[int, str] | None
) -> None:
    """A fault of a row, of the headings or of the file has to be mended in the file."""
    assert cell_of(made(ROSTER, TABLE), field) == cell


def test_a_reason_is_told_without_the_place_that_everybody_sees() -> None:
    """In both languages; any other sentence stays as it is."""
    layout, _ = find_layout(TABLE, ROSTER.columns, ROSTER.needed)
    assert layout is not None
    sentence = layout.place(43, "role", Message("x.y", "phải khác.", "must differ."))
    reason = reason_of(ROSTER, TABLE, (43, "role"), sentence)
    assert isinstance(reason, Message) and (reason.vi, reason.en) == ("phải khác.", "must differ.")
    assert reason_of(ROSTER, TABLE, (42, "role"), sentence) == sentence


def test_a_form_carries_the_list_and_nothing_else() -> None:
    """What the page has made is read again; what it cannot have made is refused."""
    refused = made(ROSTER, TABLE)
    members = as_members(refused)
    assert from_members(ROSTER, members) == refused
    wrongs: tuple[Any, ...] = (
        1, [], {}, members | {"heading": 0}, members | {"heading": 10**9}, members | {"rows": 1},
        members | {"places": {}}, members | {"places": {"hours": 1}},
        members | {"places": {"number": -1}}, members | {"places": {"number": 10**9}},
        members | {"rows": [[10**9, {}]]}, members | {"rows": [["x", {}]]},
        members | {"rows": [[1]]},
    )  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(ValueError):
            from_members(ROSTER, wrong)
