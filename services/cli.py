"""The command line `danchu`: registers the groups of commands, no logic.

No service is imported before a command runs, so that help, a token, or a question to a running
stack does not wait for all services to load.
"""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from services.commands.account_commands import account_app
from services.commands.backup_commands import backup_app
from services.commands.command_runner import CODES, Program
from services.commands.door_commands import door_app
from services.commands.event_commands import event_app
from services.commands.export_commands import export_app
from services.commands.history_commands import history_app
from services.commands.key_commands import keys_app
from services.commands.messages import message
from services.commands.nats_commands import nats_app
from services.commands.options import PROGRAM_HELP
from services.commands.quarantine_commands import quarantine_app
from services.commands.rating_commands import rating_app, rubric_app
from services.commands.seal_commands import seal_app
from services.commands.stack_commands import stack_app
from services.commands.terminal import show
from services.commands.token_commands import token_app
from services.commands.verify.verify_commands import verify_app
from services.commands.what_if_commands import what_if_app
from services.commands.year_commands import year_app

app = typer.Typer(no_args_is_help=True, add_completion=False, epilog=CODES, cls=Program)
for commands in (
    stack_app, backup_app, event_app, rating_app, history_app, verify_app, export_app, what_if_app,
):  # fmt: skip
    app.add_typer(commands.app)
app.add_typer(rubric_app.app, name="rubric")
app.add_typer(quarantine_app.app, name="quarantine")
app.add_typer(keys_app.app, name="keys")
app.add_typer(account_app.app, name="account")
app.add_typer(door_app.app, name="door")
app.add_typer(nats_app.app, name="nats")
app.add_typer(year_app.app, name="year")
app.add_typer(seal_app.app, name="seal")
app.add_typer(token_app.app, name="token")


def _version(value: bool) -> None:
    if value:
        from services.commands.start_line import version

        show(f"danchu {version()}")
        raise typer.Exit


@app.callback(help=PROGRAM_HELP)
def main(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_version, help=message("option-version")),
    ] = False,
) -> None:
    """One annual rating per unit of how it practises grassroots democracy."""


if __name__ == "__main__":
    gc.disable()  # until everything is loaded, as in services/__main__.py
    app()
