"""Commands find the stack of a home, make no home by accident, and keep what is secret private."""

from __future__ import annotations

import fcntl
import stat
from pathlib import Path

import pytest

from services.chassis.auth.credentials import write_tokens
from services.chassis.errors import SettingWrong
from services.chassis.private_files import tighten
from services.chassis.settings import Settings
from services.commands.homes import NotRunning, http_url, stack_url, write_address
from services.intake.settings import IntakeSettings
from tests.commands.test_cli import danchu

WRONG_FOLDER = [
    ("token", "--role", "hr"), ("rate", "--year", "2025"), ("emit", "EVENTS"), ("audit",),
    ("rebuild", "--year", "2025"), ("resend", "--since", "2025-01-01"), ("quarantine", "list"),
    ("quarantine", "show", "00"), ("quarantine", "drop", "00"), ("quarantine", "replay", "00"),
    ("keys", "show"), ("keys", "adopt"), ("carry", "--to", "postgresql://h/d"),
    ("quarantine", "aside", "--source", "s", "--id", "i", "--reason", "r"),
]  # fmt: skip


@pytest.mark.parametrize("arguments", WRONG_FOLDER, ids=lambda item: "-".join(item[:2]))
def test_a_wrong_folder_is_said_and_stays_as_it_is(
    arguments: tuple[str, ...], tmp_path: Path, events: Path
) -> None:
    """No keys, no databases: an audit of nothing would agree with itself."""
    home = tmp_path / "wrong"
    words = [str(events) if item == "EVENTS" else item for item in arguments]
    run = danchu(*words, "--home", str(home))
    assert run.exit_code == 2
    assert "There is no danchu in" in run.output and str(home) in run.output
    assert not home.exists()


def test_the_address_of_a_running_stack_goes_before_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the lock is held; afterwards the setting that was made, or a sentence."""
    url = "http://127.0.0.1:9191"
    assert stack_url(Settings(home=tmp_path)) == "http://127.0.0.1:8080"
    (tmp_path / "up.lock").touch()
    write_address(tmp_path, url)
    with pytest.raises(NotRunning, match="no longer running"):
        stack_url(Settings(home=tmp_path))
    assert stack_url(Settings(home=tmp_path, port=7070)) == "http://127.0.0.1:7070"
    with (tmp_path / "up.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert stack_url(Settings(home=tmp_path, port=7070)) == url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("::1", "http://[::1]:80"),
        ("10.0.0.5", "http://10.0.0.5:80"), ("localhost", "http://localhost:80"),
    ],
)  # fmt: skip
def test_the_host_that_http_listens_on_is_the_one_that_is_asked(host: str, url: str) -> None:
    """All addresses are reached by the loopback."""
    assert http_url(Settings(host=host, port=80)) == url


def test_a_command_asks_the_address_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DANCHU_HOST and DANCHU_PORT, as `danchu serve` listens on them."""
    write_tokens(tmp_path)
    monkeypatch.setenv("DANCHU_HOST", "127.0.0.3")
    monkeypatch.setenv("DANCHU_PORT", "9")
    run = danchu("rate", "--year", "2025", "--home", str(tmp_path))
    assert run.exit_code == 2 and "http://127.0.0.3:9" in run.output


def test_a_home_is_narrowed_without_following_links(tmp_path: Path) -> None:
    """What danchu keeps, and nothing else that lies there."""
    home, outside = tmp_path / "home", tmp_path / "outside"
    (home / "keys").mkdir(parents=True)
    for path in (home / "keys" / "a.keys", home / "x.db", home / "notes.txt", outside):
        path.touch()
        path.chmod(0o644)
    (home / "keys" / "link").symlink_to(outside)
    home.chmod(0o755)
    changed = {path.name for path in tighten(home, ("keys", "*.db*"))}
    assert {"home", "keys", "a.keys", "x.db"} >= changed >= {"home", "a.keys", "x.db"}
    assert stat.S_IMODE((home / "notes.txt").stat().st_mode) == 0o644
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644
    assert tighten(home, ("keys", "*.db*")) == []


def test_settings_stand_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """URLs, passwords and numbers; of keys the file itself; never in both places."""

    def file(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    values = {
        "DATABASE_URL": file("url", "postgresql://u:geheim@h/d\r\n"),
        "PORT": file("port", "9000\n"), "RECORDS_KEYS": file("keys", "k1\nk2\n"),
        "NATS_INTAKE_PASSWORD": file("password", "geheim"),
        "AWARDS_DATABASE_URL": file("own", "sqlite:///own.db"),
        "INTAKE_NATS_SOURCES": file("sources", '{"H44.1": ["urn:a:"]}'),
    }  # fmt: skip
    for name, path in values.items():
        monkeypatch.setenv(f"DANCHU_{name}_FILE", path)
    settings = IntakeSettings(home=tmp_path)
    assert (settings.port, settings.records_keys) == (9000, tmp_path / "keys")
    assert settings.database("intake").endswith("u:geheim@h/d")
    assert settings.database("awards").endswith("/own.db")
    assert settings.nats("intake").password == "geheim"
    assert settings.intake_nats_sources == {"H44.1": ["urn:a:"]}
    monkeypatch.setenv("DANCHU_PORT", "9001")
    with pytest.raises(SettingWrong, match="DANCHU_PORT_FILE"):
        Settings(home=tmp_path)


@pytest.mark.parametrize("text", ["", "\n", "a\nb", "\0"])
def test_a_file_of_a_setting_that_says_nothing_is_named(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be an empty password, or half of one."""
    (tmp_path / "file").write_text(text)
    for path in (tmp_path / "file", tmp_path / "none"):
        monkeypatch.setenv("DANCHU_DATABASE_URL_FILE", str(path))
        with pytest.raises(SettingWrong, match="DANCHU_DATABASE_URL_FILE"):
            Settings(home=tmp_path)
