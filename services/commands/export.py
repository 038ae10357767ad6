"""Downloads files of ratings from scoring, and writes them."""

from __future__ import annotations

import urllib.parse
from pathlib import Path
from typing import Any, NamedTuple

from services.chassis.errors import DanchuError
from services.commands.client import Client
from services.commands.messages import message
from services.commands.rating import FOUND, RatingsRefused, find_ratings, list_ratings
from services.commands.terminal import Step, show_bytes

STANDARD_OUTPUT = Path("-")


class OneFile(DanchuError):
    """Several sheets do not go into one file."""

    def __init__(self, units: int) -> None:
        super().__init__(message("export-one-file", units=units))


class Export(NamedTuple):
    """What is exported, in which format; `parameters` are those of the route."""

    year: int
    unit: str | None
    format: str
    parameters: dict[str, str | int | None]

    @property
    def past(self) -> tuple[Any, Any]:
        """The instant or the version that is exported; units may have been others then."""
        return self.parameters.get("as_of"), self.parameters.get("version")


class Exported(NamedTuple):
    """A file that was written, and its size in bytes."""

    file: Path
    size: int


async def export_list(client: Client, token: str, export: Export, output: Path | None) -> Exported:
    """Writes the list of a year, or of the units that match the words of `unit`."""
    path = f"/scoring/ratings/{export.year}.{export.format}"
    parameters = {**export.parameters, "q": export.unit}
    file = output or Path(f"danchu-{export.year}.{export.format}")
    return await _write(client, token, path, parameters, file)


async def export_report(
    client: Client, token: str, export: Export, output: Path | None
) -> Exported:
    """Writes the council's report on a year."""
    file = output or Path(f"danchu-{export.year}-report.pdf")
    path = f"/scoring/years/{export.year}/report.pdf"
    return await _write(client, token, path, export.parameters, file)


async def export_sheets(
    client: Client, token: str, export: Export, output: Path | None, step: Step
) -> list[Exported]:
    """Writes the sheet of one unit into a file, or those of several into a folder."""
    rated = (
        await list_ratings(client, token, export.year, None, *export.past) if export.unit is None
        else await find_ratings(client, token, export.year, export.unit, *export.past)
    )  # fmt: skip
    units = [rating["unit"] for rating in rated]
    single = export.unit is not None and len(units) == 1
    if not single and (output == STANDARD_OUTPUT or (output is not None and output.is_file())):
        raise OneFile(len(units))
    folder = output or Path(f"danchu-{export.year}")
    written = []
    for number, unit in enumerate(units, start=1):
        path = f"/scoring/ratings/{export.year}/{urllib.parse.quote(unit, safe='')}.pdf"
        name = f"danchu-{export.year}-{unit}.pdf"
        file = (output or Path(name)) if single else folder / name
        written.append(await _write(client, token, path, export.parameters, file))
        step(number, len(units))
    return written


async def _write(
    client: Client, token: str, path: str, parameters: dict[str, str | int | None], file: Path
) -> Exported:
    answer = await client.get(path, token, **parameters)
    if answer.status != FOUND:
        raise RatingsRefused(answer)
    if file == STANDARD_OUTPUT:
        show_bytes(answer.body)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer.body)
    return Exported(file, len(answer.body))
