"""Files that pages load: style, script and icons, each under an address with its digest.

An address with the present digest may be kept for ever; with another one the present content is
answered and not kept, since a page of the version before may still be open.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/static/"
DIGEST_DIGITS = 12
TYPES = {
    ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
}  # fmt: skip
FOR_EVER = "public, max-age=31536000, immutable"


class StaticFile(NamedTuple):
    """A file as it is answered, also compressed."""

    raw: bytes
    packed: bytes
    digest: str
    media: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """The files by name, read once."""
    folder = files(__package__).joinpath("static")
    return {
        entry.name: _file(entry.name, entry.read_bytes())
        for entry in folder.iterdir()
        if f".{entry.name.rpartition('.')[2]}" in TYPES
    }


def _file(name: str, raw: bytes) -> StaticFile:
    digest = hashlib.sha256(raw).hexdigest()[:DIGEST_DIGITS]
    media = TYPES[f".{name.rpartition('.')[2]}"]
    return StaticFile(raw, gzip.compress(raw, 9, mtime=0), digest, media)


def static_url(name: str) -> str:
    """The address of a file: `/static/<digest>/<name>`; KeyError for one that is not there."""
    return f"{PREFIX}{static_files()[name].digest}/{name}"


def with_static_files(root: ASGIApp) -> ASGIApp:
    """The application of other addresses, and these files below `/static/`."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        digest, _, name = path.removeprefix(PREFIX).partition("/")
        file = static_files().get(name) if path.startswith(PREFIX) else None
        if file is None or scope["method"] not in ("GET", "HEAD"):
            await root(scope, receive, send)
            return
        await _answer(Request(scope), file, digest == file.digest)(scope, receive, send)

    return dispatch


def _answer(request: Request, file: StaticFile, current: bool) -> Response:
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": FOR_EVER if current else "no-store", "Vary": "Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(file.packed if packed else file.raw, 200, headers, file.media)
