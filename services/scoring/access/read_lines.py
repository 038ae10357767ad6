"""Lines of the log of reads for routes and pages of scoring, by their tables of permissions.

A line is made when the answer begins: a refused request leaves none. A line that must be committed
first and cannot be turns the answer into 503.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.auth.credentials import READS_ALL, Credential
from services.chassis.denials import CREDENTIAL
from services.chassis.errors import DanchuError, DatabaseAway
from services.chassis.http.peer import peer_address
from services.chassis.http.problem_answer import answer
from services.chassis.http.problems import RETRY_SECONDS, Problem
from services.chassis.read_log import Read, ReadLog, ReadsWait
from services.scoring.access.permissions import LogLine, Permission
from services.scoring.year.stages import SEALED

UNITS = "danchu.units"
"""The key of the units of a list or an export in the scope of its request."""
YEAR = "danchu.year"
"""The key of the year of a body in the scope of its request."""
YEAR_DIGITS = 4
SEE_OTHER = 303
_stage: ContextVar[str] = ContextVar("stage", default="")


def name_stage(stage: str, *others: str) -> None:
    """Says in which stage the year stands from which the current request is answered.

    Of several years all must be sealed, or the answer counts as unsealed.
    """
    _stage.set(next((each for each in (stage, *others) if each != SEALED), SEALED))


def name_units(scope: Any, units: Iterable[str]) -> None:
    """Says of which units a list or an export is, for its line in the log of reads."""
    scope[UNITS] = list(units)


def name_year(scope: Any, year: int) -> None:
    """Says of which year a body is, for its line in the log of reads."""
    scope[YEAR] = year


def is_own(reader: Credential, unit: str) -> bool:
    """Whether the token names the unit, and its role does not read those of others."""
    return reader.role not in READS_ALL and unit in reader.units


class ReadLines:
    """The middleware that logs what `app` answers; `rows` by method and path of a route.

    `refuse` makes the answer where a line cannot be written, by default one for programs.
    """

    def __init__(
        self, app: ASGIApp, log: ReadLog, rows: Mapping[str, Permission],
        refuse: Callable[[Scope, Problem], ASGIApp] = lambda _, problem: answer(problem),
    ) -> None:  # fmt: skip
        self.app, self.log, self.rows, self.refuse = app, log, rows, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, and logs it where its row says so."""
        refusal = None
        _stage.set("")

        async def send_after_line(sent: Message) -> None:
            nonlocal refusal
            if sent["type"] == "http.response.start" and _is_answered(sent["status"]):
                try:
                    await self._log(scope)
                except (DatabaseAway, ReadsWait) as error:
                    refusal = self.refuse(scope, _unavailable(error))
                    await refusal(scope, receive, send)
            if refusal is None:
                await send(sent)

        await self.app(scope, receive, send_after_line)

    async def _log(self, scope: Scope) -> None:
        route = getattr(scope.get("route"), "path", "")
        row = self.rows.get(f"{scope['method']} {route}")
        reader = scope.get(CREDENTIAL)
        if row is None or row.line is LogLine.NONE or reader is None:
            return
        read = self._read(scope, row, reader)
        if read is None:
            return
        if row.line is LogLine.EACH:
            await self.log.record(read)
        else:
            self.log.note(read)

    def _read(self, scope: Scope, row: Permission, reader: Credential) -> Read | None:
        """The line of a request; None where it reads own units only, or sealed ratings."""
        unit = scope["path_params"].get("unit")
        units = scope.get(UNITS, [])
        if row.line is LogLine.OTHERS:
            if _stage.get() == SEALED:
                return None
            others = [each for each in units if not is_own(reader, each)]
            own = (unit is not None and is_own(reader, unit)) or (units and not others)
            if own or (UNITS in scope and not units):
                return None
            units = others
        return Read(
            self.log.clock(), reader.role, reader.name or reader.role, row.what,
            max(1, len(units)), peer_address(), _year(scope), unit,
            f",{','.join(units)}," if units else None,
        )  # fmt: skip


def _is_answered(status: int) -> bool:
    """Whether the request was not refused: a form of a page leads on to another page."""
    return status < 300 or status == SEE_OTHER


def note_rating(log: ReadLog, reader: Credential, year: int, unit: str) -> None:
    """Notes the most frequent read, one rating; ReadsWait where too many lines wait.

    It follows `find_unit` in the same task.
    """
    if not is_own(reader, unit) and _stage.get() != SEALED:
        log.note_unit(reader, "rating", peer_address(), year, unit)


def _unavailable(error: DanchuError) -> Problem:
    return Problem(503, error.message, headers={"Retry-After": RETRY_SECONDS})


def _year(scope: Scope) -> int | None:
    text = str(scope["path_params"].get("year", scope.get(YEAR, "")))
    if not text:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        text = query.get("year", [""])[0]
    return int(text) if text.isdecimal() and len(text) == YEAR_DIGITS else None
