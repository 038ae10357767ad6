"""Options that several commands share, and what they mean."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.chassis.settings import Settings
from services.commands.client import Client
from services.commands.running import run

Home = Annotated[Path | None, typer.Option(help="folder of the state (DANCHU_HOME)")]
Url = Annotated[str | None, typer.Option(help="address of danchu")]
Token = Annotated[str | None, typer.Option(help="bearer token; else <home>/tokens.json")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for a machine")]


def configured(**given: Any) -> Settings:
    """The settings of the environment with what was given on the command line."""

    async def made() -> Settings:
        return Settings(**{name: value for name, value in given.items() if value is not None})

    return run(made())


def client(settings: Settings, url: str | None) -> Client:
    """Asks the address that was given, else the one of the settings on this machine."""
    return Client(url or f"http://127.0.0.1:{settings.port}")
