"""Three nats-servers in one cluster, each route through a proxy, so that any can be cut off."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sysconfig
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from services.commands.nats.credentials import load_passwords, save_credentials
from services.commands.nats.embedded import config_text
from services.commands.nats.grants import GRANTS
from services.commands.nats.server_settings import NatsServerSettings
from tests.deploy.topology.proxy import Proxy
from tests.support.servers import free_port

NODES = 3


@dataclass
class Node:
    """One server; `routes` are the proxies to the others by their number."""

    number: int
    folder: Path
    port: int = field(default_factory=free_port)
    monitor_port: int = field(default_factory=free_port)
    cluster_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """How the drill calls it."""
        return f"nats-{self.number + 1}"

    @property
    def monitor(self) -> str:
        """Its monitoring address."""
        return f"http://127.0.0.1:{self.monitor_port}"

    def start(self) -> None:
        """Starts it without waiting."""
        binary = Path(sysconfig.get_path("scripts")) / "nats-server"
        with (self.folder / "server.log").open("ab") as log:
            command = [str(binary), "-c", str(self.folder / "server.conf")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    async def end(self, number: signal.Signals) -> None:
        """Ends it by a signal and waits until it is gone."""
        self.send(number)
        assert self.process is not None
        await asyncio.to_thread(self.process.wait)

    async def healthy(self) -> bool:
        """Whether it serves and has caught up with its streams."""
        return await asyncio.to_thread(self._status) == 200

    def _status(self) -> int:
        try:
            with urllib.request.urlopen(f"{self.monitor}/healthz", timeout=2) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code
        except OSError:
            return 0


class Cluster:
    """The servers; `passwords` are those of every user."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.passwords = load_passwords(home, GRANTS)
        self.nodes = [Node(number, home / f"nats-{number + 1}") for number in range(NODES)]
        save_credentials(home, self.url, self.nodes[0].monitor, self.passwords)
        self._routes = {
            (a.number, b.number): Proxy(b.cluster_port)
            for a in self.nodes for b in self.nodes if a is not b
        }  # fmt: skip
        # what a server tells the others about itself leads through a proxy of its own
        self._advertised = [Proxy(node.cluster_port) for node in self.nodes]

    @property
    def url(self) -> str:
        """All servers as a setting."""
        return ",".join(f"nats://127.0.0.1:{node.port}" for node in self.nodes)

    @property
    def monitors(self) -> str:
        """All monitoring addresses as a setting."""
        return ",".join(node.monitor for node in self.nodes)

    async def start(self) -> None:
        """Starts every server and waits until the cluster serves."""
        for proxy in (*self._routes.values(), *self._advertised):
            await proxy.start()
        for node in self.nodes:
            node.folder.mkdir(parents=True)
            (node.folder / "server.conf").write_text(self._config(node))
            node.start()

    def _config(self, node: Node) -> str:
        text = config_text(
            NatsServerSettings(home=node.folder), node.port, node.monitor_port, self.passwords
        )
        routes = [
            f"nats://127.0.0.1:{proxy.port}"
            for (start, _), proxy in self._routes.items() if start == node.number
        ]  # fmt: skip
        advertised = self._advertised[node.number].port
        return text.replace('server_name: "danchu"', f'server_name: "{node.name}"') + (
            f'\ncluster {{\n  name: danchu\n  listen: "127.0.0.1:{node.cluster_port}"\n'
            f'  cluster_advertise: "127.0.0.1:{advertised}"\n  no_advertise: true\n'
            f'  routes: {json.dumps(routes)}\n}}\nping_interval: "2s"\n'
        )

    def cut_off(self, node: Node) -> None:
        """Separates a server from the other two; its clients still reach it."""
        for proxy in self._proxies_of(node):
            proxy.freeze()

    def heal(self, node: Node) -> None:
        """Brings it back."""
        for proxy in self._proxies_of(node):
            proxy.heal()

    def _proxies_of(self, node: Node) -> list[Proxy]:
        own = [proxy for ends, proxy in self._routes.items() if node.number in ends]
        return own + self._advertised

    async def stop(self) -> None:
        """Kills every server."""
        for node in self.nodes:
            if node.process is not None and node.process.poll() is None:
                await node.end(signal.SIGKILL)
        for proxy in (*self._routes.values(), *self._advertised):
            await proxy.stop()
