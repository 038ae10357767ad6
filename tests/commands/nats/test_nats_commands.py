"""`danchu nats`: a department's credential is made, listed, used and revoked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from nats.errors import Error
from typer.testing import CliRunner

from services.cli import app
from services.commands.stack import stack_lock
from tests.conftest import NatsServer


def danchu(home: Path, *arguments: str, code: int = 0) -> str:
    """What a command prints."""
    ended = CliRunner().invoke(app, ["nats", *arguments, "--home", str(home)])
    assert ended.exit_code == code, (ended.output, ended.exception)
    return ended.output


def connects(file: Path) -> bool:
    """Whether the server takes the credential of a file."""
    access = json.loads(file.read_text())

    async def connect() -> None:
        client = Client()
        await client.connect(
            access["servers"], user=access["user"], password=access["password"],
            allow_reconnect=False, max_reconnect_attempts=1, error_cb=_ignore,
        )  # fmt: skip
        await client.close()

    try:
        asyncio.run(connect())
    except Error:
        return False
    return True


async def _ignore(_: Exception) -> None:
    """The error is raised as well."""


def test_a_credential_works_from_its_command_to_its_revocation(nats_server: NatsServer) -> None:
    """While the stack runs the server takes up both at once."""
    home = nats_server.home
    with stack_lock(home):
        words = danchu(home, "credentials", "--unit", "H44.12.34")
        assert "danchu.emit.H44-12-34" in words and "urn:danchu:unit:H44.12.34:" in words
        (file,) = (home / "nats-credentials").iterdir()
        assert str(file) in words and file.stat().st_mode & 0o777 == 0o600
        assert connects(file)
        other = home / "other.json"
        made = danchu(
            home, "credentials", "--unit", "H44.1", "--unit", "H44.12.34", "--source", "urn:x:",
            "--out", str(other), "--url", "nats://nats.example:4222", "--json",
        )  # fmt: skip
        issued: dict[str, Any] = json.loads(made)
        assert json.loads(other.read_text())["url"] == "nats://nats.example:4222"
        listed = json.loads(danchu(home, "list", "--json"))["credentials"]
        assert [each["units"] for each in listed] == [["H44.1", "H44.12.34"], ["H44.12.34"]]
        danchu(home, "revoke", "--key", issued["user"])
        assert connects(file)
        revoked = danchu(home, "revoke", "--unit", "H44.12.34")
        assert file.stem in revoked and not connects(file)
    assert "danchu nats list" in danchu(home, "revoke", "--unit", "H44.12.34", code=2)


@pytest.mark.parametrize("option", [(), ("--url", "nats://n1:4222, nats://n2:4222")])
def test_a_department_gets_every_server_of_a_cluster_by_itself(
    option: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client library takes a URL or a list of them, and none that are joined by commas."""
    monkeypatch.setenv("DANCHU_NATS_URL", "nats://n1:4222,nats://n2:4222")
    (tmp_path / "keys").mkdir()
    file = tmp_path / "unit.json"
    danchu(tmp_path, "credentials", "--unit", "H44.1", "--out", str(file), *option)
    access = json.loads(file.read_text())
    assert access["servers"] == ["nats://n1:4222", "nats://n2:4222"]
    assert access["url"] == "nats://n1:4222"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("credentials",), "--unit"),
        (("credentials", "--unit", "h44"), "--unit"),
        (("credentials", "--unit", "H44.1", "--source", "*"), "--source"),
        (("credentials", "--unit", "H44.1", "--url", "x"), "--url"),
        (("credentials", "--unit", "H44.1", "--out", "up.lock"), "up.lock"),
        (("revoke",), "--key"),
    ],
)
def test_what_cannot_be_a_credential_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], reason: str
) -> None:
    """With the option that is wrong; nothing is written."""
    home.mkdir()
    (home / "up.lock").touch()
    monkeypatch.chdir(home)
    assert reason in danchu(home, *arguments, code=2)
    assert not (home / "nats-credentials.json").exists()
    assert json.loads(danchu(home, "list", "--json")) == {"credentials": []}


def test_a_damaged_list_is_named(home: Path) -> None:
    """Rather than overwritten."""
    home.mkdir()
    (home / "nats-credentials.json").write_text('{"credentials": [1]}')
    for arguments in (("list",), ("credentials", "--unit", "H44.1")):
        assert "nats-credentials.json" in danchu(home, *arguments, code=2)
