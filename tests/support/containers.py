"""Servers in containers: the programs of images in place of those of this machine.

With DANCHU_TEST_CONTAINERS=1, and where a container engine answers, the servers of the tests run in
containers, by testcontainers; the tests are the same. A container shares the network and the folder
of its server with this machine, and has the interface of a process, so that a test ends it by
signals, reads its files and starts it on them again.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

WANTED = os.environ.get("DANCHU_TEST_CONTAINERS") == "1"
NATS = os.environ.get("DANCHU_NATS_IMAGE") or "danchu-nats:dev"
POSTGRES = os.environ.get("DANCHU_POSTGRES_IMAGE") or "danchu-postgres:dev"
LABEL = "danchu-test"
SHARED_MEMORY = "256m"


@cache
def in_use() -> bool:
    """Whether servers of the tests run in containers."""
    return WANTED and _engine_answers()


def _engine_answers() -> bool:
    import docker  # here, since most runs of the tests need no engine
    from docker.errors import DockerException

    try:
        client = docker.from_env()
        client.ping()
        client.close()
    except DockerException:
        return False
    return True


class ContainerProcess:
    """A running container, as the tests' servers use a process."""

    def __init__(
        self,
        image: str,
        arguments: Sequence[str],
        folder: Path,
        user: str,
        entrypoint: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # its image would be pulled
        from testcontainers.core.container import DockerContainer

        self._container = (
            DockerContainer(image)
            .with_volume_mapping(str(folder), str(folder), "rw")
            .with_volume_mapping("/etc/passwd", "/etc/passwd", "ro")  # who `user` is
            .with_command(list(arguments))
            .with_envs(**(environment or {}))
            .with_kwargs(
                entrypoint=None if entrypoint is None else list(entrypoint),
                network_mode="host",
                user=user,
                shm_size=SHARED_MEMORY,
                labels={LABEL: ""},
            )
        )
        self._container.start()
        self._running = self._container.get_wrapped_container()
        self.returncode: int | None = None

    @property
    def pid(self) -> int:
        """The id of its first process on this machine."""
        self._running.reload()
        return int(self._running.attrs["State"]["Pid"])

    def poll(self) -> int | None:
        """The exit code once it has ended."""
        if self.returncode is None:
            self._running.reload()
            if self._running.status in ("exited", "dead"):
                self.wait()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends a signal to its first process; nothing if it has ended."""
        if self.poll() is None:
            self._running.kill(signal=signal.Signals(number).name)

    def wait(self, timeout: float | None = None) -> int:
        """Waits until it has ended, and removes it; returns its exit code."""
        if self.returncode is None:
            self.returncode = int(self._running.wait(timeout=timeout)["StatusCode"])
            self._container.stop()
        return self.returncode
