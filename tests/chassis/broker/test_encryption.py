"""TLS to NATS with certificates of both sides, and the encryption of what the server stores."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.chassis.broker.connection import Broker
from services.chassis.broker.openness import is_open
from services.chassis.errors import BrokerAway, SettingWrong
from services.chassis.settings import NatsAccess, Settings
from services.chassis.tls_files import TlsFiles
from services.commands.nats.embedded import generate
from services.commands.nats.reload import reload_servers
from services.scoring.subscribers.service_questions import ServiceResponder
from tests.conftest import NatsServer, eventually
from tests.support import servers
from tests.support.certificates import Authority

pytestmark = pytest.mark.anyio
PREFIX = "DANCHU_NATS_"


def set_files(monkeypatch: pytest.MonkeyPatch, **files: Path) -> None:
    """Sets the settings of TLS in the environment."""
    for name, file in files.items():
        monkeypatch.setenv(PREFIX + name.upper(), str(file))


@pytest.fixture
def folder(home: Path) -> Path:
    """Where the certificates are: in the home, which a server in a container sees."""
    return home / "tls"


@pytest.fixture
def authority(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority whose certificates the server and our processes have."""
    ca = certify(folder)
    trusted, key = folder / "ca.pem", "server.key"
    set_files(
        monkeypatch, server_certificate=folder / "server.pem", server_key=folder / key,
        server_client_ca=trusted, ca=trusted, certificate=folder / "own" / "server.pem",
        key=folder / "own" / key,
    )  # fmt: skip
    return ca


def certify(folder: Path) -> Authority:
    """A new authority, which certifies the server, and us in a folder below."""
    ca, own = Authority(), folder / "own"
    own.mkdir(parents=True, exist_ok=True)
    (folder / "ca.pem").write_bytes(ca.pem())
    ca.issue(folder)
    ca.issue(own)
    return ca


@pytest.fixture
def encrypted(authority: Authority, home: Path) -> Iterator[NatsServer]:
    """A server with TLS that asks for certificates."""
    server = NatsServer(home)
    server.start()
    yield server
    server.stop()


async def connects(access: NatsAccess) -> bool:
    """Whether a connection comes about."""
    broker = Broker(access, "test")
    try:
        await broker.ensure()
    except BrokerAway:
        return False
    finally:
        await broker.close()
    return True


async def test_both_sides_show_certificates(encrypted: NatsServer, folder: Path) -> None:
    """Without ours, with another authority's, or without TLS, nobody connects."""
    await encrypted.provisioned()
    assert await reload_servers(Settings(home=encrypted.home)) == ["danchu"]
    access = Settings(home=encrypted.home).nats("intake")
    assert access.url.startswith("tls://") and await connects(access)
    certify(folder / "other")
    ours, foreign = folder / "ca.pem", folder / "other" / "ca.pem"
    theirs = folder / "other" / "server.pem", folder / "other" / "server.key"
    for files in (TlsFiles(ours), TlsFiles(foreign), TlsFiles(ours, *theirs), TlsFiles()):
        assert not await connects(
            NatsAccess(access.url, access.user, access.password, access.inbox_prefix, tls=files)
        )


async def test_whoever_has_a_certificate_and_no_password_may_not_write(
    encrypted: NatsServer,
) -> None:
    """A server without users is open to every certificate of the authority, and that is noticed."""
    access = Settings(home=encrypted.home).nats("scoring")
    assert await is_open(access, access.url) is False
    encrypted.stop()
    encrypted.remove_users()
    encrypted.open_accepted = True
    encrypted.start()
    await encrypted.provisioned()
    assert await is_open(access, access.url) is True
    trusting = replace(access, tls=TlsFiles(access.tls.ca))
    assert await is_open(trusting, access.url) is False


async def test_the_questions_are_answered_over_tls(encrypted: NatsServer) -> None:
    """Their connection, which another library opens, uses the same certificates."""
    access = Settings(home=encrypted.home).nats("scoring")
    broker = ServiceResponder(access, None, None).build(asyncio.Event())  # type: ignore[arg-type]
    await broker.start()
    assert broker._connection is not None and broker._connection.is_connected
    await broker.stop()


