"""What operators find on a disk after a bad day: every command says it in a sentence."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from services.chassis.auth.public_keys import KEYS_MAX
from services.chassis.settings import USERS_FILE
from services.commands.backup_folder import sha256
from tests.commands.test_cli import danchu

UNIT, HERE = ("--unit", "H44.1"), ("--host", "127.0.0.1")
GARBAGE, BRACKETS = b"\xff\xfe\x00\x01" * 40, b"[" * 100_000
SHAPES = {"empty": b"", "garbage": GARBAGE, "brackets": BRACKETS, "null": b"null"}


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home, its backup, the secrets of a cluster, and the files of a NATS server."""
    folder = tmp_path_factory.mktemp("operator")
    home = ("--home", str(folder / "home"))
    for command in (
        ("keys", "make", *home), ("migrate", *home), ("nats", "credentials", *UNIT, *home),
        ("backup", "--to", str(folder / "backups"), *home),
        ("keys", "cluster", "--to", str(folder / "secrets")),
        ("nats", "config", "--to", str(folder / "servers"), *HERE, "--tls"),
    ):  # fmt: skip
        done = danchu(*command)
        assert done.exit_code == 0, done.output
    (backup,) = (folder / "backups").iterdir()
    backup.rename(folder / "backup")
    return folder


def said(folder: Path, *command: str) -> str:
    """What a command says that ends with exit code 2 and one sentence in two languages."""
    done = danchu(*(word.format(folder) for word in command))
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output and " / " in done.output
    return str(done.output)


HOME = ("--home", "{}")
CASES = [
    ("home", "intake.db", ("backup", "--to", "{}/x", *HOME)),
    ("home", "intake.db", ("keys", "adopt", *HOME)),
    ("home", "intake.db", ("keys", "rotate", "--kind", "tokens", *HOME)),
    ("home", "keys/records.keys", ("backup", "--to", "{}/x", *HOME)),
    ("home", "keys/records.keys", ("keys", "show", *HOME)),
    ("home", "keys/records.keys", ("keys", "rotate", "--kind", "records", *HOME)),
    ("home", "keys/sessions.key", ("keys", "rotate", "--kind", "sessions", *HOME)),
    ("home", "keys/tokens.pem", ("keys", "rotate", "--kind", "tokens", *HOME)),
    ("home", "keys/seal-operator.key", ("backup", "--to", "{}/x", *HOME)),
    ("home", "nats-credentials.json", ("nats", "list", *HOME)),
    ("home", "nats-credentials.json", ("nats", "credentials", *UNIT, *HOME)),
    ("home", "nats-credentials.json", ("nats", "revoke", *UNIT, *HOME)),
    ("home", USERS_FILE, ("nats", "credentials", *UNIT, *HOME)),
    ("home", "accounts.json", ("account", "list", *HOME)),
    ("home", "accounts.json", ("account", "add", "lan", "--role", "hr", "--random", *HOME)),
    ("backup", "manifest.json", ("restore", "--from", "{}", "--home", "{}/new")),
    ("secrets", "passwords/system", ("keys", "cluster", "--to", "{}")),
    ("secrets", "nats-tls/ca.key", ("keys", "cluster", "--to", "{}")),
    ("secrets", "nats-tls/ca.crt", ("keys", "cluster", "--to", "{}")),
    ("secrets", "nats-tls/tls.crt", ("keys", "cluster", "--to", "{}")),
    ("secrets", "keys/tokens.pem", ("keys", "cluster", "--to", "{}")),
    ("secrets", "nats-credentials.json", ("keys", "cluster", "--to", "{}")),
    ("servers", "plan.json", ("nats", "config", "--to", "{}")),
]
TAKEN = {
    ("intake.db", "empty"), ("keys/seal-operator.key", "empty"),
    ("passwords/system", "null"), ("passwords/system", "brackets"),
}  # fmt: skip
"""A new database is empty, an empty key of the seals counts as none, a password is any line."""


