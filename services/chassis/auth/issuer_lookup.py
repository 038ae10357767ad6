"""Before a request is handled: fetches the keys of the OpenID issuer that its token needs.

The verification itself is synchronous, on the road of every request; without an OpenID issuer
nothing is added.
"""

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from services.chassis.auth.credentials import Verifier


class IssuerLookup:
    """The middleware; `app` verifies the tokens."""

    def __init__(self, app: ASGIApp, verifier: Verifier) -> None:
        self.app, self.verifier = app, verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request by the application, once the keys of its token are there."""
        if scope["type"] == "http":
            await self.verifier.prepare(scope)
        await self.app(scope, receive, send)


def add_issuer_lookup(api: FastAPI, verifier: Verifier) -> None:
    """Adds it to a service, after its other middleware, where an OpenID issuer is set."""
    if verifier.openid is not None:
        api.add_middleware(IssuerLookup, verifier=verifier)
