"""`danchu rate`, `rebuild`, `audit`, `recount` and `rubric check`: parse options and call."""

from __future__ import annotations

import codecs
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from contracts.messages import LANGUAGES, Message
from services.commands.command_runner import DIFFERS, DONE, exit_on_error, run
from services.commands.messages import message
from services.commands.options import (
    AsJson,
    CommandGroup,
    Home,
    Token,
    Url,
    existing_file,
    existing_folder,
    load_scoring_settings,
    load_settings,
    print_result,
)
from services.commands.terminal import progress_bar, show_table, tell

if TYPE_CHECKING:
    from services.chassis.settings import Settings

rating_app = CommandGroup()
rubric_app = CommandGroup(help=message("help-rubric"))
YearOption = Annotated[int, typer.Option(help=message("option-year"), min=1900, max=9999)]
File = Annotated[Path, typer.Argument(metavar="FILE", help=message("argument-file"))]


@rating_app.command(
    "help-rate", "danchu rate --year 2025", "danchu rate --year 2025 --unit H44.2.5 --json",
    'danchu rate --year 2025 --unit "hy cuong"',
    "danchu rate --year 2025 --as-of 2025-12-31T17:00:00Z",
)  # fmt: skip
def rate(
    year: YearOption,
    unit: Annotated[str | None, typer.Option(help=message("option-unit"))] = None,
    as_of: Annotated[str | None, typer.Option(help=message("option-as-of"))] = None,
    url: Url = None, token: Token = None, home: Home = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Prints the ratings of a year, of one unit, or of the units that match a search."""
    from services.commands.terminal_tables import ratings_table

    settings = load_settings(home=home)
    rated = run(_load_ratings(settings, url, token, year, unit, as_of))
    _tell_emptiness(rated, year)
    if as_json:
        print_result(rated[0] if unit is not None and len(rated) == 1 else rated, as_json)
    elif rated:
        show_table(ratings_table(rated, year, as_of))


def _tell_emptiness(rated: list[dict[str, Any]], year: int) -> None:
    """Says of a year that has not begun, or in which nobody is rated, that it is so."""
    from contracts import moments
    from contracts.moment_texts import day_text
    from services.chassis.clock import now_us

    if moments.local_year(now_us()) < year:
        tell(message("rate-year-ahead", year=year, begins=day_text(date(year, 1, 1))))
    elif not rated:
        tell(message("rate-none", year=year))


async def _load_ratings(
    settings: Settings, url: str | None, token: str | None, year: int, unit: str | None,
    as_of: str | None,
) -> list[dict[str, Any]]:  # fmt: skip
    from services.commands.client import Client, tokens
    from services.commands.homes import stack_url
    from services.commands.rating import find_ratings, list_ratings
    from services.commands.year import load_year

    bearer = token or tokens(settings.home)["hr"]
    client = Client(url or stack_url(settings))
    if unit is not None:
        return await find_ratings(client, bearer, year, unit, as_of)
    rated = await list_ratings(client, bearer, year, as_of=as_of)
    if not rated:
        await load_year(client, bearer, year)  # refuses a year that no rubric rates
    return rated


@rating_app.command("help-rebuild", "danchu rebuild --year 2025")
def rebuild(year: YearOption, home: Home = None, as_json: AsJson = False) -> None:
    """Recomputes a year from the ledger."""
    from services.commands import operator

    settings = load_scoring_settings(home=home)
    with progress_bar(message("progress-units"), None) as step:
        read = run(operator.rebuild(settings, year, step))
    print_result({"year": year, "events": read or 0}, as_json, _rebuild_message(year, read))


def _rebuild_message(year: int, read: int | None) -> Message:
    """The result in a sentence; a predecessor's events are counted for each successor."""
    if read is None:
        return message("rebuilt-nothing", year=year)
    return message("rebuilt", year=year, events=read)


@rating_app.command("help-audit", "danchu audit", "danchu audit --json")
def audit(home: Home = None, as_json: AsJson = False) -> None:
    """Verifies facts and tallies against the ledger, and the ledger against the outboxes."""
    from services.commands import operator

    settings = load_scoring_settings(home=home)
    with progress_bar(message("progress-audit"), None) as step:
        differences = run(operator.audit(settings, step))
    words = "\n".join(differences) or message("audit-agrees")
    print_result({"differs": differences, **_in_each_language(differences)}, as_json, words)
    raise typer.Exit(DIFFERS if differences else DONE)


def _in_each_language(differences: list[str]) -> dict[str, list[str]]:
    messages = [text for text in differences if isinstance(text, Message)]
    return {
        f"differs_{language}": [text.text(language) for text in messages] for language in LANGUAGES
    }


@rating_app.command("help-recount", "danchu recount events.ndjson --year 2025 --json")
def recount(
    file: File,
    year: YearOption,
    rubrics: Annotated[Path | None, typer.Option(help=message("option-rubrics"))] = None,
    as_json: AsJson = False,
) -> None:
    """Rates a year from a file of events alone, without any service."""
    from services.chassis.clock import now_us
    from services.commands.terminal_tables import ratings_table
    from services.scoring.ratings import recount as recounting
    from services.scoring.ratings.json import rating_members
    from services.scoring.rubrics import loader

    folder = existing_folder(rubrics, "--rubrics") if rubrics else loader.SHIPPED
    with exit_on_error():
        ruled = loader.load_directory(folder)
        raw = existing_file(file, "FILE").read_bytes().removeprefix(codecs.BOM_UTF8)
        reading = recounting.read_lines(raw.split(b"\n"), now_us())
    for line, refusal in reading.refused:
        faults = (": ".join(filter(None, fault)) for fault in refusal.faults)
        tell(f"{file.name}:{line}: {'; '.join(faults)}")
    ratings = recounting.ratings(recounting.Accepted(reading.accepted), ruled, year)
    rated = {unit: rating_members(rating) for unit, rating in ratings.items()}
    if as_json:
        print_result(rated, as_json)
    else:
        show_table(ratings_table(rated.values(), year))
    raise typer.Exit(DIFFERS if reading.refused else DONE)


@rubric_app.command("help-rubric-check", "danchu rubric check rubrics/viet-tri-2025-commune.yaml")
def check(file: File, as_json: AsJson = False) -> None:
    """Reports every fault of a rubric file by line."""
    from services.scoring.rubrics import lint, loader
    from services.scoring.rubrics.errors import RubricRefused

    with exit_on_error():
        try:
            rubric = loader.load(existing_file(file, "FILE"))
        except RubricRefused as refused:
            _refused_rubric(refused.faults, as_json)
    remarks = list(lint.remarks(rubric))
    head = message(
        "rubric", id=rubric.id, indicators=len(rubric.indicators), digest=rubric.digest[:16]
    )
    words = "\n".join((head, *(f"- {remark}" for remark in remarks)))
    identity = {"rubric": rubric.id, "digest": rubric.digest}
    print_result(
        {**identity, **_listed("faults", []), **_listed("remarks", remarks)}, as_json, words
    )


def _listed(name: str, messages: list[Message]) -> dict[str, list[str]]:
    """The members of a JSON answer for several messages, in both languages and in each."""
    return {
        name: [str(text) for text in messages],
        f"{name}_vi": [text.vi for text in messages],
        f"{name}_en": [text.en for text in messages],
    }


def _refused_rubric(faults: list[Message], as_json: bool) -> NoReturn:
    if as_json:
        print_result(_listed("faults", faults), as_json)
    else:
        tell("\n".join(faults))
    raise typer.Exit(DIFFERS)
