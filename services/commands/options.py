"""Options that several commands share, and groups of commands with examples in their help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.messages import Message
from services.commands import usage
from services.commands.command_runner import CODES, exit_on_error
from services.commands.messages import message
from services.commands.terminal import show, show_json

if TYPE_CHECKING:
    from services.chassis.settings import Settings
    from services.scoring.settings import ScoringSettings

Home = Annotated[Path | None, typer.Option(help=message("option-home"))]
Url = Annotated[str | None, typer.Option(help=message("option-url"))]
Token = Annotated[str | None, typer.Option(help=message("option-token"))]
AsJson = Annotated[bool, typer.Option("--json", help=message("option-json"))]


def help_text(text: Message) -> str:
    """The help in both languages, a paragraph each."""
    return f"{text.vi}\n\n{text.en}"


PROGRAM_HELP = help_text(message("help-program"))


class CommandGroup:
    """A group of commands whose `--help` is in both languages, with examples.

    The help of a command is the message with the code that it is registered under.
    """

    def __init__(self, help: Message | None = None) -> None:
        self.app = typer.Typer(no_args_is_help=True, help=help, cls=usage.Commands)

    def callback(self, code: str, *examples: str) -> Callable[[Callable[..., None]], Any]:
        """As `command`, for a group that is a command itself."""
        return self.app.callback(
            invoke_without_command=True, no_args_is_help=False, cls=usage.Commands,
            **_explained(code, examples),
        )  # fmt: skip

    def command(
        self, code: str, *examples: str, name: str | None = None
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """A decorator that registers a function as a command, with its help and examples."""
        explained = _explained(code, examples)

        def register(function: Callable[..., None]) -> Callable[..., None]:
            return self.app.command(name, cls=usage.Command, **explained)(function)

        return register


def _explained(code: str, examples: Sequence[str]) -> dict[str, Any]:
    """What the help of a command says: its text, its examples, and the exit codes."""
    text = message(code)
    lines = (*(message("example", command=example) for example in examples), CODES)
    return {
        "help": help_text(text), "short_help": _short(text), "epilog": "\n\n".join(lines),
    }  # fmt: skip


def _short(text: Message) -> str:
    """The first sentence in each language."""
    return " / ".join(part.split(". ")[0].rstrip(".") for part in (text.vi, text.en))


def refuse(option: str, why: Message) -> typer.BadParameter:
    """The error of an option or argument with an invalid value."""
    return typer.BadParameter(why, param_hint=option)


def existing_file(path: Path, argument: str) -> Path:
    """The path of an existing file; BadParameter otherwise."""
    if not path.exists():
        raise refuse(argument, message("file-absent", file=path))
    if path.is_dir():
        raise refuse(argument, message("file-folder", file=path))
    return path


def existing_folder(path: Path, option: str) -> Path:
    """The path of an existing folder; BadParameter otherwise."""
    if not path.is_dir():
        raise refuse(option, message("folder-absent", folder=path))
    return path


def load_settings(**options: Any) -> Settings:
    """The settings of the environment, overridden by options of the command line.

    A variable of the environment that is not a setting is reported on standard error.
    """
    from services.chassis.settings import Settings
    from services.commands.setting_names import warn_of_unknown

    with exit_on_error():
        warn_of_unknown()
        settings = Settings(**_set_options(options))
    return settings


def load_scoring_settings(**options: Any) -> ScoringSettings:
    """As `load_settings`, with the settings of scoring."""
    from services.commands.setting_names import warn_of_unknown
    from services.scoring.settings import ScoringSettings

    with exit_on_error():
        warn_of_unknown()
        settings = ScoringSettings(**_set_options(options))
    return settings


def _set_options(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def print_result(result: Any, as_json: bool, words: str = "") -> None:
    """Prints a result as JSON for a machine, or in words for a person."""
    if as_json:
        show_json(result)
    else:
        show(words)
