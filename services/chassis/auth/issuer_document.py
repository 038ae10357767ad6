"""Asks an OpenID issuer for a JSON document: of bounded size, in bounded time, no redirects.

The request runs in a thread, so that no event loop waits. A connection that is too slow is shut
down, so that its thread ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from services.chassis.error_causes import cause_of
from services.chassis.errors import DanchuError
from services.chassis.messages import message

BYTES_MAX = 256 * 1024
CONNECT_SECONDS = 3.0
FETCH_SECONDS = 5.0
PART_BYTES = 16 * 1024
REFUSALS = (400, 401)
"""How a token endpoint refuses (RFC 6749, section 5.2)."""


class IssuerAway(DanchuError):
    """The issuer did not answer, or not with what it must."""


def check_address(url: str) -> SplitResult:
    """The parts of an address of https, or of http on this machine; IssuerAway for another."""
    try:
        parts = urlsplit(url)
        fits = bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        fits = False
    if not fits or not (parts.scheme == "https" or _is_local(parts)):
        raise IssuerAway(message("issuer-address", url=url[:200]))
    return parts


def _is_local(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    return local and parts.scheme == "http"


async def fetch_document(url: str) -> dict[str, Any]:
    """The JSON object at an address; IssuerAway for any failure."""
    return await _ask(_Fetch(url))


async def post_form(
    url: str, fields: Mapping[str, str], headers: Mapping[str, str]
) -> dict[str, Any]:
    """What an endpoint answers to a form, a refusal by 400 or 401 too; IssuerAway otherwise."""
    return await _ask(_Fetch(url, urlencode(fields), headers))


async def _ask(fetch: _Fetch) -> dict[str, Any]:
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            raw = await asyncio.to_thread(fetch.read)
    except TimeoutError:
        raise IssuerAway(message("issuer-slow", seconds=int(FETCH_SECONDS))) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise IssuerAway(message("issuer-unreachable", cause=cause_of(error))) from None
    finally:
        fetch.abort()
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise IssuerAway(message("issuer-no-json"))
    return document


class _Fetch:
    """One request, on a connection of its own; with a form it is a POST."""

    def __init__(
        self, url: str, form: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self._parts = check_address(url)
        self._form, self._headers = form, {"Accept": "application/json", "Connection": "close"}
        if form is not None:
            self._headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._headers |= headers or {}
        self._sock: socket.socket | None = None
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=CONNECT_SECONDS, context=ssl.create_default_context()
            )
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)

    def read(self) -> bytes:
        """The body of the answer, in the calling thread."""
        self._connection.connect()
        self._sock = self._connection.sock
        try:
            return self._read()
        finally:
            self._connection.close()

    def _read(self) -> bytes:
        target = self._parts.path or "/"
        if self._parts.query:
            target += f"?{self._parts.query}"
        method, refusals = ("GET", ()) if self._form is None else ("POST", REFUSALS)
        self._connection.request(method, target, self._form, self._headers)
        answer = self._connection.getresponse()
        if answer.status not in (http.client.OK, *refusals):
            raise IssuerAway(message("issuer-status", status=answer.status))
        parts, size = [], 0
        while part := answer.read1(PART_BYTES):
            parts.append(part)
            size += len(part)
            if size > BYTES_MAX:
                raise IssuerAway(message("issuer-large", limit=BYTES_MAX))
        return b"".join(parts)

    def abort(self) -> None:
        """Wakes the thread that reads, whose connection then ends."""
        if self._sock is not None:
            with contextlib.suppress(OSError):  # closed already
                self._sock.shutdown(socket.SHUT_RDWR)
