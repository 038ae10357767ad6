"""`danchu token`: signs development tokens, and revokes tokens of any issuer."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from services.commands import usage
from services.commands.command_runner import exit_on_error, run
from services.commands.messages import message
from services.commands.options import (
    AsJson,
    CommandGroup,
    Home,
    load_settings,
    print_result,
)
from services.commands.terminal import tell
from services.commands.token_options import check_bearer, source_prefixes

token_app = CommandGroup()


@token_app.callback(
    "help-token",
    "danchu token --role emitter --unit H44.12.34 --source urn:phuong-so-1",
    "danchu token --role council --name thu-ky-hoi-dong --days 30",
)
def token(
    context: typer.Context,
    role: Annotated[str | None, typer.Option(help=message("option-role"))] = None,
    unit: Annotated[list[str] | None, typer.Option(help=message("option-token-unit"))] = None,
    source: Annotated[list[str] | None, typer.Option(help=message("option-source"))] = None,
    type_: Annotated[list[str] | None, typer.Option("--type", help=message("option-type"))] = None,
    days: Annotated[int, typer.Option(min=1, max=36_500, help=message("option-days"))] = 366,
    name: Annotated[str | None, typer.Option(help=message("option-name"))] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Signs a development token."""
    from services.chassis.auth.credentials import development_issuer
    from services.chassis.auth.revocation import id_of
    from services.commands.homes import ForeignIssuer, require_home

    if context.invoked_subcommand is not None:
        return
    if role is None:
        raise usage.WrongCommand(message("usage-missing", what="--role"), context)
    check_bearer(role, unit or [], name)
    units = unit or ["*"]
    sources = source_prefixes(units, source)
    settings = load_settings(home=home)
    with exit_on_error():
        if settings.token_public_key is not None:
            raise ForeignIssuer(str(settings.token_public_key))
        require_home(settings)
        issuer = development_issuer(settings.home)
        signed = issuer.mint(role, units, sources, type_ or ["*"], days, name or "")
    result = {
        "role": role, "name": name or role, "units": units, "sources": sources, "days": days,
        "jti": id_of(signed), "token": signed,
    }  # fmt: skip
    print_result(result, as_json, signed)
    if not (source or as_json or "*" in units):
        tell(message("token-sources", sources=", ".join(sources)))


@token_app.command(
    "help-token-revoke",
    "danchu token revoke --subject to-tin-hoc --json",
    "danchu token revoke --token - < leaked-token",
    name="revoke",
)
def token_revoke(
    token: Annotated[str | None, typer.Option(help=message("option-revoked-token"))] = None,
    jti: Annotated[str | None, typer.Option(help=message("option-jti"))] = None,
    subject: Annotated[str | None, typer.Option(help=message("option-subject"))] = None,
    issued_before: Annotated[
        str | None, typer.Option(metavar="T", help=message("option-issued-before"))
    ] = None,
    ends: Annotated[str | None, typer.Option(metavar="T", help=message("option-ends"))] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Revokes one token, or all of a bearer, in every service."""
    from services.commands import revocation

    settings = load_settings(home=home)
    if token == "-":
        token = sys.stdin.readline().strip()
    with exit_on_error():
        row = revocation.read_options(token, jti, subject, issued_before, ends)
    services = run(revocation.revoke(settings, row))
    result = {**revocation.members(row), "services": services}
    words = message("token-revoked", value=row.value, services=", ".join(services))
    print_result(result, as_json, words)


@token_app.command("help-token-revoked", "danchu token revoked --json", name="revoked")
def token_revoked(home: Home = None, as_json: AsJson = False) -> None:
    """Lists what is revoked, and which databases lack it."""
    from services.commands import revocation

    listed = run(revocation.revoked(load_settings(home=home)))
    lines = [revocation.line(entry) for entry in listed]
    print_result({"revoked": listed}, as_json, "\n".join(lines) or message("nothing-to-do"))
