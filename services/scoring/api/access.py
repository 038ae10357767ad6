"""What every route does first: who calls, and whether the role may."""

from fastapi import Request

from services.chassis.auth.credentials import Credential, Verifier, require
from services.scoring.api.parameters import refuse_repeated
from services.scoring.api.permissions import permission_of


def credential_of(request: Request, verifier: Verifier) -> Credential:
    """The credential of the caller, whose role the row of the route has in `permissions`.

    Problem 401 or 403 for others; a parameter that stands twice is refused.
    """
    credential = verifier.caller(request.scope)
    row = permission_of(request.method, request.scope["route"].path)
    if row.roles is not None:
        require(credential, row.roles, row.purpose or row.what)
    refuse_repeated(request)
    return credential
