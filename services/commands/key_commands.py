"""`danchu keys`: parses options and calls, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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

keys_app = CommandGroup(help=message("help-keys"))
KINDS = ("tokens", "records", "sessions")


@keys_app.command("help-keys-make", "danchu keys make --home /srv/danchu", name="make")
def keys_make(home: Home = None, as_json: AsJson = False) -> None:
    """Creates the keys that a home lacks; existing ones stay."""
    from services.commands import keys

    settings = load_settings(home=home)
    with exit_on_error():
        files = keys.make(settings)
    print_result({"made": files}, as_json, "\n".join(files) or message("nothing-to-do"))


@keys_app.command("help-keys-show", "danchu keys show --json", name="show")
def keys_show(home: Home = None, as_json: AsJson = False) -> None:
    """Shows which keys a home has, by fingerprint."""
    from services.commands import keys
    from services.commands.homes import require_home

    settings = load_settings(home=home)
    with exit_on_error():
        require_home(settings)
        listed = [
            {"kind": of_kind.kind, "fingerprint": mark, "file": str(of_kind.file)}
            for of_kind in keys.load_keys(settings)
            for mark in of_kind.fingerprints
        ]
    words = "\n".join(f"{key['kind']}  {key['fingerprint']}  {key['file']}" for key in listed)
    print_result({"keys": listed}, as_json, words)


@keys_app.command("help-keys-adopt", "danchu keys adopt", name="adopt")
def keys_adopt(home: Home = None, as_json: AsJson = False) -> None:
    """Lets the databases accept the keys of this home at the next start."""
    from services.commands import keys
    from services.commands.homes import require_databases
    from services.commands.service_registry import SERVICES

    settings = load_settings(home=home)
    with exit_on_error():
        require_databases(settings, SERVICES)
    services = run(keys.adopt(settings))
    words = message("keys-adopted", services=", ".join(services) or "-")
    print_result({"adopted": services}, as_json, words)


@keys_app.command(
    "help-keys-cluster",
    "danchu keys cluster --to secrets",
    "danchu keys cluster --to secrets --database postgresql-rw:5432 --parameters sslmode=require",
    name="cluster",
)
def keys_cluster(
    to: Annotated[Path, typer.Option(help=message("option-secrets"))],
    database: Annotated[
        str, typer.Option(help=message("option-database-server"))
    ] = "postgresql:5432",
    parameters: Annotated[str, typer.Option(help=message("option-database-parameters"))] = "",
    nats_host: Annotated[list[str] | None, typer.Option(help=message("option-nats-host"))] = None,
    as_json: AsJson = False,
) -> None:
    """Makes the secrets of a Kubernetes cluster."""
    from services.chassis.clock import now_us
    from services.commands import cluster_secrets

    load_settings()
    with exit_on_error():
        files = cluster_secrets.make(to, database, now_us(), parameters, nats_host or ())
    words = [*files, message("secrets-next", folder=to)] if files else [message("nothing-to-do")]
    print_result({"made": files}, as_json, "\n".join(words))


@keys_app.command("help-keys-rotate", "danchu keys rotate --kind tokens", name="rotate")
def keys_rotate(
    kind: Annotated[str, typer.Option(help=message("option-key-kind"))],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Adds a key that signs or encrypts from now on; the former ones stay valid."""
    from services.commands import keys
    from services.commands.homes import require_home

    if kind not in KINDS:
        raise refuse("--kind", message("one-of", known=", ".join(KINDS)))
    settings = load_settings(home=home)
    with exit_on_error():
        require_home(settings)
    mark = run(keys.rotate(settings, kind))
    print_result({"kind": kind, "fingerprint": mark}, as_json, f"{kind}  {mark}")


@keys_app.command(
    "help-keys-retire", "danchu keys retire 5f0c6a1e9d0b4c7a8e2f3b1d6c9a0e47", name="retire"
)
def keys_retire(
    mark: Annotated[
        str, typer.Argument(metavar="FINGERPRINT", help=message("argument-fingerprint"))
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Removes a former key, with which the tokens that it signed or the sessions end."""
    from services.commands import keys
    from services.commands.homes import require_home

    settings = load_settings(home=home)
    with exit_on_error():
        require_home(settings)
    run(keys.retire(settings, mark))
    print_result({"retired": mark}, as_json, mark)
