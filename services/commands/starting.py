"""`danchu up`, `serve`, `migrate`, `provision` and `token`: parse and call, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.envelope import UNIT_KEY
from services.chassis.auth import NAME_MAX, ROLES, development_issuer
from services.commands import operate
from services.commands.options import AsJson, Home, Teaching, configured, printed
from services.commands.parts import Part, named
from services.commands.running import run, spoken
from services.commands.serve import serve as serving
from services.commands.stack import Stack
from services.scoring import rubric_file

starting = Teaching()


@starting.command("danchu up --port 9000 --nats-port 4333 --home /srv/danchu")
def up(
    empty: Annotated[bool, typer.Option("--empty", help="load no sample city")] = False,
    port: Annotated[int | None, typer.Option(help="HTTP port (DANCHU_PORT, 8080)")] = None,
    nats_port: Annotated[int | None, typer.Option(help="(DANCHU_NATS_PORT, 4222)")] = None,
    home: Home = None,
    rubrics: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="folder of rubrics, for the shipped ones"),
    ] = None,
) -> None:
    """Start everything on this machine: NATS, services, the sample city. Ctrl-C stops it.

    A part that dies is started again, and said. Exit code 0 after Ctrl-C or SIGTERM.
    """
    settings = configured(port=port, nats_port=nats_port, home=home)
    if rubrics is not None:
        with spoken():
            rubric_file.load_directory(rubrics)
    run(Stack(settings, lambda line: print(line, flush=True), not empty, rubrics).run())


@starting.command("danchu serve scoring --part fold")
def serve(
    service: Annotated[str, typer.Argument(help="the name of a service, or all")],
    part: Annotated[str, typer.Option(help="all, http (no fold), or fold (no HTTP)")] = "all",
) -> None:
    """Serve one service, or all, by the settings in the environment, until SIGTERM."""
    if part not in ("all", "http", "fold"):
        raise typer.BadParameter("it is all, http or fold", param_hint="--part")
    chosen: Part = part  # type: ignore[assignment]
    run(_served(service, chosen))


async def _served(service: str, part: Part) -> None:
    await serving(named(service), part)


@starting.command("DANCHU_DATABASE_URL=postgresql://danchu@db/danchu danchu migrate")
def migrate(
    service: Annotated[str, typer.Argument(help="a service, or all")] = "all",
    as_json: AsJson = False,
) -> None:
    """Bring the databases to this version; twice does nothing."""
    done = run(operate.migrate(service))
    printed({"migrated": done}, as_json, f"of this version: {', '.join(done)}")


@starting.command("danchu provision --json")
def provision(as_json: AsJson = False) -> None:
    """Create or correct streams and consumers of NATS; twice does nothing."""
    done = run(operate.provisioned())
    printed({"done": done}, as_json, "\n".join(done) or "nothing to do")


@starting.command(
    "danchu token --role emitter --unit H44.12.34 --source urn:phuong-so-1",
    "danchu token --role council --name thu-ky-hoi-dong --days 30",
)
def token(
    role: Annotated[str, typer.Option(help=", ".join(ROLES))],
    unit: Annotated[list[str] | None, typer.Option(help="key or code; again for more")] = None,
    source: Annotated[list[str] | None, typer.Option(help="prefix of `source`")] = None,
    type_: Annotated[list[str] | None, typer.Option("--type", help="event type")] = None,
    days: Annotated[int, typer.Option(min=1, max=36_500, help="valid for so many days")] = 366,
    name: Annotated[
        str | None, typer.Option(help="whom it is given to, as journals say it; else the role")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Sign a development token, narrowed to units, sources and types where they are given."""
    if role not in ROLES:
        raise typer.BadParameter(f"it is one of {', '.join(ROLES)}", param_hint="--role")
    for one in unit or []:
        if one != "*" and not UNIT_KEY.fullmatch(one):
            why = f"{one!r} is no unit's key or code, such as H44.12.34"
            raise typer.BadParameter(why, param_hint="--unit")
    if name is not None and not (name.strip() and len(name) <= NAME_MAX and name.isprintable()):
        why = f"it is 1 to {NAME_MAX} printable characters"
        raise typer.BadParameter(why, param_hint="--name")
    narrowed = (unit or ["*"], source or ["*"], type_ or ["*"])
    settings = configured(home=home)
    with spoken():
        made = development_issuer(settings.home).mint(role, *narrowed, days, name or "")
    told = {"role": role, "name": name or role, "units": narrowed[0], "days": days, "token": made}
    printed(told, as_json, made)
