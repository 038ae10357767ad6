"""Bodies of commands: bounded, and read as strictly as at the door of events."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from contracts import door
from contracts.bounds import PLAIN
from services.chassis.http.service_api import BodyProblem, Problem, bounded_body

BODY_BYTES_MAX = 5 * 2**20
VALUES_MAX = 40_000
"""The largest command has 5,000 (the attendance of 1,000 persons). Ten times as many unknown names
would hold the loop for seconds, while the validator describes each of them."""


class StrictRequest(Request):
    """A request with a bounded body, whose JSON is read as strictly as at the door of events."""

    async def body(self) -> bytes:
        """The body; HTTPException 413 beyond its bound, 415 where it is compressed."""
        if not hasattr(self, "_body"):
            try:
                self._body = await bounded_body(self, BODY_BYTES_MAX)
            except Problem as refused:
                raise BodyProblem(refused) from refused
        return self._body

    async def json(self) -> Any:
        """The body; HTTPException 400 for what is no well-formed JSON, 413 for too many values."""
        try:
            return door.parse(await self.body(), VALUES_MAX)
        except door.BodyRefused as refused:
            raise BodyProblem(Problem(refused.status, refused.detail)) from refused


class StrictRoute(APIRoute):
    """A route that reads its body by `StrictRequest`; 415 for a command that is no JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, given a strict request."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if self.body_field is not None:
                # Before the body: a stranger's slow ones would hold places for a minute each.
                request.app.state.verifier.caller(request.scope)
                _check_json(request.headers.get("content-type", ""))
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


def _check_json(content_type: str) -> None:
    """Problem 415 for another content type, by the rule of the door of events."""
    try:
        door.media_of(content_type, (PLAIN,))
    except door.BodyRefused as refused:
        raise Problem(refused.status, refused.detail) from refused
