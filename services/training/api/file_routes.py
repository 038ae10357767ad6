"""Lists as files over HTTP: attendance and rosters in and out, and templates to fill in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from fastapi import FastAPI, Query, Request, Response

from services.chassis.auth.credentials import READS_ALL, Credential, role_missing
from services.chassis.http.language import labelled
from services.chassis.http.openapi import Page
from services.chassis.http.service_api import Problem
from services.records.command_endpoint import Desk, json_answer, route_answers
from services.records.record import check_unit, load_record, unit_of
from services.records.routes import READERS, Id, page
from services.records.work import Outcome, Work
from services.training import queries
from services.training.api import answers, query_api, request_bodies, uploads
from services.training.api.query_api import READS_NAMES, Form, Names, SessionName, Unit
from services.training.attendance_files import headings, list_writer
from services.training.attendance_files.list_writer import Line, Value
from services.training.attendance_files.spreadsheet_model import ROWS_MAX, Table
from services.training.attendance_files.table_process import TableProcesses
from services.training.domain import course
from services.training.domain.attendance import Session
from services.training.domain.labels import TERMS
from services.training.domain.names import by_name
from services.training.handlers import roster_import
from services.training.handlers.courses import Courses, session_number
from services.training.handlers.rosters import Rosters
from services.training.messages import message

CLERK = ("clerk",)
_UPLOAD = {
    "required": True,
    "content": {
        kind: {"schema": {"type": "string", "format": "binary"}} for kind in uploads.READ_TYPES
    },
}
Sheet = Annotated[
    str | None,
    Query(
        min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*$",
        description="which sheet of a workbook is meant, where several have content",
    ),
]  # fmt: skip


class FileName(NamedTuple):
    """The name of a file without its extension, and the title of its sheet."""

    stem: str
    sheet: str


ATTENDANCE, ROSTER = FileName("diem-danh", "Điểm danh"), FileName("danh-sach", "Danh sách")


@dataclass(frozen=True)
class Files:
    """The parts that all routes of files share."""

    api: FastAPI
    desk: Desk
    names: Names
    readers: TableProcesses = field(default_factory=TableProcesses)

    async def read_upload(self, request: Request, sheet: str | None) -> Table:
        """The table of the file in the body, read in a process of its own."""
        uploads.check_type(request.headers.get("content-type", ""))
        return await uploads.read_table(self.readers, await request.body(), sheet)


def add_files(files: Files, rosters: Rosters, courses: Courses) -> None:
    """Adds every route that imports or exports a list as a file."""
    _add_attendance(files)
    _add_attendance_import(files, courses)
    _add_template(files)
    _add_roster(files)
    _add_roster_import(files, rosters)


def _describe_upload(model: Any) -> dict[str, Any]:
    problems = (400, 401, 403, 404, 409, 412, 413, 415, 422, 503)
    about = route_answers(*problems, command=True, model=model)
    about["openapi_extra"] = {**about["openapi_extra"], "requestBody": _UPLOAD}
    return about


def _add_attendance(files: Files) -> None:
    @files.api.get(
        "/courses/{id}/sessions/{session}/attendance",
        summary="Who attended a session; as a file for the right role",
        **route_answers(
            401, 403, 404, 422, 503, files=uploads.TYPES, model=answers.SessionAttendance
        ),
    )  # fmt: skip
    async def get_attendance(
        request: Request, id: Id, session: SessionName, form: Form = "json"
    ) -> Response:
        reader = files.desk.caller(request, READERS, message("read-attendance"))
        unit, about = await session_of(files.desk, reader, id, session)
        rows = sorted(about.attended.items())
        items = [{"person": key, **row._asdict()} for key, row in rows]
        if form != "json":
            _check_names(files, reader, unit)
        items = await files.names.into(reader, unit, f"attendance of {id} {session}", items)
        if form != "json":
            lines = list_writer.attendance_cells([Line(**item) for item in by_name(items)])
            return file_answer(form, ATTENDANCE, headings.ATTENDANCE.values(), lines)
        place = {"session": session, "number": session_number(session)}
        return json_answer(labelled({**place, "items": items, "next": None}, TERMS))


def _check_names(files: Files, reader: Credential, unit: str) -> None:
    """Problem 403 where the reader may not see the names in a file."""
    if not files.names.allowed(reader, unit):
        raise role_missing(reader, READS_NAMES, message("act-names"))


def _add_attendance_import(files: Files, courses: Courses) -> None:
    @files.api.post(
        "/courses/{id}/sessions/{session}/attendance",
        summary="Import an attendance list (XLSX, XLS, ODS, CSV): all of it or nothing",
        **_describe_upload(answers.ImportedAttendance),
    )  # fmt: skip
    async def import_attendance(
        request: Request, id: Id, session: SessionName, sheet: Sheet = None
    ) -> Response:
        files.desk.caller(request, CLERK, message("import-attendance"))
        uploaded = uploads.attendance_of(await files.read_upload(request, sheet))

        async def work(work: Work) -> Outcome:
            query_api.check_course(id)
            answer = await courses.attend(
                work, id, session, uploaded.rows, uploaded.faults, whole=True
            )
            body = {**answer.body, "session": session, "list": uploaded.about}
            return answer._replace(body=body)

        return await files.desk.execute(request, CLERK, message("import-attendance"), work)


def _add_template(files: Files) -> None:
    @files.api.get(
        "/templates/attendance",
        summary="An attendance list to fill in: empty, or with the roster of a unit",
        **route_answers(401, 403, 422, 503, files=uploads.TYPES),
    )  # fmt: skip
    async def get_template(
        request: Request, choice: Annotated[request_bodies.TemplateQuery, Query()]
    ) -> Response:
        reader = files.desk.caller(request, READERS, message("read-templates"))
        lines: list[Line] = []
        if choice.unit is not None:
            _check_names(files, reader, choice.unit)
            members = await _members(files, reader, choice.unit, choice)
            persons = {m["person"]: Line(m["person"], m["number"], m["name"], None, None)
                       for m in members}  # fmt: skip
            lines = list(persons.values())
        cells = list_writer.attendance_cells(lines)
        return file_answer(choice.format, ATTENDANCE, headings.ATTENDANCE.values(), cells)


def _add_roster_import(files: Files, rosters: Rosters) -> None:
    @files.api.post(
        "/rosters/{unit}",
        summary="Import a roster (XLSX, XLS, ODS, CSV): who is not yet on it comes on it",
        **_describe_upload(answers.ImportedRoster),
    )  # fmt: skip
    async def import_roster(request: Request, unit: Unit, sheet: Sheet = None) -> Response:
        check_unit(files.desk.caller(request, CLERK, message("import-roster")), unit)
        uploaded = uploads.roster_of(await files.read_upload(request, sheet))

        async def work(work: Work) -> Outcome:
            return await roster_import.import_roster(work, rosters, unit, uploaded)

        return await files.desk.execute(request, CLERK, message("import-roster"), work)


def _add_roster(files: Files) -> None:
    @files.api.get(
        "/rosters/{unit}", summary="Who is on a unit's roster on a day; as a file, with names",
        **route_answers(401, 403, 422, 503, files=uploads.TYPES, model=Page[answers.Member]),
    )  # fmt: skip
    async def get_roster(
        request: Request, unit: Unit, choice: Annotated[request_bodies.RosterQuery, Query()]
    ) -> Response:
        reader = query_api.reader_of(files.desk, request, unit, message("read-rosters"))
        if choice.format != "json":
            _check_names(files, reader, unit)
            members = await _members(files, reader, unit, choice)
            cells = list_writer.roster_cells(members)
            return file_answer(choice.format, ROSTER, headings.ROSTER.values(), cells)
        at = query_api.end_of(choice.date, files.desk.clock())
        async with files.desk.db.read() as conn:
            rows = await queries.on_roster(
                conn, unit, at, choice.role, choice.cursor, choice.limit + 1
            )
        members = [query_api.with_times(row, "since", "until") for row in rows]
        answer = page(members, choice.limit)
        what = f"roster of {unit}"
        answer["items"] = await files.names.into(reader, unit, what, answer["items"])
        return json_answer(labelled(answer, TERMS))


async def _members(
    files: Files,
    reader: Credential,
    unit: str,
    choice: request_bodies.RosterQuery | request_bodies.TemplateQuery,
) -> list[dict[str, Any]]:
    """Who is on a roster at the end of a day, with names, by name; 422 for too many for a file."""
    at = query_api.end_of(choice.date, files.desk.clock())
    role = choice.role if isinstance(choice, request_bodies.RosterQuery) else None
    async with files.desk.db.read() as conn:
        rows = await queries.on_roster(conn, unit, at, role, "", ROWS_MAX + 1)
    if len(rows) > ROWS_MAX:
        raise Problem(422, message("file-rows-max", most=ROWS_MAX))
    items = await files.names.into(reader, unit, f"roster of {unit}", rows)
    return by_name(items)


async def session_of(desk: Desk, reader: Credential, id_: str, session: str) -> tuple[str, Session]:
    """The unit and the session of a course; Problem 404 names the sessions that it has."""
    query_api.check_course(id_)
    async with desk.db.read() as conn:
        record = await load_record(conn, id_, course.evolve_course)
    unit = unit_of(record)
    if reader.role not in READS_ALL:
        check_unit(reader, unit)
    about = record.state.sessions.get(session) if record.state else None
    if record.state is None or about is None:
        names = sorted(record.state.sessions, key=session_number) if record.state else []
        sessions = ", ".join(names) or "–"
        raise Problem(404, message("session-unknown", session=session, sessions=sessions))
    return unit, about


def file_answer(
    form: request_bodies.Format, file: FileName, titles: Any,
    lines: Sequence[Sequence[Value]],
) -> Response:  # fmt: skip
    """A list as a file to download."""
    if form == "xlsx":
        raw, kind = list_writer.write_xlsx(file.sheet, list(titles), lines), uploads.XLSX_TYPE
    else:
        raw, kind = list_writer.write_csv(list(titles), lines), uploads.CSV_TYPE
    ending = "xlsx" if form == "xlsx" else "csv"
    headers = {"Content-Disposition": f'attachment; filename="{file.stem}.{ending}"'}
    return Response(raw, 200, headers, kind)
