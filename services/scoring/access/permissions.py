"""A row of a table of routes: who may use one, and which uses leave a line in the log of reads.

The interface and the pages have a table each; a route without a row answers nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from contracts.messages import Message
from services.chassis.auth.credentials import ROLES
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


def of_units(what: str, line: LogLine = LogLine.OTHERS) -> Permission:
    """A row of a route that answers each role, those of single units about these alone."""
    return Permission(EVERY_ROLE, of_units=True, line=line, what=what)


def decision(roles: frozenset[str], code: str, what: str) -> Permission:
    """A row of a command, of which each use is a line."""
    return Permission(roles, message(f"access-{code}"), line=LogLine.EACH, what=what)
