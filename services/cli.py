"""The command `danchu`: puts the commands together, no logic."""

from __future__ import annotations

import typer

from services.commands.judging import judging, rubric_app
from services.commands.keys import keys_app
from services.commands.quarantining import quarantine_app
from services.commands.running import CODES
from services.commands.sending import sending
from services.commands.starting import starting

app = typer.Typer(no_args_is_help=True, add_completion=False, epilog=CODES)
for commands in (starting, sending, judging):
    app.add_typer(commands.app)
app.add_typer(rubric_app.app, name="rubric")
app.add_typer(quarantine_app.app, name="quarantine")
app.add_typer(keys_app.app, name="keys")


@app.callback()
def main() -> None:
    """danchu (dân chủ): one annual rating per unit of how it practises grassroots democracy."""


if __name__ == "__main__":
    app()
