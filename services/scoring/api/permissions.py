"""Who may use which route of scoring, and which uses leave a line in the log of reads: one table.

A route without a row answers nobody (`permission_of`), and a test compares the table with the
routes. Which units a token covers is checked where the unit is looked up (`access.units`).
"""

from __future__ import annotations

from services.chassis.auth.credentials import READS_ALL, READS_MACHINERY
from services.scoring.access.permissions import (
    AUDITOR,
    COUNCIL,
    EVERY_ROLE,
    OPEN,
    OPERATOR,
    LogLine,
    Permission,
    decision,
    of_units,
)
from services.scoring.messages import message

PERMISSIONS = {
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /ratings": of_units("ratings"),
    "GET /ratings/{year}.csv": of_units("csv", LogLine.EACH),
    "GET /ratings/{year}.xlsx": of_units("xlsx", LogLine.EACH),
    "GET /ratings/{year}/{unit}": of_units("rating"),
    "GET /ratings/{year}/{unit}.pdf": of_units("pdf", LogLine.EACH),
    "GET /ratings/{year}/{unit}/sheet": of_units("sheet"),
    "GET /ratings/{year}/{unit}/events": of_units("events"),
    "GET /ratings/{year}/{unit}/history": of_units("history"),
    "GET /ratings/{year}/{unit}/changes": of_units("changes"),
    "GET /ratings/{year}/{unit}/compare": of_units("compare"),
    "GET /years": Permission(EVERY_ROLE),
    "GET /years/{year}": Permission(EVERY_ROLE),
    "GET /years/{year}/report.pdf": Permission(
        READS_ALL, message("access-report"), line=LogLine.EACH, what="report"
    ),
    "GET /years/{year}/appeals": of_units("appeals"),
    "POST /years/{year}/provisional": decision(COUNCIL, "decide", "provisional"),
    "POST /years/{year}/reopened": decision(COUNCIL, "decide", "reopened"),
    "POST /years/{year}/sealed": decision(OPERATOR | AUDITOR, "seal", "sealed"),
    "DELETE /years/{year}/sealed": decision(OPERATOR, "draft", "draft-drop"),
    "GET /years/{year}/seal.zip": Permission(
        READS_ALL, message("access-bundle"), line=LogLine.EACH, what="bundle"
    ),
    "GET /years/{year}/seal/{unit}": of_units("proof"),
    "GET /years/{year}/checkpoints": OPEN,
    "POST /years/{year}/checkpoints": decision(OPERATOR, "checkpoint", "checkpoint"),
    "GET /keys": OPEN,
    "POST /whatif": Permission(
        READS_ALL, message("access-whatif"), line=LogLine.OTHERS, what="whatif"
    ),
    "GET /reads": Permission(AUDITOR, message("access-reads")),
    "GET /unowned": Permission(EVERY_ROLE),
    "GET /lag": Permission(READS_MACHINERY, message("the-lag")),
    "GET /outbox": Permission(READS_MACHINERY, message("access-outbox")),
    "GET /quarantine": Permission(READS_MACHINERY, message("the-quarantine")),
}


def permission_of(method: str, path: str) -> Permission:
    """The row of a route; LookupError where there is none, which answers nobody."""
    return PERMISSIONS[f"{method} {path}"]
