"""Three real nats-servers with the configuration of the production overlay, and who is refused."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.chassis.broker.connection import Broker
from services.chassis.clock import now_us
from services.chassis.errors import BrokerAway
from services.chassis.settings import NatsAccess
from services.chassis.tls_files import TlsFiles
from services.commands import cluster_secrets
from services.commands.cluster_secrets import NATS_CLIENT, NATS_TLS
from services.commands.nats import certificates
from services.commands.nats.grants import SYSTEM_USER
from services.commands.nats.password_files import PASSWORDS
from services.commands.nats.provisioning import STREAMS, provision
from services.commands.nats.reload import reload_servers
from services.commands.nats.units import issue
from services.commands.service_registry import SERVICES, migrate_one
from services.intake.settings import IntakeSettings
from services.scoring.settings import ScoringSettings
from tests.conftest import eventually
from tests.deploy.kubernetes.nats_nodes import Node, write
from tests.deploy.kubernetes.objects import MANIFESTS

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("nats-nodes")]
PRODUCTION = MANIFESTS / "overlays" / "production"


@dataclass
class Servers:
    """The nodes of a cluster, and the folder of its secrets."""

    nodes: list[Node]
    secrets: Path

    @property
    def url(self) -> str:
        """All nodes as a setting."""
        return ",".join(node.url for node in self.nodes)

    def access(self, user: str, tls: TlsFiles | None = None) -> NatsAccess:
        """How a service connects, with the certificate of the authority."""
        password = (self.secrets / PASSWORDS / user).read_text()
        trusted = tls or TlsFiles(self.secrets / NATS_TLS / certificates.CA)
        return NatsAccess(self.url, user, password, f"_INBOX.{user}", replicas=3, tls=trusted)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Three running nodes, connected to each other."""
    folder = tmp_path_factory.mktemp("nats")
    cluster_secrets.make(folder / "secrets", "postgresql:5432", now_us())
    nodes = [Node(f"nats-{number}", folder / f"nats-{number}") for number in range(3)]
    for node in nodes:
        write(node, PRODUCTION, folder / "secrets", nodes)
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            node.until_listening()
        yield Servers(nodes, folder / "secrets")
    finally:
        for node in nodes:
            node.stop()


async def connected(access: NatsAccess) -> None:
    """Connects once, and closes again; BrokerAway if the server does not let it in."""
    broker = Broker(access, "test")
    try:
        await broker.ensure()
    finally:
        await broker.close()


@pytest.fixture
async def provisioned(servers: Servers) -> AsyncIterator[Broker]:
    """The streams of danchu, once the nodes have elected who leads."""
    await eventually(_together(servers))
    broker = Broker(servers.access("provision"), "test")
    await provision(broker)
    yield broker
    await broker.close()


def _together(servers: Servers) -> Callable[[], Any]:
    async def healthy() -> bool:
        return all(node.status("/healthz") == {"status": "ok"} for node in servers.nodes)

    return healthy


async def test_every_stream_has_three_replicas_and_the_store_is_unreadable(
    servers: Servers, provisioned: Broker
) -> None:
    """An event is on three encrypted stores: no byte of its text is on any of them."""
    for stream in STREAMS:
        info = await provisioned.stream_info(stream.name)
        assert info.config.num_replicas == 3
    intake = Broker(servers.access("intake"), "test")
    marker = f"marker-{uuid.uuid4()}".encode()
    try:
        nc = await intake.ensure()
        acked = await nc.jetstream().publish("danchu.events.H44-12.petition.received", marker)
        assert acked.stream == "EVENTS"
    finally:
        await intake.close()

    async def stored() -> bool:
        streams = [node.status("/jsz?streams=true") for node in servers.nodes]
        return all(each["messages"] >= 1 for each in streams)

    await eventually(stored)
    for node in servers.nodes:
        files = [path for path in node.store.rglob("*") if path.is_file()]
        assert any(path.suffix == ".blk" and path.stat().st_size for path in files)
        assert not [path for path in files if marker in path.read_bytes()]


async def test_a_route_without_the_password_is_refused(
    servers: Servers, provisioned: Broker, tmp_path: Path
) -> None:
    """A server with a certificate of the authority, and another password, joins no cluster."""
    stranger = Node("nats-3", tmp_path / "nats-3")
    write(stranger, PRODUCTION, servers.secrets, servers.nodes)
    routes = stranger.folder / "nats-routes" / "routes.conf"
    right = (servers.secrets / PASSWORDS / "route").read_text()
    assert right in routes.read_text()
    routes.write_text(routes.read_text().replace(right, "guessed"))
    stranger.start()
    try:
        stranger.until_listening()

        async def refused() -> bool:
            return any("authentication error" in node.log for node in servers.nodes)

        await eventually(refused)
        for node in servers.nodes:
            names = {route["remote_name"] for route in node.status("/routez")["routes"]}
            assert names == {each.name for each in servers.nodes} - {node.name}
    finally:
        stranger.stop()


