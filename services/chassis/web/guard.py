"""What surrounds the pages of a service: session, language, headers of browsers, compression.

Every answer says what a browser may not do with it, and that nothing of a person who signed in is
kept. A session that is in use is sealed anew, at most once a minute.
"""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from typing import Any, get_args

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.messages import Language
from services.chassis.http.language import accepted_language, use_page_language
from services.chassis.web.sessions import COOKIE, Session
from services.chassis.web.site import GUEST, SESSION, Site

LANGUAGE_COOKIE, GUEST_COOKIE = "danchu_language", "danchu_visit"
HOST_PREFIX = "__Host-"
YEAR_SECONDS = 365 * 24 * 3600
GUEST_BYTES = 16
PAGE_FIELDS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin", "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "cache-control": "no-store", "vary": "Cookie, Accept-Language",
}  # fmt: skip
COMPRESSED_LEAST, COMPRESSION = 1024, 5


def guard(app: ASGIApp, site: Site) -> ASGIApp:
    """The application of a site, guarded."""
    return GZipMiddleware(Guard(app, site), COMPRESSED_LEAST, COMPRESSION)


class Guard:
    """The middleware that opens sessions and guards answers."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app, self.site, self.sessions = app, site, site.sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request; one for the head alone as the whole, whose body the server drops."""
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        sent = _headers(scope)
        cookies = cookie_parser(sent.get("cookie", ""))
        use_page_language(page_language_of(cookies, sent.get("accept-language", "")))
        secure = self.site.is_secure(scope)
        session = self._session(cookies.get(cookie_name(COOKIE, secure), ""))
        guest = cookies.get(cookie_name(GUEST_COOKIE, secure), "")
        fresh = "" if session or guest else secrets.token_urlsafe(GUEST_BYTES)
        scope[SESSION], scope[GUEST] = session, guest or fresh
        begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for field, text in PAGE_FIELDS.items():
                    headers[field] = text
                if fresh:
                    headers.append("set-cookie", own_cookie(GUEST_COOKIE, fresh, None, secure))
                self._renew(session, headers, secure)
            await send(message)

        try:
            await self.app(scope, receive, send_guarded)
        except Exception:  # it is raised again after the page of a fault has logged and answered it
            if not begun:
                raise

    def _session(self, value: str) -> Session | None:
        """The session of a cookie, unless it was revoked."""
        session = self.sessions.open(value) if value else None
        if session is None:
            return None
        revoked = self.site.verifier.revocations.cover(session.id, session.name, session.issued)
        return None if revoked else session

    def _renew(self, session: Session | None, headers: MutableHeaders, secure: bool) -> None:
        """Seals a session anew, unless the answer sets the cookie itself."""
        renewed = self.sessions.renewed(session) if session else None
        name = cookie_name(COOKIE, secure)
        changed = any(each.startswith(f"{name}=") for each in headers.getlist("set-cookie"))
        if renewed is not None and not changed:
            headers.append("set-cookie", session_cookie(self.sessions.seal_again(renewed), secure))


def cookie_name(name: str, secure: bool) -> str:
    """The name that a cookie of ours has.

    Over https it has the prefix with which browsers take it from this very host alone, so that no
    neighbour under the same domain can plant one.
    """
    return f"{HOST_PREFIX}{name}" if secure else name


def own_cookie(name: str, value: str, seconds: int | None, secure: bool) -> str:
    """A cookie under the name that it has; with 0 `seconds` the one that deletes it."""
    return cookie_header(cookie_name(name, secure), value, seconds, secure)


def cookie_header(name: str, value: str, seconds: int | None, secure: bool) -> str:
    """A cookie of the whole site that no script reads; without `seconds` until the browser ends."""
    age = "" if seconds is None else f"; Max-Age={seconds}"
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{'; Secure' if secure else ''}"


def session_cookie(sealed: str, secure: bool) -> str:
    """The cookie of a session; of an empty text the one that deletes it."""
    return own_cookie(COOKIE, sealed, None if sealed else 0, secure)


def page_language_of(cookies: MutableMapping[str, str], accepted: str) -> Language:
    """The language of a page: what the person chose, else what the browser prefers."""
    chosen: Any = cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in get_args(Language) else accepted_language(accepted)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
