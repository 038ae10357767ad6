"""Who may use which route of scoring, and which uses leave a line in the log of reads: one table.

A route without a row answers nobody (`permission_of`), and a test compares the table with the
routes. Which units a token covers is checked where the unit is looked up (`access`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from contracts.messages import Message
from services.chassis.auth.credentials import READS_ALL, READS_MACHINERY, ROLES
from services.scoring.messages import message

EVERY_ROLE = frozenset(ROLES)
COUNCIL = frozenset(("council",))
OPERATOR = frozenset(("operator",))
AUDITOR = frozenset(("auditor",))


class LogLine(Enum):
    """Which uses of a route leave a line in the log of reads."""

    NONE = 0
    OTHERS = 1
    """Those of units that the token does not name; written in groups."""
    EACH = 2
    """Each: bundles, exports and decisions; written before the answer."""


@dataclass(frozen=True)
class Permission:
    """A row of the table.

    Without `roles` the route needs no token. `of_units`: roles that do not read everything are
    limited to the units of their token. `purpose` names the use in a refusal.
    """

    roles: frozenset[str] | None
    purpose: Message | None = None
    of_units: bool = False
    line: LogLine = LogLine.NONE
    what: str = ""


OPEN = Permission(None)


def _of_units(what: str, line: LogLine = LogLine.OTHERS) -> Permission:
    return Permission(EVERY_ROLE, of_units=True, line=line, what=what)


def _decision(roles: frozenset[str], code: str, what: str) -> Permission:
    return Permission(roles, message(f"access-{code}"), line=LogLine.EACH, what=what)


PERMISSIONS = {
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /ratings": _of_units("ratings"),
    "GET /ratings/{year}.csv": _of_units("csv", LogLine.EACH),
    "GET /ratings/{year}.xlsx": _of_units("xlsx", LogLine.EACH),
    "GET /ratings/{year}/{unit}": _of_units("rating"),
    "GET /ratings/{year}/{unit}.pdf": _of_units("pdf", LogLine.EACH),
    "GET /ratings/{year}/{unit}/sheet": _of_units("sheet"),
    "GET /ratings/{year}/{unit}/events": _of_units("events"),
    "GET /ratings/{year}/{unit}/history": _of_units("history"),
    "GET /ratings/{year}/{unit}/changes": _of_units("changes"),
    "GET /ratings/{year}/{unit}/compare": _of_units("compare"),
    "GET /years": Permission(EVERY_ROLE),
    "GET /years/{year}": Permission(EVERY_ROLE),
    "GET /years/{year}/appeals": _of_units("appeals"),
    "POST /years/{year}/provisional": _decision(COUNCIL, "decide", "provisional"),
    "POST /years/{year}/reopened": _decision(COUNCIL, "decide", "reopened"),
    "POST /years/{year}/sealed": _decision(OPERATOR | AUDITOR, "seal", "sealed"),
    "DELETE /years/{year}/sealed": _decision(OPERATOR, "draft", "draft-drop"),
    "GET /years/{year}/seal.zip": Permission(
        READS_ALL, message("access-bundle"), line=LogLine.EACH, what="bundle"
    ),
    "GET /years/{year}/seal/{unit}": _of_units("proof"),
    "GET /years/{year}/checkpoints": OPEN,
    "POST /years/{year}/checkpoints": _decision(OPERATOR, "checkpoint", "checkpoint"),
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
