"""The import of a list as a page: a file, and where it is refused, its rows to be mended.

Whatever stands in cells comes back as a table with the faults beside them, and is sent again as
the same list; a fault of the file as a whole has to be mended in the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from contracts.messages import Message
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import Answer, RecordApi
from services.training.attendance_files.refused_list import (
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
from services.training.attendance_files.spreadsheet_model import Table, TableFault
from services.training.attendance_files.table_process import TableProcesses
from services.training.pages.messages import message

ANY_FILE = "text/csv"
"""The format of a file is recognised by its first bytes, whatever a browser calls it."""
SKIPPED, SKIPPED_SHOWN = re.compile(r"[0-9]+(, [0-9]+)*", re.ASCII), 50
ROWS_SHOWN, FAULTS_SHOWN = 100, 20
"""How many faulty rows a page has to mend, and how many faults of a file it names."""


class Import(NamedTuple):
    """Where a list goes: the path of the interface, and the page with its title and address.

    `about` begins the codes of what the page says; `crumbs` are the pages that it belongs to.
    `version` is that of the record which the list changes; empty where it only adds records.
    """

    path: str
    title: Message
    address: str
    about: str
    crumbs: list[tuple[str, str]]
    version: str = ""

    @property
    def back(self) -> str:
        """The address of the page that it belongs to."""
        return self.crumbs[-1][1]


@dataclass(frozen=True)
class ListUploads:
    """Imports lists of one kind through the interface."""

    kind: ListKind
    api: RecordApi
    readers: TableProcesses = field(default_factory=TableProcesses)

    async def send_file(self, visit: Visit, form: Form, target: Import) -> Answer | Response:
        """The answer to an accepted file; the page of its rows, or the form again with its faults.

        The form has the field `file`, and `sheet` for a workbook with several.
        """
        file, sheet = form.files.get("file"), form.text("sheet")
        raw = await file.read() if file is not None else b""
        if not raw:
            form.refuse("file", message("list-no-file"))
            return import_page(visit, form, target, 422)
        answer = await self.api.upload(visit, form, target.path, raw, ANY_FILE, sheet=sheet)
        if not form.faulty:
            return answer
        table = await self._table(raw, sheet)
        refused = refused_list(self.kind, table) if table else None
        if table is not None and refused is not None:
            rows = rows_at_fault(refused, form)
            if rows and len(rows) <= ROWS_SHOWN:
                return self._mend_page(visit, form, target, refused, table, rows)
        tell_faults(form)
        return import_page(visit, form, target, answer.status)

    async def send_rows(self, visit: Visit, form: Form, target: Import) -> Answer | Response:
        """The answer to a list that was mended, or its rows again with what is still wrong."""
        try:
            refused, rows = sent_rows(self.kind, form)
        except (ValueError, RecursionError):
            form.general.append(message("list-broken"))
            return import_page(visit, form, target, 400)
        raw = as_csv(self.kind, refused)
        answer = await self.api.upload(visit, form, target.path, raw, ANY_FILE)
        if not form.faulty:
            return answer
        rows |= rows_at_fault(refused, form) or set()
        return self._mend_page(visit, form, target, refused, as_table(self.kind, refused), rows)

    def show_rows(self, visit: Visit, form: Form, target: Import) -> Response:
        """The rows that were being mended when a session ended, as they were left."""
        try:
            refused, rows = sent_rows(self.kind, form)
        except (ValueError, RecursionError):
            return import_page(visit, form, target)
        table = as_table(self.kind, refused)
        return self._mend_page(visit, form, target, refused, table, rows, 200)

    async def _table(self, raw: bytes, sheet: str) -> Table | None:
        try:
            return await self.readers.read(raw, sheet or None)
        except TableFault:
            return None

    def _mend_page(
        self, visit: Visit, form: Form, target: Import, refused: RefusedList, table: Table,
        rows: set[int], status: int = 422,
    ) -> Response:  # fmt: skip
        """The rows with faults as fields, the others beside them."""
        name_cells(self.kind, form, refused, table)
        editable = [(number, refused.rows[number]) for number in sorted(rows & refused.rows.keys())]
        form.values["list"] = [json.dumps(as_members(refused), ensure_ascii=False)]
        return visit.page(
            "list_mend.html", status, form=form, target=target, kind=self.kind, editable=editable,
            columns=[name for name in self.kind.columns if name in refused.places],
            rest=[row for number, row in refused.rows.items() if number not in rows],
        )  # fmt: skip


def add_list_import(
    pages: FastAPI, site: Site, route: str, uploads: ListUploads,
    target_of: Callable[[Visit], Awaitable[Import]], lead_on: Callable[[Visit, Answer], Response],
) -> None:  # fmt: skip
    """The form of a file below a route, the import, and the import of rows that were mended."""

    @pages.get(f"{route}/import")
    async def list_import(request: Request) -> Response:
        visit = site.visit(request)
        target = await target_of(visit)
        form = visit.form(target.version)
        if form.restored and form.text("list"):
            return uploads.show_rows(visit, form, target)
        return import_page(visit, form, target)

    def add(path: str, send: Callable[[Visit, Form, Import], Awaitable[Answer | Response]]) -> None:
        @pages.post(path)
        async def import_list(request: Request) -> Response:
            visit = site.visit(request)
            form = await visit.sent_form(files=True)
            answer = await send(visit, form, await target_of(visit))
            return answer if isinstance(answer, Response) else lead_on(visit, answer)

    add(f"{route}/import", uploads.send_file)
    add(f"{route}/import/rows", uploads.send_rows)


def skipped_query(answer: Answer) -> str:
    """The rows of an accepted list that were read as of no person, for the address of a page."""
    rows = answer.body["list"]["ignored_rows"]
    return f"skipped={quote(', '.join(map(str, rows[:SKIPPED_SHOWN])))}" if rows else ""


def skipped_rows(visit: Visit) -> str:
    """The rows that the address of a page names as skipped; empty for anything else."""
    text = visit.request.query_params.get("skipped", "")
    return text if SKIPPED.fullmatch(text) else ""


def import_page(visit: Visit, form: Form, target: Import, status: int = 200) -> Response:
    """The form of a file."""
    return visit.page("list_import.html", status, form=form, target=target)


def rows_at_fault(refused: RefusedList, form: Form) -> set[int] | None:
    """The rows whose cells have faults; None where something else is wrong, too."""
    cells = [cell_of(refused, name) for name in form.errors]
    if form.general or None in cells:
        return None
    return {cell[0] for cell in cells if cell is not None}


def sent_rows(kind: ListKind, form: Form) -> tuple[RefusedList, set[int]]:
    """The list with what was typed into its cells, without the rows that were left out.

    Also the numbers of the rows that were shown; ValueError for a form that is not ours.
    """
    refused = from_members(kind, json.loads(form.text("list")))
    rows, editable = dict(refused.rows), set[int]()
    for number, row in refused.rows.items():
        names = [name for name in row if f"cell-{number}-{name}" in form.values]
        if names:
            editable.add(number)
            rows[number] = {**row, **{n: form.text(f"cell-{number}-{n}") for n in names}}
        if form.checked(f"leave-{number}"):
            del rows[number]
    return refused._replace(rows=rows), editable


def name_cells(kind: ListKind, form: Form, refused: RefusedList, table: Table) -> None:
    """Puts the faults of cells at their fields; any other is one of the whole list."""
    for name, sentences in list(form.errors.items()):
        cell = cell_of(refused, name)
        del form.errors[name]
        if cell is None:
            form.general += sentences
            continue
        reasons = [reason_of(kind, table, cell, sentence) for sentence in sentences]
        form.errors[f"cell-{cell[0]}-{cell[1]}"] = reasons


def tell_faults(form: Form) -> None:
    """Makes the faults of a file sentences of the form, which name their places themselves."""
    sentences = [sentence for each in form.errors.values() for sentence in each]
    form.errors.clear()
    form.general += sentences[:FAULTS_SHOWN]
    if len(sentences) > FAULTS_SHOWN:
        form.general.append(message("list-more-faults", count=len(sentences) - FAULTS_SHOWN))
