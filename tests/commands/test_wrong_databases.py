"""A URL of a database that cannot be used is one sentence in every command, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.chassis.auth.credentials import write_tokens
from tests.commands.test_cli import danchu
from tests.support.servers import Postgres, free_port

COMMANDS = [
    ("up",), ("serve", "scoring"), ("serve", "all"), ("migrate",), ("migrate", "intake"),
    ("rebuild", "--year", "2025"), ("audit",), ("resend", "--since", "2025-01-01"),
    ("quarantine", "list"), ("quarantine", "show", "00"), ("quarantine", "drop", "00"),
    ("quarantine", "replay", "00"), ("keys", "adopt"),
]  # fmt: skip
ONLINE = [
    command for command in COMMANDS if command[0] in ("up", "migrate", "rebuild", "quarantine")
]
URLS = [
    "postgresql://h:abc/d", "postgresql://u:geheim@h:1/d?foo=1", "postgresql://[::1/d", "sqlite://",
    "mysql://u:geheim@h/d", "postgresql://u:geheim@h/d?sslmode=perhaps", "nonsense",
]  # fmt: skip


def refused(arguments: tuple[str, ...], home: Path, url: str) -> str:
    """What a command says, with ports of its own."""
    ports = {"DANCHU_PORT": str(free_port()), "DANCHU_NATS_PORT": str(free_port())}
    run = danchu(*arguments, "--home", str(home), DANCHU_DATABASE_URL=url, **ports)
    assert run.exit_code == 2, (run.output, run.exception)
    assert isinstance(run.exception, SystemExit) and "Traceback" not in run.output
    assert "geheim" not in run.output and " / " in run.output
    return str(run.output)


@pytest.mark.parametrize("arguments", COMMANDS, ids="-".join)
def test_a_url_that_cannot_be_one_is_named(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """By its setting, without its password, in both languages."""
    write_tokens(tmp_path)
    for url in URLS:
        assert "DANCHU_DATABASE_URL" in refused(arguments, tmp_path, url), url


@pytest.mark.parametrize("arguments", ONLINE, ids="-".join)
def test_a_database_that_is_not_there_is_said(
    arguments: tuple[str, ...], tmp_path: Path, postgres: Postgres
) -> None:
    """No such database, nobody at the port, and an encryption that the server has not got."""
    write_tokens(tmp_path)
    url = postgres.url.replace("/postgres", "/nosuch")
    assert "no such database" in refused(arguments, tmp_path, url)
    nobody = f"postgresql://danchu:geheim@127.0.0.1:{free_port()}/d"
    assert "the connection was refused" in refused(arguments, tmp_path, nobody)


def test_one_file_for_all_services_is_refused(tmp_path: Path) -> None:
    """Their tables have the same names, and each its own version."""
    output = refused(("migrate",), tmp_path, f"sqlite:///{tmp_path / 'all.db'}")
    assert "all.db" in output and not (tmp_path / "all.db").exists()
