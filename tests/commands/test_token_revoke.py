"""`danchu token revoke` and `revoked`: what they write into each database and what they refuse."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.chassis.auth.credentials import development_issuer, write_tokens
from services.chassis.settings import Settings
from services.cli import app
from services.commands.service_registry import SERVICES, migrate_one
from tests.support.empty import migrated_once


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with empty databases of this version."""
    write_tokens(tmp_path)
    asyncio.run(migrated(tmp_path, *SERVICES))
    return tmp_path


async def migrated(home: Path, *names: str) -> None:
    """Makes the databases of services."""
    settings = Settings(home=home)
    for name in names:
        await migrated_once(name, settings.database(name), partial(migrate_one, name, settings))


def danchu(home: Path, *arguments: str, sent: str | None = None, **env: str) -> Any:
    """Runs a command on the home, with a standard input."""
    return CliRunner().invoke(app, [*arguments, "--home", str(home)], input=sent, env=env)


def revoked(home: Path) -> list[dict[str, Any]]:
    """What is listed."""
    listed = json.loads(danchu(home, "token", "revoked", "--json").output)["revoked"]
    return [entry for entry in listed if isinstance(entry, dict)]


def test_a_revocation_is_in_every_database_and_a_lost_one_is_listed(home: Path) -> None:
    """A token by itself, with its end; a bearer up to now; and after a restore what is lacking."""
    token = development_issuer(home).mint("hr", days=1, name="lan")
    ended = danchu(home, "token", "revoke", "--token", "-", "--json", sent=f"{token}\n")
    assert ended.exit_code == 0, ended.output
    result = json.loads(ended.output)
    assert result["services"] == list(SERVICES) and result["kind"] == "token" and result["ends"]
    ended = danchu(home, "token", "revoke", "--subject", "minh", "--ends", "2100-01-01T00:00:00Z")
    assert ended.exit_code == 0 and "minh" in ended.output
    (home / "awards.db").unlink()
    asyncio.run(migrated(home, "awards"))
    by_kind = {entry["kind"]: entry for entry in revoked(home)}
    assert by_kind["subject"]["ends"] == "2100-01-01T00:00:00Z"
    assert by_kind["token"]["value"] == result["value"]
    assert {tuple(entry["lacking"]) for entry in by_kind.values()} == {("awards",)}
    assert "awards" in danchu(home, "token", "revoked").output


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "exactly one"), (("--jti", "a", "--subject", "b"), "exactly one"),
        (("--jti", ""), "printable"), (("--token", "x.y"), "not a token"),
        (("--jti", "a", "--issued-before", "2025-01-01T00:00:00Z"), "--subject alone"),
        (("--subject", "a", "--ends", "tomorrow"), "--ends"),
    ],
)  # fmt: skip
def test_options_that_do_not_say_what_to_revoke_are_refused(
    options: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    """With a sentence, before any database is opened."""
    write_tokens(tmp_path)
    ended = danchu(tmp_path, "token", "revoke", *options)
    assert ended.exit_code == 2 and reason in ended.output


def test_a_database_that_is_away_is_named(home: Path) -> None:
    """The others have it, and the command can be run again."""
    away = {"DANCHU_AWARDS_DATABASE_URL": "postgresql://danchu@127.0.0.1:9/danchu"}
    ended = danchu(home, "token", "revoke", "--jti", "a", **away)
    assert ended.exit_code == 2 and "not yet revoked in awards" in ended.output
    assert danchu(home, "token", "revoke", "--jti", "a").exit_code == 0
    assert [entry["lacking"] for entry in revoked(home)] == [[]]
