"""Uploaded files cost their own reader alone: bounded in time, memory and number, and killed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.chassis.http.service_api import Problem
from services.training.attendance_files.spreadsheet_model import TableFault
from services.training.attendance_files.table_process import TableProcesses
from tests.support.builders.acts import NAME, assigned, planned, scheduled
from tests.support.builders.desks import ON_SQLITE, Desk
from tests.support.builders.workbooks import HEAD, ods, patched, xlsx

pytestmark = pytest.mark.anyio
COLUMNS = HEAD.split(",")
GOOD = xlsx(COLUMNS, ["CB-1", NAME, 8, "Đạt"])


def _entities() -> bytes:
    """Sixteen kilobytes that would unfold to gigabytes."""
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 150}">'.encode() for n in range(12)
    )
    sheet = laughs + b"]><worksheet><sheetData><row><c><v>&m;</v></c></row></sheetData></worksheet>"
    return patched(GOOD, sheet1=sheet)


def _merged() -> bytes:
    """Merged cells without end, which a pattern would go through again and again."""
    cells = b"<mergeCells>" + b"<mergeCell " * 40_000
    return patched(GOOD, sheet1={b"</sheetData>": b"</sheetData>" + cells})


def _overlapping() -> bytes:
    """A hundred thousand merged cells, well-formed."""
    cells = b"".join(b'<mergeCell ref="A2:D9"/>' for _ in range(100_000))
    whole = b"</sheetData><mergeCells>" + cells + b"</mergeCells>"
    return patched(GOOD, sheet1={b"</sheetData>": whole})


def _deep() -> bytes:
    """Elements in elements."""
    return patched(GOOD, sheet1=b"<worksheet>" + b"<a>" * 100_000)


def _large() -> bytes:
    """A part that unpacks to a hundred megabytes of blanks."""
    return patched(GOOD, sheet1=b"<worksheet>" + b" " * 100 * 2**20)


def _far() -> bytes:
    """A table of seventeen milliards of cells, of which one is filled."""
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return patched(GOOD, sheet1={b"</sheetData>": cell})


def _open_document() -> bytes:
    """A row of an OpenDocument table that is repeated without end."""
    return ods([["x"] * 40], row='table:number-rows-repeated="1048576"')


HOSTILE: dict[str, Callable[[], bytes]] = {
    "entities": _entities, "mergeCell": _merged, "merged": _overlapping, "deep": _deep,
    "large": _large, "far": _far, "ods": _open_document,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_file_is_refused_with_a_sentence(name: str) -> None:
    """By its own reader, whatever it would cost; the next file is read as if nothing had been."""
    readers = TableProcesses()
    with pytest.raises(TableFault):
        await readers.read(HOSTILE[name]())
    assert (await readers.read(GOOD)).sheet == "Sheet"
    assert readers.pending == 0


async def test_three_hundred_thousand_names_are_no_burden() -> None:
    """Names that a workbook defines are of no list: it is read, or refused with a sentence."""
    names = b"".join(
        b'<definedName name="n%d">Sheet!$A$1</definedName>' % n for n in range(300_000)
    )
    raw = patched(
        GOOD, workbook={b"</sheets>": b"</sheets><definedNames>" + names + b"</definedNames>"}
    )
    assert (await TableProcesses(seconds=60).read(raw)).rows[1].cell(0).text == "CB-1"


def children() -> set[int]:
    """The processes that this one started and that are not yet reaped."""
    tasks = Path(f"/proc/{os.getpid()}/task")
    return {int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()}


async def test_a_reader_that_takes_too_long_is_killed_and_leaves_nothing() -> None:
    """No process stays behind, neither after the time is over nor after the caller is gone."""
    before = children()
    with pytest.raises(TableFault, match="too-slow"):
        await TableProcesses(seconds=0.0).read(GOOD)
    assert children() <= before
    asking = asyncio.create_task(TableProcesses().read(_large()))
    while not children() - before:
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert children() <= before


async def test_readers_and_those_who_wait_are_bounded() -> None:
    """Whoever comes when all places are taken is told so at once, and comes again later."""
    readers = TableProcesses(readers=1, waiting=1)
    first, second = (asyncio.create_task(readers.read(GOOD)) for _ in range(2))
    while readers.pending < 2:
        await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        await readers.read(GOOD)
    assert (refused.value.status, "Retry-After" in refused.value.headers) == (503, True)
    assert (await first, (await second).form)[1] == "xlsx"
    assert (await readers.read(GOOD)).form == "xlsx"


@ON_SQLITE
async def test_others_are_answered_while_a_hostile_file_is_read(desk: Desk) -> None:
    """Queries go on: many are answered before the answer to the file comes."""
    await assigned(desk)
    course = await planned(desk)
    session = await scheduled(desk, course)
    path = f"courses/{course}/sessions/{session}/attendance"
    raw: dict[str, Any] = {name: make() for name, make in HOSTILE.items()}
    for name, body in raw.items():
        upload = asyncio.create_task(desk.ask("POST", path, "clerk", body))
        answered = 0
        while not upload.done():
            assert (await desk.get(f"courses/{course}")).status_code == 200
            answered += 1
        refused = await upload
        assert (refused.status_code, answered >= 2) == (422, True), name
        (error,) = refused.json()["errors"]
        assert error["message_vi"] and error["message_en"], name
    good = await desk.ask("POST", path, "clerk", GOOD)
    assert (good.status_code, good.json()["list"]["sheet"]) == (200, "Sheet")
