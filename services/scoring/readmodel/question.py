"""When the question came that is answered now, so that its parts share what was read for it.

An answer is never older than the last commit before its question. A page asks for several things:
what was read for the first of them is new enough for the others.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

READS = ("GET", "HEAD")
_beginning: ContextVar[float | None] = ContextVar("question_beginning", default=None)


def question_time() -> float:
    """The monotonic time of the question in seconds; outside of `one_question` that is now."""
    beginning = _beginning.get()
    return time.monotonic() if beginning is None else beginning


def renew_question() -> None:
    """Says that something has happened since, such as a wait: what was read before is too old."""
    if _beginning.get() is not None:
        _beginning.set(time.monotonic())


@contextlib.contextmanager
def one_question() -> Iterator[None]:
    """Within it everything is asked at its beginning."""
    before = _beginning.set(time.monotonic())
    try:
        yield
    finally:
        _beginning.reset(before)


class OneQuestion:
    """The middleware for which a request that only reads is one question."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; one that writes asks anew each time, since it may have changed."""
        if scope["type"] != "http" or scope["method"] not in READS:
            await self.app(scope, receive, send)
            return
        with one_question():
            await self.app(scope, receive, send)
