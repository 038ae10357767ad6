"""Refuses requests while the process waits for what it starts with; health checks are answered."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from services.chassis.http import language
from services.chassis.http.problem_answer import answer
from services.chassis.http.problems import RETRY_SECONDS, Problem
from services.chassis.http.routes import asks_health
from services.commands.messages import message


def refuse_until(started: asyncio.Event, root: ASGIApp) -> ASGIApp:
    """The application, which answers 503 to all but health checks until `started` is set."""
    if started.is_set():
        return root

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if started.is_set() or asks_health(scope.get("path", "")):
            await root(scope, receive, send)
            return
        language.use_language_of(scope.get("headers", ()))
        problem = Problem(503, message("starting"), headers={"Retry-After": RETRY_SECONDS})
        await answer(problem)(scope, receive, send)

    return dispatch
