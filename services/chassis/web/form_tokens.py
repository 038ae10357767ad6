"""Forms that other sites cannot send: a token bound to the session, and where a request comes from.

A token is salted, so that it is another text in each page and a compressed answer reveals nothing
of it. Before somebody has signed in, it is bound to a cookie of the visit.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from services.chassis.http.problems import Problem
from services.chassis.web.messages import message
from services.chassis.web.origins import origin_of_request

SALT_BYTES, MARK_BYTES = 9, 24
OWN_SITES = ("same-origin", "none")


@dataclass(frozen=True)
class FormTokens:
    """Makes and checks tokens with the keys of sessions.

    `public` is the origin at which browsers reach us through a proxy; empty where it is not known.
    """

    keys: Sequence[bytes]
    public: str = ""

    def make(self, subject: str) -> str:
        """A token for the forms of a session, or of a visit."""
        salt = secrets.token_bytes(SALT_BYTES)
        return base64.urlsafe_b64encode(salt + _mark(self.keys[0], salt, subject)).decode()

    def fits(self, token: str, subject: str) -> bool:
        """Whether a token was made for this session or visit."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            return False
        salt, mark = raw[:SALT_BYTES], raw[SALT_BYTES:]
        marks = [_mark(key, salt, subject) for key in self.keys]
        return bool(subject) and any(hmac.compare_digest(mark, each) for each in marks)

    def check(self, request: Request, token: str, subject: str) -> None:
        """Problem 403 for a form that another site sent, or that was made for somebody else."""
        if not from_here(request, self.public) or not self.fits(token, subject):
            raise Problem(403, message("form-foreign"))


def _mark(key: bytes, salt: bytes, subject: str) -> bytes:
    return hmac.new(key, b"danchu form" + salt + subject.encode(), hashlib.sha256).digest()[
        :MARK_BYTES
    ]


def from_here(request: Request, public: str = "") -> bool:
    """Whether the browser says that a page of ours sent the request; true where it says nothing.

    `public` is our origin behind a proxy, of which the request itself may know nothing.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in OWN_SITES
    origin = request.headers.get("origin")
    return origin is None or origin in (origin_of_request(request), public or None)
