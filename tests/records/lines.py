"""A line of the tables of routes: who may do something, with what, on a record that is prepared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.builders.desks import Desk

OWN, OTHER = "H44.2.1", "H44.9"
NEXT = "H44.2.2"
CLERK, COUNCIL = ("clerk",), ("council",)
BOTH = (*CLERK, *COUNCIL)
MACHINERY = ("operator", "auditor")
EVERYBODY_READS = ("reader", "clerk", "hr", "council", "auditor", "operator")
SEES_ALL = ("hr", "council", "auditor", "operator")
SEES_JOURNALS = ("clerk", "council", "auditor", "operator")
Prepare = Callable[[Desk], Awaitable[str]]


async def nothing(desk: Desk) -> str:
    """No record is needed."""
    return ""


@dataclass(frozen=True)
class Line:
    """A line of the table: who may, with what, on a record that is prepared.

    `unbound` are the roles that the units of their token do not bind here; of the others, those
    that are `hidden` are not told that a record of another unit exists. `covers` is a unit that
    every token covers too, where a command is about two of them; `headers` are sent along.
    """

    roles: tuple[str, ...]
    prepare: Prepare = nothing
    body: dict[str, Any] | bytes | None = None
    query: str = ""
    hidden: tuple[str, ...] = ()
    unbound: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def status(self, role: str, unit: str) -> int:
        """What a token of the role, for this unit alone, is answered."""
        if role not in self.roles:
            return 403
        if unit == OWN or role in self.unbound:
            return 200
        return 404 if role in self.hidden else 403
