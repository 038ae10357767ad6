"""The OpenID issuer of the settings, checked when a process is composed; nothing is fetched yet."""

from __future__ import annotations

from services.chassis.auth.issuer_document import IssuerAway, check_address
from services.chassis.auth.issuer_keys import IssuerKeys
from services.chassis.auth.openid import ROLES_IN_ORDER, OpenIdVerifier, RoleMap
from services.chassis.auth.openid_login import OpenIdClient, read_secret
from services.chassis.auth.permissions import ROLES
from services.chassis.clock import Clock
from services.chassis.errors import SettingWrong
from services.chassis.messages import message
from services.chassis.settings import Settings

ISSUER = "DANCHU_OIDC_ISSUER"


def openid_verifier(settings: Settings, clock: Clock) -> OpenIdVerifier | None:
    """The verifier of the issuer; None without one. SettingWrong for settings that do not fit."""
    if settings.oidc_issuer is None:
        others = (settings.oidc_audience, settings.oidc_client_id, settings.oidc_client_secret)
        if any(each is not None for each in others) or settings.oidc_roles:
            raise SettingWrong(ISSUER, message("oidc-setting-issuer"))
        return None
    try:
        parts = check_address(settings.oidc_issuer)
    except IssuerAway as error:
        raise SettingWrong(ISSUER, error.message) from None
    if parts.query or parts.fragment:
        raise SettingWrong(ISSUER, message("issuer-address", url=settings.oidc_issuer[:200]))
    if settings.oidc_audience is None:
        raise SettingWrong("DANCHU_OIDC_AUDIENCE", message("oidc-setting-audience"))
    for group, role in settings.oidc_roles.items():
        if role not in ROLES:
            reason = message("oidc-setting-role", group=group, role=role, roles=", ".join(ROLES))
            raise SettingWrong("DANCHU_OIDC_ROLES", reason)
    roles = settings.oidc_roles or {role: role for role in ROLES_IN_ORDER}
    mapping = RoleMap(roles, settings.oidc_role_claim, settings.oidc_units_claim)
    keys = IssuerKeys(settings.oidc_issuer)
    return OpenIdVerifier(keys, settings.oidc_audience, mapping, clock)


def openid_client(settings: Settings, verifier: OpenIdVerifier | None) -> OpenIdClient | None:
    """The pages as a client of the issuer; None where persons do not sign in there.

    SettingWrong for a secret without its client, or one that cannot be read.
    """
    client, secret = settings.oidc_client_id, settings.oidc_client_secret
    if client is None and secret is not None:
        raise SettingWrong("DANCHU_OIDC_CLIENT_ID", message("oidc-setting-client"))
    if client is None or verifier is None:
        return None
    if secret is not None:
        read_secret(secret)
    return OpenIdClient(verifier, client, secret, settings.oidc_scope)