@pytest.mark.parametrize(("kind", "name", "command"), CASES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_file_of_another_content_is_a_sentence_and_stays(
    kind: str, name: str, command: tuple[str, ...], shape: str, originals: Path, tmp_path: Path
) -> None:
    """It is no fault of danchu, and the file is not overwritten, nor another put in its place."""
    if (name, shape) in TAKEN:
        return
    folder = tmp_path / kind
    shutil.copytree(originals / kind, folder)
    (folder / name).write_bytes(SHAPES[shape])
    said(folder, *command)
    assert (folder / name).read_bytes() == SHAPES[shape]


@pytest.mark.parametrize(("kind", "name", "command"), CASES)
def test_a_folder_in_the_place_of_a_file_is_named(
    kind: str, name: str, command: tuple[str, ...], originals: Path, tmp_path: Path
) -> None:
    """Somebody unpacked an archive wrongly."""
    folder = tmp_path / kind
    shutil.copytree(originals / kind, folder)
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir()
    said(folder, *command)


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("backup", "--to", "{}/file", "--home", "{}/home"), "file"),
        (("restore", "--from", "{}/absent"), "absent"),
        (("restore", "--from", "{}/file"), "file"),
        (("nats", "credentials", *UNIT, "--home", "{}/home", "--out", "{}/home"), "home"),
        (("nats", "credentials", *UNIT, "--home", "{}/home", "--out", "{}/file/x"), "file"),
        (("nats", "config", "--to", "{}/file", *HERE), "file"),
        (("keys", "cluster", "--to", "{}/file"), "file"),
        (("keys", "show", "--home", "{}/absent"), "absent"),
        (("keys", "cluster", "--to", "{}/new", "--database", "a b"), "--database"),
        (("keys", "cluster", "--to", "{}/new", "--parameters", "sslmode=perhaps"), "sslmode"),
    ],
)
def test_a_place_that_cannot_be_used_is_named(
    command: tuple[str, ...], named: str, originals: Path, tmp_path: Path
) -> None:
    """Also one that is there and is something else; nothing is made there."""
    shutil.copytree(originals / "home", tmp_path / "home")
    (tmp_path / "file").write_text("a file")
    assert named in said(tmp_path, *command)
    assert (tmp_path / "file").read_text() == "a file" and not (tmp_path / "new").exists()


def test_a_backup_of_a_newer_version_is_left_to_that_version(
    originals: Path, tmp_path: Path
) -> None:
    """By the format of its manifest or the schema of a database; the version is named."""
    folder = tmp_path / "backup"
    shutil.copytree(originals / "backup", folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    restore = ("restore", "--from", "{}", "--home", str(tmp_path / "new"))
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 2, "version": "9.9"}))
    assert "9.9" in said(folder, *restore)
    with closing(sqlite3.connect(folder / "intake.db")) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
        conn.commit()
        conn.execute("PRAGMA journal_mode = DELETE")
    files = {**manifest["files"], "intake.db": sha256(folder / "intake.db")}
    later = {**manifest, "files": files, "version": "8.8"}
    (folder / "manifest.json").write_text(json.dumps(later))
    output = said(folder, *restore)
    assert "8.8" in output and str(folder) in output
    assert not list((tmp_path / "new").glob("*.db"))


@pytest.mark.parametrize("kind", ["tokens", "sessions"])
def test_no_key_is_added_beyond_those_that_processes_read(
    kind: str, originals: Path, tmp_path: Path
) -> None:
    """The seventeenth would make all of them unreadable; a former one has to go first."""
    shutil.copytree(originals / "home", tmp_path / "home")
    rotate = ("keys", "rotate", "--kind", kind, "--home", "{}/home")
    for _ in range(KEYS_MAX - 1):
        assert danchu(*(word.format(tmp_path) for word in rotate)).exit_code == 0
    assert "danchu keys retire" in said(tmp_path, *rotate)
    shown = danchu("keys", "show", "--json", "--home", str(tmp_path / "home"))
    keys = json.loads(shown.output)["keys"]
    assert len([key for key in keys if key["kind"] == kind]) == KEYS_MAX
