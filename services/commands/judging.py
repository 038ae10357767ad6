"""`danchu rate`, `rebuild`, `audit`, `recount` and `rubric check`: parse and call, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from services.chassis.clock import now_us
from services.chassis.settings import Settings
from services.commands import operate
from services.commands.client import Client, tokens
from services.commands.options import (
    AsJson,
    Home,
    Teaching,
    Token,
    Url,
    client,
    configured,
    printed,
)
from services.commands.parts import PRODUCERS
from services.commands.rating import rated_one, rated_year
from services.commands.running import DIFFERS, DONE, bar, run, spoken, tell
from services.commands.tables import ratings_table
from services.scoring import audit as auditing
from services.scoring import recount as recounting
from services.scoring import rubric_check, rubric_file
from services.scoring.rubric_yaml import RubricRefused
from services.scoring.settings import ScoringSettings

judging = Teaching()
rubric_app = Teaching(help="Read and judge rubric files.")
YearOption = Annotated[int, typer.Option(help="the rating year", min=1900, max=9999)]


@judging.command("danchu rate --year 2025", "danchu rate --year 2025 --unit H44.2.5 --json")
def rate(
    year: YearOption,
    unit: Annotated[str | None, typer.Option(help="key or code; else all units")] = None,
    url: Url = None, token: Token = None, home: Home = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Print the ratings of a year, or of one unit, as scoring answers them."""
    settings = configured(home=home)
    rated = run(_rated(settings, client(settings, url), token, year, unit))
    if as_json:
        printed(rated if unit is None else rated[0], as_json)
    else:
        Console().print(ratings_table(rated, year))


async def _rated(
    settings: Settings, door: Client, token: str | None, year: int, unit: str | None
) -> list[dict[str, Any]]:
    bearer = token or tokens(settings.home)["hr"]
    if unit is not None:
        return [await rated_one(door, bearer, year, unit)]
    return await rated_year(door, bearer, year)


@judging.command("danchu rebuild --year 2025")
def rebuild(year: YearOption, as_json: AsJson = False) -> None:
    """Fold a year anew from the ledger; the ratings stay what they are, or become right."""
    with bar("units", None) as told:
        read = run(operate.rebuild(year, told))
    printed({"year": year, "events": read or 0}, as_json, _anew(year, read))


def _anew(year: int, read: int | None) -> str:
    """Events are read for each unit that they count for: a predecessor's more than once."""
    if read is None:
        return f"Năm {year} không có gì để tính lại / no event and no rating is of {year}"
    return f"{year} is folded anew; {read} events read, a predecessor's for its successor too"


@judging.command("danchu audit", "danchu audit --json")
def audit(as_json: AsJson = False) -> None:
    """Prove facts and tallies by the ledger, and the ledger by the outboxes.

    Exit code 1 where something differs, with a line for each thing that does.
    """
    with bar("units and messages", None) as told:
        found = run(auditing.audit(ScoringSettings(), PRODUCERS, told))
    words = "\n".join(found) or "outboxes, ledger, facts and tallies agree"
    printed({"differs": found}, as_json, words)
    raise typer.Exit(DIFFERS if found else DONE)


@judging.command("danchu recount events.ndjson --year 2025 --json")
def recount(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CloudEvents, NDJSON")],
    year: YearOption,
    rubrics: Annotated[Path, typer.Option(help="folder of rubrics")] = rubric_file.SHIPPED,
    as_json: AsJson = False,
) -> None:
    """Rate a year from a FILE of events alone, without any service.

    Exit code 1 where an event is refused, which is said with its line, field and reason.
    """
    with spoken():
        ruled = rubric_file.load_directory(rubrics)
        reading = recounting.read_lines(file.read_bytes().split(b"\n"), now_us())
    for line, refusal in reading.refused:
        faults = "; ".join(f"{fault.field}: {fault.message}" for fault in refusal.faults)
        tell(f"{file.name}:{line}: {faults}")
    rated = recounting.ratings(recounting.Accepted(reading.accepted), ruled, year)
    if as_json:
        printed(rated, as_json)
    else:
        Console().print(ratings_table(rated.values(), year))
    raise typer.Exit(DIFFERS if reading.refused else DONE)


@rubric_app.command("danchu rubric check rubrics/viet-tri-2025-commune.yaml")
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], as_json: AsJson = False
) -> None:
    """Say every fault of a rubric FILE by line (exit 1), or what it leaves unread (exit 0)."""
    try:
        rubric = rubric_file.load(file)
    except RubricRefused as refused:
        faults = [str(fault) for fault in refused.faults]
        if as_json:
            printed({"faults": faults}, as_json)
        else:
            tell("\n".join(faults))
        raise typer.Exit(DIFFERS) from None
    remarks = list(rubric_check.remarks(rubric))
    head = f"{rubric.id}: {len(rubric.indicators)} indicators, digest {rubric.digest[:16]}"
    told = "\n".join((head, *(f"- {remark}" for remark in remarks)))
    found = {"rubric": rubric.id, "digest": rubric.digest, "faults": [], "remarks": remarks}
    printed(found, as_json, told)