async def test_a_certificate_that_was_replaced_is_used_at_the_next_connection(
    encrypted: NatsServer, folder: Path
) -> None:
    """Without a restart of the process: authority, server and client change together."""
    broker = encrypted.broker("provision")
    await broker.ensure()
    encrypted.stop()
    certify(folder)

    async def lost() -> bool:
        return not broker.nc.is_connected

    await eventually(lost)
    encrypted.start()

    async def connected() -> bool:
        return broker.nc.is_connected

    await eventually(connected)
    await broker.close()


async def test_no_password_is_sent_to_a_server_without_tls(
    authority: Authority, folder: Path
) -> None:
    """As somebody between could pretend to be."""
    received = bytearray()

    async def pretend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.15.1","max_payload":1000}\r\n')
        received.extend(await reader.read())
        writer.close()

    server = await asyncio.start_server(pretend, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    access = NatsAccess(
        f"nats://127.0.0.1:{port}", "intake", "secret", "_INBOX", tls=TlsFiles(folder / "ca.pem")
    )
    broker = Broker(access, "test")
    with pytest.raises(BrokerAway, match="no TLS"):
        await broker.ensure()
    server.close()
    assert received == b""


async def test_what_is_stored_is_encrypted_with_the_key(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The text is in no file, is there after a restart, and not with another key."""
    key, text = tmp_path / "store.key", b"a text that nobody shall find on the disk"
    key.write_text("0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("DANCHU_NATS_STORE_KEY_FILE", str(key))
    server = NatsServer(home)
    server.start()
    await server.provisioned()
    for _ in range(2):
        broker = server.broker("scoring")
        await broker.request("danchu.events.CITY.year.opened", text)
        await broker.close()
        server.stop()
        files = [path for path in home.rglob("*") if path.is_file()]
        assert not any(text in path.read_bytes() for path in files)
        assert not any(key.read_bytes() in path.read_bytes() for path in files)
        server.start()
    broker = server.broker("provision")
    assert (await broker.stream_info("EVENTS")).state.messages == 2
    await broker.close()
    server.stop()
    key.write_text("another key, which reads none of it")
    generate(home, server.port, server.monitor_port)
    monkeypatch.setattr(servers, "until", lambda *_: None)
    server.start()
    assert await eventually(lambda: asyncio.to_thread(refusal, server))
    server.stop()


def refusal(server: NatsServer) -> str:
    """What the health of a server says that is up and not well."""
    try:
        with urllib.request.urlopen(f"{server.monitor}/healthz", timeout=5):
            return ""
    except urllib.error.HTTPError as refused:
        with refused:
            return "unavailable" if refused.code == 503 else ""
    except OSError:
        return ""


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"host": "0.0.0.0"}, "DANCHU_NATS_HOST"),
        ({"server_key": "x.pem"}, "DANCHU_NATS_SERVER_CERTIFICATE"),
        ({"server_certificate": "x.pem", "server_key": "x.pem"}, "DANCHU_NATS_SERVER_CERTIFICATE"),
        ({"server_client_ca": "x.pem"}, "DANCHU_NATS_SERVER_CLIENT_CA"),
    ],
)
def test_a_server_that_could_not_protect_is_not_configured(
    home: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], wrong: str
) -> None:
    """The setting is named: beyond this machine there is TLS or nothing."""
    for name, value in settings.items():
        monkeypatch.setenv(PREFIX + name.upper(), value)
    with pytest.raises(SettingWrong, match=wrong):
        generate(home, 4222, 8222)


@pytest.mark.parametrize("files", [(None, "c", None), (None, None, "k"), ("nowhere", None, None)])
def test_files_of_tls_that_cannot_be_used_are_named(files: tuple[str | None, ...]) -> None:
    """By their setting, when the process connects."""
    paths = (None if file is None else Path(file) for file in files)
    with pytest.raises(SettingWrong, match="DANCHU_NATS_"):
        TlsFiles(*paths).context()


def test_the_development_user_learns_the_scheme(encrypted: NatsServer) -> None:
    """In the address of nats.json."""
    assert json.loads((encrypted.home / "nats.json").read_text())["url"].startswith("tls://")
