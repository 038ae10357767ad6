"""`danchu backup` and `danchu restore`: parse options and call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.commands.command_runner import run
from services.commands.messages import message
from services.commands.options import (
    AsJson,
    CommandGroup,
    Home,
    existing_folder,
    load_settings,
    print_result,
)
from services.commands.terminal import progress_bar

backup_app = CommandGroup()


@backup_app.command("help-backup", "danchu backup --to /srv/backups --keep 14")
def backup(
    to: Annotated[Path, typer.Option(help=message("option-backup-to"))],
    keep: Annotated[int | None, typer.Option(min=1, help=message("option-keep"))] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Saves databases and keys while danchu runs."""
    from services.chassis.clock import now_us
    from services.commands import backup as backups

    settings = load_settings(home=home)
    with progress_bar(message("progress-rows"), None) as step:
        saved = run(backups.save(settings, to, keep, now_us, step))
    lines = [message("backup-saved", folder=saved.folder, rows=_sum(saved.rows))]
    lines += [message("backup-removed", folder=folder) for folder in saved.removed]
    result = {
        "backup": str(saved.folder), "rows": saved.rows, "removed": [*map(str, saved.removed)],
    }  # fmt: skip
    print_result(result, as_json, "\n".join(lines))


@backup_app.command(
    "help-restore", "danchu restore --from /srv/backups/danchu-20261128T020000Z --home /srv/danchu"
)
def restore(
    source: Annotated[Path, typer.Option("--from", help=message("option-from"))],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Puts a backup into an empty home and empty databases."""
    from services.commands import backup as backups

    settings = load_settings(home=home)
    folder = existing_folder(source, "--from")
    with progress_bar(message("progress-rows"), None) as step:
        rows = run(backups.restore(settings, folder, step))
    lines = message("restored", rows=_sum(rows), folder=folder), message("restored-next")
    print_result({"restored": rows}, as_json, "\n".join(lines))


def _sum(rows: dict[str, dict[str, int]]) -> int:
    return sum(sum(tables.values()) for tables in rows.values())
