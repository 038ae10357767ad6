"""Origins as browsers write them: scheme, host, and a port that is not the one of the scheme."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """The origin of an address."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    standard = parts.port in (None, PORTS.get(parts.scheme))
    return f"{parts.scheme}://{host}" if standard else f"{parts.scheme}://{host}:{parts.port}"


def origin_of_request(request: Request) -> str:
    """The origin under which a browser that reaches this process directly sent a request."""
    return f"{request.url.scheme}://{request.headers.get('host', '')}"
