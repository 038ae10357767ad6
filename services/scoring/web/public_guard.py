"""What surrounds the pages of the public view: the language of an address, and what caches may do.

A page is the same for everybody who asks for its address in a language: no cookie is looked at.
Caches keep it for KEPT_SECONDS and then ask by its digest whether it has changed. Search engines
are asked to keep nothing, since a page of theirs would outlive the reopening of a year.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, get_args
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.messages import Language
from services.chassis.http.language import accepted_language, use_page_language
from services.chassis.web.guard import PAGE_FIELDS

KEPT_SECONDS = 300
DIGEST_DIGITS = 32
ERRORS = 400
KEPT = {"cache-control": f"public, max-age={KEPT_SECONDS}", "vary": "Accept-Language"}
NOT_INDEXED = {"x-robots-tag": "noindex, noarchive"}


class PublicGuard:
    """The middleware that sets the language, and the fields of each answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request; one for the head alone as the whole, whose body the server drops."""
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        use_page_language(_language(scope))
        begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                caching = KEPT if message["status"] < ERRORS else {}
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for field, text in (PAGE_FIELDS | caching | NOT_INDEXED).items():
                    headers[field] = text
            await send(message)

        try:
            await self.app(scope, receive, send_guarded)
        except Exception:  # it is raised again after the page of a fault has logged and answered it
            if not begun:
                raise


def _language(scope: Scope) -> Language:
    """The language that the address names, else the one that the browser prefers."""
    code: Any = parse_qs(scope["query_string"].decode("latin-1")).get("lang", [""])[0]
    if code in get_args(Language):
        return code  # type: ignore[no-any-return]
    return accepted_language(Headers(scope=scope).get("accept-language", ""))


def cacheable(request: Request, page: Response) -> Response:
    """The page with its digest; 304 without a body for who has it.

    The digest is weak, since compressed and plain bytes share it.
    """
    tag = f'W/"{sha256(page.body).hexdigest()[:DIGEST_DIGITS]}"'
    tags = (each.strip() for each in request.headers.get("if-none-match", "").split(","))
    if tag in tags:
        return Response(status_code=304, headers={"ETag": tag})
    page.headers["ETag"] = tag
    return page
