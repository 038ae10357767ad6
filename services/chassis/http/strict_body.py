"""Request bodies of commands: limited in size and parsed as strictly as events at the door."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from contracts import door
from contracts.bounds import PLAIN
from services.chassis.http.service_api import BodyProblem, Problem, bounded_body

BODY_BYTES_MAX = 5 * 2**20
VALUES_MAX = 40_000
"""The largest command has 5,000 values (five of each of 1,000 persons). A body with hundreds of
thousands of unknown names would block the event loop for seconds while each one is reported."""


class StrictRequest(Request):
    """A request whose body is limited in size and whose JSON is parsed strictly."""

    async def body(self) -> bytes:
        """The raw body; BodyProblem 413 if it is too large, 415 if it is compressed."""
        if not hasattr(self, "_body"):
            try:
                self._body = await bounded_body(self, BODY_BYTES_MAX)
            except Problem as refused:
                raise BodyProblem(refused) from refused
        return self._body

    async def json(self) -> Any:
        """The parsed body; BodyProblem 400 if it is not valid JSON, 413 for too many values."""
        try:
            return door.parse(await self.body(), VALUES_MAX)
        except door.BodyRefused as refused:
            raise BodyProblem(Problem(refused.status, refused.detail)) from refused


class StrictRoute(APIRoute):
    """A route that reads its body by `StrictRequest`; 415 unless a command is sent as JSON.

    `state.authorize` of the application, where it is set, refuses callers before the body counts.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route, called with a `StrictRequest`."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if self.body_field is not None:
                # Authenticate before reading: slow bodies of strangers would occupy connections.
                request.app.state.verifier.caller(request.scope)
                authorize = getattr(request.app.state, "authorize", None)
                if authorize is not None:
                    authorize(request)
                _check_json(request.headers.get("content-type", ""))
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


def _check_json(content_type: str) -> None:
    """Problem 415 unless the content type is the JSON that the door of events accepts."""
    try:
        door.media_of(content_type, (PLAIN,))
    except door.BodyRefused as refused:
        raise Problem(refused.status, refused.detail) from refused
