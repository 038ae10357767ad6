"""`danchu up`, `serve`, `migrate`, `provision` and `carry`: parse options and call."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.command_runner import FAULT, exit_on_error, run
from services.commands.messages import message
from services.commands.options import (
    AsJson,
    CommandGroup,
    Home,
    existing_folder,
    load_settings,
    print_result,
    refuse,
)
from services.commands.terminal import progress_bar, show, tell

if TYPE_CHECKING:
    from services.commands.service_registry import Part

stack_app = CommandGroup()
log = logging.getLogger(__name__)
PARTS = ("all", "http", "fold")
PortOption = Annotated[int | None, typer.Option(min=1, max=65535, help=message("option-port"))]
NatsPort = Annotated[int | None, typer.Option(min=1, max=65535, help=message("option-nats-port"))]
Service = Annotated[str, typer.Argument(metavar="SERVICE", help=message("argument-service"))]
Services = Annotated[
    list[str], typer.Argument(metavar="SERVICE…", help=message("argument-services"))
]


@stack_app.command("help-up", "danchu up --port 9000 --nats-port 4333 --home /srv/danchu")
def up(
    empty: Annotated[bool, typer.Option("--empty", help=message("option-empty"))] = False,
    port: PortOption = None, nats_port: NatsPort = None, home: Home = None,
    rubrics: Annotated[Path | None, typer.Option(help=message("option-rubrics"))] = None,
) -> None:  # fmt: skip
    """Starts everything on this machine."""
    from services.commands.stack import Stack
    from services.scoring.rubrics import loader

    settings = load_settings(port=port, nats_port=nats_port, home=home)
    if rubrics is not None:
        with exit_on_error():
            loader.load_directory(existing_folder(rubrics, "--rubrics"))
    run(Stack(settings, show, not empty, rubrics).run())


@stack_app.command(
    "help-serve", "danchu serve scoring --part fold", "danchu serve training awards violations"
)
def serve(
    services: Services,
    part: Annotated[str, typer.Option(help=message("option-part"))] = "all",
    home: Home = None,
) -> None:
    """Serves some services, or all, until SIGTERM."""
    if part not in PARTS:
        raise refuse("--part", message("one-of", known=", ".join(PARTS)))
    chosen: Part = part  # type: ignore[assignment]
    settings = load_settings(home=home)
    try:
        run(_load_server()(services, chosen, settings.home))
    except typer.Exit:
        raise
    except Exception as bug:  # an operator looks for the traceback in the log
        log.critical("the process ended by a fault of its own", exc_info=True)
        tell(message("fault", kind=type(bug).__name__, what=str(bug)[:300]))
        raise typer.Exit(FAULT) from None


def _load_server() -> Callable[[list[str], Part, Path], Coroutine[Any, Any, None]]:
    """Imports every service before anything runs; returns the function that serves."""
    from services.commands.serve import serve as serving
    from services.commands.service_registry import service_names

    async def serve_services(services: list[str], part: Part, home: Path) -> None:
        await serving(service_names(*services), part, home)

    return serve_services


@stack_app.command(
    "help-migrate", "DANCHU_DATABASE_URL=postgresql://danchu@db/danchu danchu migrate"
)
def migrate(service: Service = "all", home: Home = None, as_json: AsJson = False) -> None:
    """Migrates the databases to this version."""
    from services.commands import operator

    names = run(operator.migrate(load_settings(home=home), service))
    print_result({"migrated": names}, as_json, message("migrated", services=", ".join(names)))


@stack_app.command("help-provision", "danchu provision --json")
def provision(home: Home = None, as_json: AsJson = False) -> None:
    """Creates or updates the streams and consumers of NATS."""
    from services.commands import operator

    changes = run(operator.provision(load_settings(home=home)))
    print_result({"done": changes}, as_json, "\n".join(changes) or message("nothing-to-do"))


@stack_app.command(
    "help-carry", "danchu carry --to postgresql://danchu@db/danchu --home /srv/danchu"
)
def carry(
    to: Annotated[str, typer.Option(help=message("option-to"))],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Moves a home from SQLite to PostgreSQL."""
    from services.commands import home_transfer

    settings = load_settings(home=home)
    url = sys.stdin.readline() if to == "-" else to
    with progress_bar(message("progress-rows"), None) as step:
        carried = run(home_transfer.carry(settings, url, step))
    lines = [
        message("carried", service=name, rows=sum(tables.values()), tables=len(tables))
        for name, tables in carried.items()
    ]
    print_result({"carried": carried}, as_json, "\n".join((*lines, message("carried-next"))))
