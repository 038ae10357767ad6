"""GET /outbox of every producer: how much is committed and not yet in the stream."""

from collections.abc import Callable

import msgspec
from fastapi import FastAPI, Request, Response

from contracts.messages import Message
from services.chassis import outbox
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.http.openapi import Waiting, answers
from services.chassis.messages import message

Authorize = Callable[[Request, Message], object]
"""Raises a Problem unless the caller may do what the message says."""


def add_outbox_route(api: FastAPI, db: Database, clock: Clock, authorize: Authorize) -> None:
    """The route, for those whom `authorize` lets through."""

    @api.get(
        "/outbox", summary="What is committed and not yet in the stream",
        **answers(Waiting, 401, 403, 503),
    )  # fmt: skip
    async def get_outbox(request: Request) -> Response:
        authorize(request, message("read-outbox"))
        async with db.read() as conn:
            backlog = await outbox.backlog(conn, clock())
        return Response(msgspec.json.encode(backlog.members()), media_type="application/json")
