"""`danchu nats config`: real servers on what it writes, danchu on them, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import stat
import subprocess
import sysconfig
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.chassis.auth.credentials import Issuer
from services.chassis.broker.connection import Broker
from services.chassis.tls_files import TlsFiles
from services.cli import app
from services.commands.nats.configuration import accounts_text
from services.commands.nats.grants import DEPLOYED_USERS
from services.commands.nats.outside import ENVIRONMENT, SERVER
from services.commands.nats.provisioning import provision
from services.commands.nats.reload import reload_servers
from services.commands.nats.units import issue, revoke
from services.intake.settings import IntakeSettings
from tests.commands.nats.test_unit_credentials import DOOR_A, HEARD, PUBLISHED, A, connect
from tests.conftest import eventually, free_port
from tests.support.builders.events import event, opened
from tests.support.servers import until

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("nats-outside")]
STRANGER = "H44-13_00000000"


def danchu(*arguments: str, code: int = 0) -> str:
    """What a command prints."""
    ended = CliRunner().invoke(app, ["nats", "config", *arguments])
    assert ended.exit_code == code, (ended.output, ended.exception)
    return ended.output


def own_address() -> str:
    """An address of the loopback on which no other test listens."""
    high, low = divmod(free_port(), 256)
    return f"127.{high}.{low}.1"


@dataclass
class Site:
    """Three servers on addresses of the loopback, each started with its own folder."""

    folder: Path
    home: Path
    hosts: list[str] = field(default_factory=lambda: [own_address() for _ in range(3)])
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def configure(self, *arguments: str) -> None:
        """Writes the files."""
        danchu("--to", str(self.folder), "--home", str(self.home), *arguments)

    def start(self) -> None:
        """Starts every server, each with its own folder in place of /etc/nats."""
        binary = Path(sysconfig.get_path("scripts")) / "nats-server"
        for host in self.hosts:
            self.bring(host)
            with (self.folder / f"{host}.log").open("wb") as log:
                command = [str(binary), "--config", str(self.folder / host / SERVER)]
                self.processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        for host, process in zip(self.hosts, self.processes, strict=True):
            until(partial(self.healthy, host), process)

    def bring(self, host: str) -> None:
        """The files as on the server: its folder and store are below the folder here."""
        file = self.folder / host / SERVER
        text = file.read_text().replace("/etc/nats/", f"{self.folder / host}/")
        file.write_text(text.replace("/var/lib/nats/", f"{self.folder / host}/"))

    def stop(self) -> None:
        """Kills every server."""
        for process in self.processes:
            process.kill()
            process.wait()

    def healthy(self, host: str) -> bool:
        """Whether a server and its streams can be used."""
        try:
            with urllib.request.urlopen(f"http://{host}:8222/healthz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def environment(self) -> dict[str, str]:
        """The settings that the command wrote."""
        lines = (self.folder / ENVIRONMENT).read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    async def take_up(self) -> None:
        """Writes the files after a change of the credentials; the servers read them again."""
        self.configure()
        for host in self.hosts:
            self.bring(host)
        assert await reload_servers(IntakeSettings(home=self.home)) == [
            "nats-1",
            "nats-2",
            "nats-3",
        ]


@pytest.fixture
def site(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Running servers with TLS and an encrypted store, and the environment of danchu."""
    site = Site(tmp_path / "nats", home)
    hosts = [option for host in site.hosts for option in ("--host", host)]
    site.configure(*hosts, "--tls", "--encrypt")
    for name, value in site.environment().items():
        monkeypatch.setenv(name, value)
    try:
        site.start()
        yield site
    finally:
        site.stop()


async def test_danchu_runs_on_servers_of_a_site(site: Site, tmp_path: Path, issuer: Issuer) -> None:
    """Streams have three replicas, and a unit that joins later sends, attacks, and is cut off."""
    provisioning = Broker(IntakeSettings(home=site.home).nats("provision"), "test")
    await provision(provisioning)
    issued = issue(
        IntakeSettings(home=site.home), [A], [f"urn:danchu:unit:{A}:"], 0,
        f"nats://{site.hosts[0]}:4222",
    )  # fmt: skip
    await site.take_up()
    trust = TlsFiles(Path(site.environment()["DANCHU_NATS_CA"])).context()
    async with opened(site.home, f"sqlite:///{tmp_path / 'intake.db'}", issuer):
        unit = await connect(issued, trust)
        mine = event("own", subject=A, source=f"urn:danchu:unit:{A}:portal")
        answer = await unit.ask(DOOR_A, mine)
        assert answer["receipts"][0]["status"] == "accepted"
        others = [subject.format(a=issued.credential.user, b=STRANGER) for subject in PUBLISHED]
        assert [each for each in others if not await unit.denied(each)] == []
        assert [each for each in HEARD if not await unit.denied(each, hear=True)] == []

        async def arrived() -> bool:
            info = await provisioning.stream_info("EVENTS")
            return bool((info.state.messages, info.config.num_replicas) == (1, 3))

        await eventually(arrived)
        revoke(IntakeSettings(home=site.home), A, None)
        await site.take_up()
        await asyncio.wait_for(unit.closed.wait(), 10)
    await provisioning.close()


def made(folder: Path, *arguments: str) -> dict[str, str]:
    """The files of a folder for which the command was run."""
    danchu("--to", str(folder), "--home", str(folder / "home"), *arguments)
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_files_are_private_and_what_is_there_stays(tmp_path: Path) -> None:
    """A second run needs the folder alone, and changes no password, key or certificate."""
    hosts = ("--host", "n1.example", "--host", "n2.example", "--host", "n3.example")
    first = made(tmp_path, *hosts, "--tls", "--encrypt")
    assert made(tmp_path) == first
    for path in tmp_path.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    server = first["n2.example/server.conf"]
    for user in DEPLOYED_USERS:
        assert json.dumps(first[f"passwords/{user}"]) in server
    assert "cipher: chacha" in server and '"nats-2"' in server and "verify: true" in server
    assert not any("tls.key" in name for name in first if not name.startswith("n"))
    assert first["n1.example/tls.crt"] != first["n2.example/tls.crt"]
    assert "n1.example/ca.key" not in first


def test_one_server_of_this_machine_needs_no_tls_and_no_routes(tmp_path: Path) -> None:
    """It has the grants of `danchu up`, and nothing of a cluster."""
    files = made(tmp_path, "--host", "localhost")
    server = files["localhost/server.conf"]
    assert "tls {" not in server and "cluster {" not in server and "cipher" not in server
    assert 'listen: "127.0.0.1:4222"' in server
    passwords = {user: files[f"passwords/{user}"] for user in DEPLOYED_USERS}
    assert server.endswith(accounts_text(passwords))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "--host"),
        (("--host", "n1.example"), "--tls"),
        (("--host", "n1.example", "--host", "n2.example", "--tls"), "three"),
        (("--host", "n1.example", "--host", "n1.example", "--host", "n3.example"), "three"),
        (("--host", "../n1", "--tls"), "../n1"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(
    arguments: tuple[str, ...], why: str, tmp_path: Path
) -> None:
    """A cluster of two, a network without TLS, a name that is no host, nothing at all."""
    assert why in danchu("--to", str(tmp_path / "new"), *arguments, code=2)
    assert not (tmp_path / "new").exists()
