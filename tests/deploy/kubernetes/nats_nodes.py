"""The NATS servers of an overlay as processes: its own configuration, with paths and ports here."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sysconfig
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.commands.cluster_secrets import SECRETS
from tests.deploy.kubernetes.objects import configuration
from tests.support.servers import free_port, until


@dataclass
class Node:
    """A pod of the StatefulSet: its name, its folders, and a port for each of its own."""

    name: str
    folder: Path
    port: int = field(default_factory=free_port)
    monitor_port: int = field(default_factory=free_port)
    cluster_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def monitor(self) -> str:
        """Its monitoring address."""
        return f"http://127.0.0.1:{self.monitor_port}"

    @property
    def log(self) -> str:
        """What it has written."""
        return (self.folder / "log").read_text()

    @property
    def store(self) -> Path:
        """Where JetStream writes."""
        return self.folder / "data"

    def start(self) -> None:
        """Starts it without waiting."""
        binary = Path(sysconfig.get_path("scripts")) / "nats-server"
        command = [str(binary), "--config", str(self.folder / "nats" / "server.conf")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, "POD_NAME": self.name}
            )

    def until_listening(self) -> None:
        """Waits until its monitoring port answers."""
        assert self.process is not None
        until(lambda: self.status("/varz") is not None, self.process)

    def status(self, path: str) -> Any:
        """What its monitoring port answers; None while it does not listen."""
        try:
            with urllib.request.urlopen(self.monitor + path, timeout=2) as answer:
                return json.load(answer)
        except OSError:
            return None

    def stop(self) -> None:
        """Kills it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


def write(node: Node, overlay: Path, secrets: Path, nodes: list[Node]) -> None:
    """The files of a node as its pod sees them: the ConfigMap, and a folder for each Secret.

    Mounts of /etc lie in its folder, its ports are those of the process, and routes lead to them.
    """
    files = {f"nats/{name}": text for name, text in configuration(overlay, "nats").items()}
    for secret in SECRETS:
        if secret.name.startswith("nats-"):
            for key, file in secret.files:
                files[f"{secret.name}/{key}"] = (secrets / file).read_text()
    for name, text in files.items():
        target = node.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_here(text, node, nodes))


def _here(text: str, node: Node, nodes: list[Node]) -> str:
    for other in nodes:
        there = f"127.0.0.1:{other.cluster_port}"
        text = text.replace(f"{other.name}.nats-nodes:6222", there)
    ports = {"4222": node.port, "8222": node.monitor_port, "6222": node.cluster_port}
    for port, own in ports.items():
        text = text.replace(f'"0.0.0.0:{port}"', f'"127.0.0.1:{own}"')
    text = text.replace("/var/lib/nats", str(node.store))
    return re.sub(r"(?<= )/etc/(?=nats)", f"{node.folder}/", text)
