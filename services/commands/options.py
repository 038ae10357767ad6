"""Options that several commands share, what they mean, and how a command teaches by example."""

import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from services.chassis.settings import Settings
from services.commands.client import Client
from services.commands.running import CODES, spoken

Home = Annotated[Path | None, typer.Option(help="folder of the state (DANCHU_HOME)")]
Url = Annotated[str | None, typer.Option(help="address of danchu; else this machine's port")]
Token = Annotated[str | None, typer.Option(help="bearer token; else <home>/tokens.json")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for a machine")]


class Teaching:
    """Commands whose `--help` ends with an example and the exit codes."""

    def __init__(self, help: str | None = None) -> None:
        self.app = typer.Typer(no_args_is_help=True, help=help)

    def command(
        self, *examples: str, name: str | None = None
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """A decorator: the function is a command, taught by the examples."""
        taught = "\n\n".join((*(f"Ví dụ / example: {one}" for one in examples), CODES))

        def added(function: Callable[..., None]) -> Callable[..., None]:
            said = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.getdoc(function) or "")
            return self.app.command(name, help=said, epilog=taught)(function)

        return added


def configured(**given: Any) -> Settings:
    """The settings of the environment with what was given on the command line."""
    with spoken():
        return Settings(**{name: value for name, value in given.items() if value is not None})


def client(settings: Settings, url: str | None) -> Client:
    """Asks the address that was given, else the one of the settings on this machine."""
    return Client(url or f"http://127.0.0.1:{settings.port}")


def printed(found: Any, as_json: bool, words: str = "") -> None:
    """Prints what was found as JSON for a machine, or in words for a person."""
    print(json.dumps(found, ensure_ascii=False, indent=1) if as_json else words)
