"""The process that reads one uploaded file.

`python -m services.training.attendance_files.table_reader PARENT`

It reads the file from the standard input, and writes the table as JSON to the standard output. It
is a process of its own since files come from anywhere: the kernel bounds its time and memory, it
can be killed, it has neither settings nor secrets, and it opens no file.
"""

import gc
import json
import os
import resource
import sys
from typing import Any

MEMORY_BYTES_MAX = 768 * 2**20
CPU_SECONDS_MAX = 10
OPEN_FILES_MAX = 64
NICENESS = 10
"""The requests of others go first."""
ARCHIVE = b"PK"
"""How a workbook begins, also a damaged one; a text may begin so too."""


def limit() -> None:
    """Bounds this process for good: memory, time, files, and no memory image at a crash."""
    os.nice(NICENESS)
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES_MAX), (resource.RLIMIT_CPU, CPU_SECONDS_MAX),
        (resource.RLIMIT_NOFILE, OPEN_FILES_MAX), (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        resource.setrlimit(kind, (most, most))


def answer(raw: bytes, sheet: str | None) -> dict[str, Any]:
    """The table of a file as JSON, or its fault."""
    from services.training.attendance_files import spreadsheet_model, text_table, workbook

    try:
        _check_form(raw)
        is_workbook = raw.startswith((workbook.ZIP, workbook.OLE))
        if raw.startswith(ARCHIVE) and not is_workbook and not text_table.has_headings(raw):
            raise spreadsheet_model.TableFault("broken", form="XLSX")
        table = workbook.read_workbook(raw, sheet) if is_workbook else text_table.read_text(raw)
        return {"table": spreadsheet_model.as_json(table)}
    except spreadsheet_model.TableFault as fault:
        return {"fault": fault.code, "values": fault.values}
    except (MemoryError, RecursionError):
        return {"fault": "too-complex", "values": {}}


def _check_form(raw: bytes) -> None:
    """TableFault for a file of another kind, by its first bytes."""
    from services.training.attendance_files.spreadsheet_model import TableFault

    head = raw[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not raw.strip():
        raise TableFault("empty")
    if head.startswith(b"%pdf"):
        raise TableFault("other", form="PDF")
    if head.startswith((b"<html", b"<!doctype html", b"<table", b"<meta")):
        raise TableFault("other", form="HTML")
    if head.startswith(b"<?xml") or head.startswith(b"<!"):
        raise TableFault("other", form="XML")
    if head.startswith((b"\x89png", b"\xff\xd8\xff", b"gif8", b"{\\rtf")):
        raise TableFault("other", form="RTF" if head.startswith(b"{") else "PNG/JPEG/GIF")


def main() -> None:
    """Reads, answers, ends."""
    from services.chassis.parent_death import die_with

    die_with(int(sys.argv[1]))
    limit()
    gc.disable()  # in a process so short, collecting costs more than it frees
    sheet = sys.argv[2] if len(sys.argv) > 2 else None
    sys.stdout.write(json.dumps(answer(sys.stdin.buffer.read(), sheet)))


if __name__ == "__main__":
    main()
