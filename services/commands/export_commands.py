"""`danchu export`: parses options and calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from services.commands.command_runner import run
from services.commands.messages import message
from services.commands.options import (
    AsJson,
    CommandGroup,
    Home,
    Token,
    Url,
    load_settings,
    print_result,
    refuse,
)
from services.commands.rating_commands import YearOption
from services.commands.terminal import progress_bar

if TYPE_CHECKING:
    from services.chassis.settings import Settings
    from services.commands.export import Export, Exported

export_app = CommandGroup()
Format = Annotated[
    Literal["csv", "xlsx", "pdf", "report"],
    typer.Option("--format", help=message("option-export-format")),
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help=message("option-export-output"))
]
Unit = Annotated[str | None, typer.Option(help=message("option-unit"))]
Kind = Annotated[str | None, typer.Option(help=message("option-export-kind"))]
Class = Annotated[str | None, typer.Option("--class", help=message("option-export-class"))]
AsOf = Annotated[str | None, typer.Option(help=message("option-export-as-of"))]
Version = Annotated[int | None, typer.Option(min=1, help=message("option-export-version"))]
Lang = Annotated[Literal["vi", "en"] | None, typer.Option(help=message("option-export-lang"))]
Separator = Annotated[str | None, typer.Option(help=message("option-export-separator"))]
Decimal = Annotated[
    Literal["point", "comma"] | None, typer.Option(help=message("option-export-decimal"))
]
OPTIONS = {
    "csv": {"kind", "class", "as_of", "version", "separator", "decimal"},
    "xlsx": {"kind", "class", "as_of", "version", "lang"},
    "pdf": {"as_of", "version", "lang"},
    "report": {"lang"},
}
"""By format, the options that it takes."""


@export_app.command(
    "help-export", "danchu export --year 2025 --format xlsx",
    "danchu export --year 2025 --format csv --separator ';' --decimal comma -o ratings.csv",
    "danchu export --year 2025 --unit H44.2.5 --format pdf",
    "danchu export --year 2025 --format pdf -o sheets",
    "danchu export --year 2025 --format report --lang en",
)  # fmt: skip
def export(
    year: YearOption, form: Format, unit: Unit = None, output: Output = None, kind: Kind = None,
    class_: Class = None, as_of: AsOf = None, version: Version = None, lang: Lang = None,
    separator: Separator = None, decimal: Decimal = None,
    url: Url = None, token: Token = None, home: Home = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Writes the ratings of a year into a file, or the sheets of its units."""
    from services.commands.export import STANDARD_OUTPUT, Export

    parameters: dict[str, str | int | None] = {
        "kind": kind, "class": class_, "as_of": as_of, "version": version, "lang": lang,
        "separator": separator, "decimal": decimal,
    }  # fmt: skip
    parameters = {name: value for name, value in parameters.items() if value is not None}
    for name in parameters.keys() - OPTIONS[form]:
        option = f"--{name.replace('_', '-')}"
        raise refuse(option, message("export-option-foreign", format=form))
    if form == "report" and unit is not None:
        raise refuse("--unit", message("export-option-foreign", format=form))
    settings = load_settings(home=home)
    work = Export(year, unit, form, parameters)
    written = run(_export(settings, url, token, work, output))
    if output != STANDARD_OUTPUT:
        _print_files(written, as_json)


async def _export(
    settings: Settings, url: str | None, token: str | None, work: Export, output: Path | None
) -> list[Exported]:
    from services.commands.client import Client, tokens
    from services.commands.export import export_list, export_report, export_sheets
    from services.commands.homes import stack_url

    bearer = token or tokens(settings.home)["hr"]
    client = Client(url or stack_url(settings))
    if work.format == "report":
        return [await export_report(client, bearer, work, output)]
    if work.format != "pdf":
        return [await export_list(client, bearer, work, output)]
    with progress_bar(message("progress-sheets"), None) as step:
        return await export_sheets(client, bearer, work, output, step)


def _print_files(written: list[Exported], as_json: bool) -> None:
    files = [{"file": str(each.file), "bytes": each.size} for each in written]
    lines = [message("exported", file=each.file, size=each.size) for each in written]
    print_result({"files": files}, as_json, "\n".join(lines))
