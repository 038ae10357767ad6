"""Who may use which route of scoring, as YEAR.md section 6 and DESIGN.md section 3 say it.

A row is written once here and once in `services/scoring/api/permissions.py`; a route that either
table does not name fails the test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OWN, OTHER = "H44.1", "H44.2"
YEAR = "2025"
LIMITED = ("reader", "clerk", "emitter", "registrar")
SEES_ALL = ("hr", "council", "auditor", "operator")
EVERYBODY = (*LIMITED, *SEES_ALL)
MACHINERY = ("operator", "auditor")


@dataclass(frozen=True)
class Row:
    """Who may: of `roles`, those that see single units only their own; None: without a token.

    `line` is what the log of reads calls it, `each` whether reads of own units are in it too.
    """

    roles: tuple[str, ...] | None
    line: str = ""
    each: bool = False
    body: Any = None
    query: str = ""


ROWS = {
    "GET /healthz": Row(None),
    "GET /readyz": Row(None),
    "GET /ratings": Row(EVERYBODY, "ratings", query="year=2025"),
    "GET /ratings/{year}.csv": Row(EVERYBODY, "csv", each=True),
    "GET /ratings/{year}.xlsx": Row(EVERYBODY, "xlsx", each=True),
    "GET /ratings/{year}/{unit}": Row(EVERYBODY, "rating"),
    "GET /ratings/{year}/{unit}.pdf": Row(EVERYBODY, "pdf", each=True),
    "GET /ratings/{year}/{unit}/sheet": Row(EVERYBODY, "sheet"),
    "GET /ratings/{year}/{unit}/events": Row(EVERYBODY, "events"),
    "GET /ratings/{year}/{unit}/history": Row(EVERYBODY, "history"),
    "GET /ratings/{year}/{unit}/changes": Row(
        EVERYBODY, "changes", query="from=2025-01-01T00:00:00Z&to=2025-06-01T00:00:00Z"
    ),
    "GET /ratings/{year}/{unit}/compare": Row(EVERYBODY, "compare", query="with=2026"),
    "GET /years": Row(EVERYBODY),
    "GET /years/{year}": Row(EVERYBODY),
    "GET /years/{year}/report.pdf": Row(SEES_ALL, "report", each=True),
    "GET /years/{year}/appeals": Row(EVERYBODY, "appeals"),
    "POST /years/{year}/provisional": Row(("council",), "provisional", each=True, body={}),
    "POST /years/{year}/reopened": Row(("council",), "reopened", each=True, body={}),
    "POST /years/{year}/sealed": Row(MACHINERY, "sealed", each=True, body={}),
    "DELETE /years/{year}/sealed": Row(("operator",), "draft-drop", each=True, body={}),
    "GET /years/{year}/seal.zip": Row(SEES_ALL, "bundle", each=True),
    "GET /years/{year}/seal/{unit}": Row(EVERYBODY, "proof"),
    "GET /years/{year}/checkpoints": Row(None),
    "POST /years/{year}/checkpoints": Row(("operator",), "checkpoint", each=True),
    "GET /keys": Row(None),
    "POST /whatif": Row(SEES_ALL, "whatif", body={"year": 2025, "rubrics": []}),
    "GET /reads": Row(("auditor",)),
    "GET /unowned": Row(EVERYBODY),
    "GET /lag": Row(MACHINERY),
    "GET /outbox": Row(MACHINERY),
    "GET /quarantine": Row(MACHINERY),
}
