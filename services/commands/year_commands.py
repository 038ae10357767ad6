"""`danchu year`: parses options and calls, no logic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.messages import Message
from services.commands import usage
from services.commands.command_runner import DIFFERS, DONE, run
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
from services.commands.terminal import show, show_table

if TYPE_CHECKING:
    from pathlib import Path

year_app = CommandGroup(help=message("help-year"))
AnyYear = Annotated[int | None, typer.Option(help=message("option-year"), min=1900, max=9999)]
Number = Annotated[str, typer.Option(help=message("option-decision"))]
Date = Annotated[str, typer.Option(help=message("option-decision-date"))]
Reason = Annotated[str, typer.Option(help=message("option-decision-reason"))]
PAPER = "--decision 15/NQ-HĐND --date 2026-01-15 --reason"


@year_app.command(
    "help-year-show", "danchu year show", "danchu year show --year 2025 --json", name="show"
)
def year_show(
    year: AnyYear = None, url: Url = None, token: Token = None, home: Home = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Prints where a year stands, or every year."""
    from services.commands.year import load_year, load_years

    client, bearer = _connect(url, token, home, "operator")
    if year is None:
        years = run(load_years(client, bearer))
        _print_years(years, years, as_json)
    else:
        one = run(load_year(client, bearer, year))
        _print_years(one, [one], as_json)


@year_app.command("help-year-open", "danchu year open --year 2025", name="open")
def year_open(
    year: YearOption, url: Url = None, token: Token = None, home: Home = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Says whether a year is open, which it is by itself until it is published."""
    from services.commands.year import load_year

    client, bearer = _connect(url, token, home, "hr")
    one = run(load_year(client, bearer, year))
    is_open = one["stage"] == "open"
    code = "year-is-open" if is_open else "year-is-not-open"
    stage = Message("stage", one["stage_vi"], one["stage_en"])
    words = message(code, year=year, stage=stage)
    print_result(one, as_json, words)
    raise typer.Exit(DONE if is_open else DIFFERS)


@year_app.command(
    "help-year-provisional", f'danchu year provisional --year 2025 {PAPER} "Công bố kết quả"',
    name="provisional",
)  # fmt: skip
def year_provisional(
    year: YearOption, decision: Number, date: Date, reason: Reason, url: Url = None,
    token: Token = None, home: Home = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Publishes the ratings of a year as of now, for replies and appeals."""
    from services.commands.year_tables import local

    body = {"decision": decision, "date": date, "reason": reason}
    decided = _decide(_connect(url, token, home, "council"), year, "provisional", body, as_json)
    times = {name: local(decided[name]) for name in ("cut_off", "reply_until")}
    print_result(decided, as_json, message("year-published", year=year, **times))


@year_app.command(
    "help-year-reopen", f'danchu year reopen --year 2025 {PAPER} "Theo bản án"', name="reopen"
)  # fmt: skip
def year_reopen(
    year: YearOption, decision: Number, date: Date, reason: Reason, url: Url = None,
    token: Token = None, home: Home = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Reopens a sealed year as a new version."""
    body = {"decision": decision, "date": date, "reason": reason}
    decided = _decide(_connect(url, token, home, "council"), year, "reopened", body, as_json)
    print_result(decided, as_json, message("year-reopened", **decided))


@year_app.command(
    "help-year-seal", f'danchu year seal --year 2025 {PAPER} "Chốt năm"',
    'danchu year seal --year 2025 --signature "— danchu.local/operator/1 …"',
    "danchu year seal --year 2025 --auditor", name="seal",
)  # fmt: skip
def year_seal(
    context: typer.Context,
    year: YearOption,
    decision: Annotated[str | None, typer.Option(help=message("option-decision"))] = None,
    date: Annotated[str | None, typer.Option(help=message("option-decision-date"))] = None,
    reason: Annotated[str | None, typer.Option(help=message("option-decision-reason"))] = None,
    signature: Annotated[str | None, typer.Option(help=message("option-signature"))] = None,
    auditor: Annotated[bool, typer.Option("--auditor", help=message("option-auditor"))] = False,
    url: Url = None, token: Token = None, home: Home = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Draws up the seal of a year, or signs it: first as operator, then as auditor."""
    paper = {"decision": decision, "date": date, "reason": reason}
    body = {name: value for name, value in paper.items() if value is not None}
    if body and (signature is not None or auditor):
        raise refuse("--decision", message("option-seal-either"))
    missing = [f"--{name}" for name in paper if name not in body]
    if missing and signature is None and not auditor:
        needed = message("seal-paper-missing", options=", ".join(missing))
        raise usage.WrongCommand(needed, context)
    if signature is not None:
        body = {"signature": signature}
    connection = _connect(url, token, home, "auditor" if auditor else "operator")
    answered = _decide(connection, year, "sealed", body, as_json)
    code = "year-sealed" if auditor else "year-drafted"
    words = message(code, year=year, note=answered["note"])
    print_result(answered, as_json, words)


def _connect(url: str | None, token: str | None, home: Path | None, role: str) -> tuple[Any, str]:
    """The client, and the token of the command line or that of the role."""
    from services.commands.client import Client, tokens
    from services.commands.command_runner import exit_on_error
    from services.commands.homes import stack_url

    settings = load_settings(home=home)
    with exit_on_error():
        bearer = token or tokens(settings.home)[role]
        return Client(url or stack_url(settings)), bearer


def _decide(
    connection: tuple[Any, str], year: int, stage: str, body: dict[str, str], as_json: bool
) -> dict[str, Any]:
    """The answer to a decision; a refusal is printed for machines too."""
    from services.commands.year import YearRefused, decide

    async def work() -> dict[str, Any]:
        try:
            return await decide(*connection, year, stage, body)
        except YearRefused as refused:
            if as_json:
                print_result(refused.problem, as_json)
            raise

    return run(work())


def _print_years(result: Any, years: list[dict[str, Any]], as_json: bool) -> None:
    from services.commands.year_tables import decisions_table, seal_lines, years_table

    if as_json:
        print_result(result, as_json)
        return
    show_table(years_table(years))
    if isinstance(result, dict):
        if result["decisions"]:
            show_table(decisions_table(result))
        for line in seal_lines(result):
            show(line)
