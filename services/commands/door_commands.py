"""`danchu door`: parses options and calls, no logic."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from contracts import moments
from contracts.messages import Message
from contracts.moment_texts import moment_text
from services.commands.command_runner import run
from services.commands.messages import message
from services.commands.options import (
    AsJson,
    CommandGroup,
    Home,
    load_scoring_settings,
    print_result,
)

door_app = CommandGroup(help=message("help-door"))
Name = Annotated[str, typer.Argument(metavar="NAME", help=message("argument-door"))]


@door_app.command("help-door-list", "danchu door list --json", name="list")
def door_list(home: Home = None, as_json: AsJson = False) -> None:
    """Lists the databases that record events, and whether all of each has arrived."""
    from services.commands import operator

    listed = run(operator.list_doors(load_scoring_settings(home=home)))
    lines = (_line(door) for door in listed)
    print_result({"doors": listed}, as_json, "\n".join(lines) or message("door-none"))


@door_app.command("help-door-retire", "danchu door retire intake.3f2a91c0", name="retire")
def door_retire(name: Name, home: Home = None, as_json: AsJson = False) -> None:
    """Retires a door whose database is lost for good."""
    from services.commands import operator

    run(operator.retire_door(load_scoring_settings(home=home), name))
    print_result({"retired": name}, as_json, message("door-retired", door=name))


def _line(door: dict[str, Any]) -> Message:
    """A door with its state and the time of its mark in words."""
    until = moment_text(moments.instant(door["until"]), seconds=True)
    state = message(f"door-state-{door['state']}")
    return message("door-line", **door | {"until": until, "state": state})
