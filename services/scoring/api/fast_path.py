"""The most frequent request, one rating without parameters, answered straight from ASGI.

Only a rating that exists is answered here. Everything else (no token, another's unit, no such
unit, a database that is away) is left to the route of the same path, which looks again and answers
as every route does; so there is no rule of its own here.
"""

import re
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from services.chassis.errors import DanchuError
from services.chassis.http.service_api import Problem
from services.scoring.access.files import RUBRICS_HEADER


class RatingBody(NamedTuple):
    """A rating as JSON, and the digest of the rubrics of its year."""

    body: bytes
    rubrics: str


Find = Callable[[Scope, int, str], Awaitable[RatingBody]]
"""From the scope of a request, a year, and a unit's key or code to the rating."""
_PATH = re.compile(r"/ratings/((?:19|[2-9][0-9])[0-9]{2})/([A-Z0-9.]{1,64})", re.ASCII)
_ROUTE = SimpleNamespace(path="/ratings/{year}/{unit}")
_JSON = (b"content-type", b"application/json")


class FastPath:
    """The middleware; `app` is everything else."""

    def __init__(self, app: ASGIApp, find: Find) -> None:
        self.app, self.find = app, find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, itself or by the application."""
        rating = await self._rating(scope)
        if rating is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = _ROUTE
        headers = [
            _JSON, (b"content-length", b"%d" % len(rating.body)),
            (RUBRICS_HEADER.lower().encode(), rating.rubrics.encode()),
        ]  # fmt: skip
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": rating.body})

    async def _rating(self, scope: Scope) -> RatingBody | None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
            return None
        path = _PATH.fullmatch(scope["path"], len(scope.get("root_path", "")))
        if path is None:
            return None
        try:
            return await self.find(scope, int(path[1]), path[2])
        except (Problem, DanchuError):
            return None
