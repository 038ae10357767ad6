"""`danchu nats`: parses options and calls, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.command_runner import exit_on_error, run
from services.commands.messages import message
from services.commands.options import (
    AsJson,
    CommandGroup,
    Home,
    load_settings,
    print_result,
    refuse,
)

if TYPE_CHECKING:
    from contracts.messages import Message
    from services.intake.settings import IntakeSettings
    from services.intake.unit_credentials import UnitCredential

nats_app = CommandGroup(help=message("help-nats"))
Units = Annotated[list[str], typer.Option("--unit", help=message("option-nats-unit"))]
Sources = Annotated[list[str] | None, typer.Option("--source", help=message("option-source"))]
NatsUrl = Annotated[str | None, typer.Option("--url", help=message("option-nats-url"))]
Out = Annotated[Path | None, typer.Option(help=message("option-nats-out"))]
Unit = Annotated[str | None, typer.Option(help=message("option-nats-revoked-unit"))]
Key = Annotated[str | None, typer.Option(help=message("option-nats-key"))]
Hosts = Annotated[list[str] | None, typer.Option(help=message("option-nats-config-host"))]
Tls = Annotated[bool, typer.Option("--tls", help=message("option-nats-tls"))]
Encrypt = Annotated[bool, typer.Option("--encrypt", help=message("option-nats-encrypt"))]
Place = Annotated[str, typer.Option(help=message("option-nats-place"))]
Store = Annotated[str, typer.Option(help=message("option-nats-store"))]


@nats_app.command(
    "help-nats-credentials",
    "danchu nats credentials --unit H44.12.34",
    "danchu nats credentials --unit H44.12 --unit H44.13 --source urn:mot-cua: --out mot-cua.json",
    name="credentials",
)
def nats_credentials(
    unit: Units, source: Sources = None, url: NatsUrl = None, out: Out = None,
    home: Home = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Makes a NATS credential of a department, which the server takes up at once."""
    from services.chassis.auth.credentials import own_sources
    from services.chassis.clock import now_us
    from services.commands.nats import units
    from services.intake.unit_credentials import emit_subject

    chosen = list(dict.fromkeys(unit))
    sources = list(dict.fromkeys(source or own_sources(chosen)))
    _check(chosen, sources, url)
    settings = _settings(home)
    with exit_on_error():
        issued = units.issue(settings, chosen, sources, now_us(), url, out)
    servers = run(units.take_up(settings))
    credential = issued.credential
    words = message(
        "nats-issued", user=credential.user, file=issued.file, unit=chosen[0],
        subjects=", ".join(emit_subject(each) for each in chosen),
        sources=", ".join(sources),
    )  # fmt: skip
    result = {**_described(credential), "file": str(issued.file), "servers": servers}
    print_result(result, as_json, f"{words}\n{_taken_up(servers)}")


@nats_app.command(
    "help-nats-revoke",
    "danchu nats revoke --unit H44.12.34",
    "danchu nats revoke --key H44-12-34_3f2a91c0",
    name="revoke",
)
def nats_revoke(
    unit: Unit = None, key: Key = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Revokes NATS credentials, and closes their connections."""
    from services.commands.nats import units

    if unit is None and key is None:
        raise refuse("--unit", message("nats-revoke-what"))
    settings = _settings(home)
    with exit_on_error():
        ended = units.revoke(settings, unit, key)
    servers = run(units.take_up(settings))
    users = [credential.user for credential in ended]
    words = message("nats-revoked", users=", ".join(users))
    result = {"revoked": users, "servers": servers}
    print_result(result, as_json, f"{words}\n{_taken_up(servers)}")


@nats_app.command(
    "help-nats-reload", "DANCHU_NATS_URL=nats://127.0.0.1:4222 danchu nats reload", name="reload"
)
def nats_reload(home: Home = None, as_json: AsJson = False) -> None:
    """Has the servers read their configuration again."""
    from services.commands.nats.reload import reload_servers

    servers = run(reload_servers(_settings(home)))
    print_result({"servers": servers}, as_json, _taken_up(servers))


@nats_app.command("help-nats-list", "danchu nats list --json", name="list")
def nats_list(home: Home = None, as_json: AsJson = False) -> None:
    """Lists the NATS credentials of departments."""
    from services.commands.nats import units

    settings = _settings(home)
    with exit_on_error():
        credentials = [_described(credential) for credential in units.listed(settings)]
    lines = [
        message(
            "nats-line", user=each["user"], created=each["created"],
            units=", ".join(each["units"]), sources=", ".join(each["sources"]),
        )
        for each in credentials
    ]  # fmt: skip
    print_result({"credentials": credentials}, as_json, "\n".join(lines) or message("nats-none"))


@nats_app.command(
    "help-nats-config",
    "danchu nats config --to nats --host nats.example --tls",
    "danchu nats config --to nats --host n1.example --host n2.example --host n3.example --tls",
    "danchu nats config --to nats",
    name="config",
)
def nats_config(
    to: Annotated[Path, typer.Option(help=message("option-nats-config"))],
    host: Hosts = None, tls: Tls = False, encrypt: Encrypt = False, place: Place = "/etc/nats",
    store: Store = "/var/lib/nats", home: Home = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Writes the configuration of NATS servers that a site runs itself."""
    from services.chassis.clock import now_us
    from services.commands.nats import units
    from services.commands.nats.outside import Plan, ServerFolders, earlier_plan
    from services.intake.settings import IntakeSettings

    with exit_on_error():
        plan = Plan(tuple(host), tls, encrypt, place, store) if host else earlier_plan(to)
    if plan is None:
        raise refuse("--host", message("nats-config-new"))
    settings = load_settings(home=home)
    with exit_on_error():
        credentials = units.listed(IntakeSettings(home=settings.home))
        folders = ServerFolders(to, plan).write(credentials, now_us())
    names = [str(folder) for folder in folders]
    words = message("nats-config-next", folder=to, place=plan.place)
    print_result({"servers": names}, as_json, "\n".join((*names, words)))


def _described(credential: UnitCredential) -> dict[str, str | tuple[str, ...]]:
    """What anybody may see of a credential."""
    return {
        "user": credential.user, "units": credential.units, "sources": credential.sources,
        "created": credential.created,
    }  # fmt: skip


def _taken_up(servers: list[str]) -> Message:
    if not servers:
        return message("nats-not-taken-up")
    return message("nats-taken-up", servers=", ".join(servers))


def _check(units: list[str], sources: list[str], url: str | None) -> None:
    from contracts.envelope import UNIT_KEY
    from services.chassis.auth.credentials import is_open
    from services.chassis.database.url import nats_url
    from services.commands.nats.units import UNITS_MAX

    if len(units) > UNITS_MAX:
        raise refuse("--unit", message("nats-units-most", most=UNITS_MAX))
    for key in units:
        if not UNIT_KEY.fullmatch(key):
            raise refuse("--unit", message("no-unit", unit=key))
    if any(map(is_open, sources)):
        raise refuse("--source", message("token-source-open"))
    if url is not None:
        with exit_on_error():
            nats_url(url, "--url")


def _settings(home: Path | None) -> IntakeSettings:
    """The settings of the home, which must exist."""
    from services.commands.homes import require_home
    from services.intake.settings import IntakeSettings

    settings = load_settings(home=home)
    with exit_on_error():
        own = IntakeSettings(home=settings.home)
        require_home(own)
    return own