def test_a_client_without_tls_is_refused(servers: Servers) -> None:
    """Its password is not looked at."""
    with socket.create_connection(("127.0.0.1", servers.nodes[0].port), timeout=10) as plain:
        reader = plain.makefile("rb")
        assert b'"tls_required":true' in reader.readline()
        plain.sendall(b'CONNECT {"user":"intake","pass":"x","verbose":true}\r\nPING\r\n')
        try:
            answer = reader.read()
        except ConnectionResetError:
            answer = b""
    assert b"+OK" not in answer and b"PONG" not in answer


async def test_a_server_of_another_authority_is_refused(servers: Servers, tmp_path: Path) -> None:
    """The client believes the authority of the Secret alone."""
    cluster_secrets.make(tmp_path, "postgresql:5432", now_us())
    other = TlsFiles(tmp_path / NATS_TLS / certificates.CA)
    with pytest.raises(BrokerAway, match="is not trusted"):
        await connected(servers.access("intake", other))


async def test_a_credential_made_later_reaches_every_node(
    servers: Servers, provisioned: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Secrets are made and written again, and the nodes read them over NATS."""
    password = servers.secrets / PASSWORDS / SYSTEM_USER
    monkeypatch.setenv("DANCHU_NATS_SYSTEM_PASSWORD_FILE", str(password))
    ca = servers.secrets / NATS_TLS / certificates.CA
    settings = IntakeSettings(home=servers.secrets, nats_url=servers.url, nats_ca=ca)
    issued = issue(settings, ["H44.12"], ["urn:danchu:unit:H44.12:"], now_us())
    cluster_secrets.make(servers.secrets, "postgresql:5432", now_us())
    for node in servers.nodes:
        write(node, PRODUCTION, servers.secrets, servers.nodes)
    names = [node.name for node in servers.nodes]
    assert await reload_servers(settings) == names
    given = json.loads(issued.file.read_text())
    for node in servers.nodes:
        access = NatsAccess(node.url, given["user"], given["password"], "_INBOX", tls=TlsFiles(ca))
        await connected(access)


async def test_commands_outside_of_the_cluster_reach_it(
    servers: Servers, provisioned: Broker, postgres_url: str
) -> None:
    """As deploy/README.md says of the overlay production: `resend` needs all nodes, others one."""
    for name in SERVICES:
        await migrate_one(name, ScoringSettings(home=servers.secrets, database_url=postgres_url))
    one, every = servers.nodes[:1], servers.nodes
    for nodes, command, answer in (
        (one, ("audit",), {"differs": [], "differs_vi": [], "differs_en": []}),
        (every, ("resend", "--since", "2025-01-01"), {"messages": dict.fromkeys(SERVICES, 0)}),
        (one, ("nats", "reload"), {"servers": [node.name for node in every]}),
    ):
        done = danchu(servers, postgres_url, nodes, command)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout) == answer
    refused = danchu(servers, postgres_url, every, ("audit",), "DANCHU_NATS_CA")
    assert refused.returncode == 2 and "certificate of the server is not trusted" in refused.stderr


def danchu(
    servers: Servers, url: str, nodes: list[Node], command: tuple[str, ...], without: str = ""
) -> subprocess.CompletedProcess[str]:
    """A command with the settings that deploy/README.md names, but for one."""
    settings = {
        "DANCHU_DATABASE_URL": url,
        "DANCHU_NATS_URL": ",".join(node.url for node in nodes),
        "DANCHU_NATS_MONITOR": ",".join(node.monitor for node in nodes),
        "DANCHU_NATS_CA": str(servers.secrets / NATS_TLS / certificates.CA),
        "DANCHU_NATS_REPLICAS": "3",
        **{f"DANCHU_NATS_{user.upper()}_PASSWORD_FILE": str(servers.secrets / PASSWORDS / user)
           for user in ("scoring", "provision", SYSTEM_USER)},
    }  # fmt: skip
    settings.pop(without, None)
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *command, "--json", "--home", str(servers.secrets)],
        capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **settings},
    )  # fmt: skip


async def test_with_client_certificates_a_password_is_not_enough(
    servers: Servers, tmp_path: Path
) -> None:
    """The component nats-client-certificates on one node: danchu's own certificate is taken."""
    components = Path(os.path.relpath(MANIFESTS, tmp_path)) / "components"
    names = ("nats", "nats-tls", "nats-client-certificates")
    listed = ", ".join(str(components / name) for name in names)
    (tmp_path / "kustomization.yaml").write_text(f"components: [{listed}]\n")
    node = Node("nats-0", tmp_path / "nats-0")
    write(node, tmp_path, servers.secrets, [node])
    node.start()
    try:
        node.until_listening()
        alone = Servers([node], servers.secrets)
        with pytest.raises(BrokerAway):
            await connected(alone.access("intake"))
        own = servers.secrets / NATS_CLIENT
        files = TlsFiles(
            servers.secrets / NATS_TLS / certificates.CA, own / certificates.CERTIFICATE,
            own / certificates.KEY,
        )  # fmt: skip
        await connected(alone.access("intake", files))
    finally:
        node.stop()
