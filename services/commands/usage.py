"""Translates errors of the command line into our own sentences, with exit code 2.

Typer has English texts of its own; its errors are distinguished by type and their texts never
printed.
"""

import difflib
import re
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from contracts.messages import Message
from services.commands.messages import message

NUMBERS = ("integer", "float")
EXTRA = re.compile(r"unexpected extra argument\S* \((.*)\)", re.S)


def sentence(fault: typer.TyperException) -> Message:
    """The error of a command line in a sentence, with the command that shows the help."""
    where = getattr(getattr(fault, "ctx", None), "command_path", "danchu")
    return message("usage", fault=_fault(fault), command=where)


def _fault(fault: Any) -> Message:
    name = type(fault).__name__
    if isinstance(fault.message, Message) and name != "BadParameter":
        return fault.message
    if name == "MissingParameter":
        return message("usage-missing", what=_parameter(fault))
    if name == "NoSuchOption":
        near = ", ".join(sorted(fault.possibilities or ()))
        return _nearest("usage-no-option", fault.option_name, near)
    if name == "BadOptionUsage":
        return message("usage-option-value", option=fault.option_name)
    if name == "BadParameter":
        return message("usage-value", what=_parameter(fault), why=_why(fault))
    extra = EXTRA.search(fault.message)
    if extra:
        return message("usage-extra", words=extra[1])
    return message("usage-other")


def _parameter(fault: Any) -> str:
    if fault.param_hint is not None:
        return str(fault.param_hint)
    if fault.param is None:
        return "?"
    return str(fault.param.opts[0] if fault.param.opts[0].startswith("-") else fault.param.metavar)


def _why(fault: Any) -> Message:
    if isinstance(fault.message, Message):
        return fault.message
    least, most = (_bound(fault.param, name) for name in ("min", "max"))
    if least is not None and most is not None:
        return message("usage-number-between", least=least, most=most)
    if least is not None:
        return message("usage-number-from", least=least)
    return message("usage-number") if _is_number(fault.param) else message("usage-unreadable")


def _bound(parameter: Any, name: str) -> Any:
    """A bound of a number, which typer stores in the option or in its type."""
    own = getattr(parameter, name, None)
    return own if own is not None else getattr(getattr(parameter, "type", None), name, None)


def _is_number(parameter: Any) -> bool:
    kind = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    return kind in (int, float) or getattr(getattr(parameter, "type", None), "name", "") in NUMBERS


def _nearest(code: str, name: str, near: str) -> Message:
    if not near:
        return message(code, name=name)
    return message(f"{code}-near", name=name, near=near)


TITLES = {
    "ARGUMENTS_PANEL_TITLE": "title-arguments", "OPTIONS_PANEL_TITLE": "title-options",
    "COMMANDS_PANEL_TITLE": "title-commands",
}  # fmt: skip
"""The titles of a help, which typer reads from constants of a module."""


def _translate_titles() -> None:
    from typer import rich_utils

    for name, code in TITLES.items():
        setattr(rich_utils, name, str(message(code)))


class Command(TyperCommand):
    """A command whose help is in both languages."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help, with its titles in both languages."""
        _translate_titles()
        super().format_help(ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        """The option, in both languages."""
        return _translated(super().get_help_option(ctx))


def _translated(option: Any) -> Any:
    if option is not None:
        option.help = message("option-help")
    return option


class Commands(TyperGroup):
    """A group of commands that suggests the nearest one for an unknown command."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help, with its titles in both languages."""
        _translate_titles()
        super().format_help(ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        """The option, in both languages."""
        return _translated(super().get_help_option(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of the first word."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            near = difflib.get_close_matches(args[0], list(self.commands), 3, 0.5)
            if not near and (option := _repeatable(ctx)) is not None:
                extra = message("usage-extra-repeated", words=args[0], option=option)
                raise WrongCommand(extra, ctx)
            raise WrongCommand(_nearest("usage-no-command", args[0], ", ".join(near)), ctx)
        return super().resolve_command(ctx, args)


def _repeatable(ctx: Any) -> str | None:
    """The last option before a word, of those that are repeated for each value."""
    repeated = [
        parameter for parameter in ctx.command.params
        if getattr(parameter, "multiple", False) and ctx.params.get(parameter.name)
    ]  # fmt: skip
    return repeated[-1].opts[0] if repeated else None


class WrongCommand(typer.TyperException):
    """There is no such command, or it cannot be called so; the message is a whole sentence."""

    exit_code = 2

    def __init__(self, why: Message, ctx: Any) -> None:
        super().__init__(why)
        self.ctx = ctx
