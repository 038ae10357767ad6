"""`danchu up`: every part of danchu on one machine, supervised, out of one folder."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from services.chassis.auth.accounts import make_accounts
from services.chassis.auth.credentials import TOKENS_FILE, verifier, write_tokens
from services.chassis.broker.connection import Broker
from services.chassis.errors import DanchuError
from services.chassis.http.server import trusted_proxies
from services.chassis.http.tls import load_certificate
from services.chassis.private_files import private_folder, tighten
from services.chassis.setting_files import SUFFIX
from services.chassis.settings import Settings
from services.commands import keys, sample, screen
from services.commands.client import Client
from services.commands.homes import LOCK_FILE, erase_address, http_url, write_address
from services.commands.messages import message
from services.commands.nats.embedded import generate, server_environment
from services.commands.nats.provisioning import provision
from services.commands.nats.server_health import is_alive, is_healthy
from services.commands.nats.server_settings import NatsServerSettings
from services.commands.ports import PortTaken, is_free
from services.commands.service_registry import SERVICES, check_databases, migrate_one
from services.commands.stack_watch import StackWatch
from services.commands.supervisor import Child, Supervisor
from services.scoring.settings import ScoringSettings

EPHEMERAL = 0
HTTP_OFFSET, FOLD_OFFSET = 0, 1
"""From the port of the metrics, for the process of HTTP and that of the fold."""
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
LOCK_TRIES, LOCK_PAUSE_SECONDS = 10, 0.02
"""A command that checks whether a stack runs holds the lock for a moment."""
OWN_FILES = ("*.json", "*.lock", "*.path", "*.db*", "keys", "logs", "nats", "nats-credentials")
"""The files of danchu in a home; others are left alone."""


class AlreadyUp(DanchuError):
    """Another stack runs on the same home."""

    def __init__(self, home: Path) -> None:
        super().__init__(message("already-up", home=home))


class NoServer(DanchuError):
    """The nats-server program is missing."""

    def __init__(self) -> None:
        super().__init__(message("no-server"))


@dataclass
class Stack:
    """One stack; `say` prints a line for a person."""

    settings: Settings
    say: Callable[[str], None]
    with_sample: bool
    rubrics: Path | None = None

    @property
    def url(self) -> str:
        """The address of the HTTP port."""
        return http_url(self.settings)

    async def run(self) -> None:
        """Runs until SIGINT or SIGTERM; DanchuError if it cannot run."""
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        home = self.settings.home
        private_folder(home)
        with stack_lock(home):
            self._check_http()
            check_databases(self.settings, list(SERVICES))
            self._remove_permissions()
            supervisor = Supervisor(self.say, self.settings.heartbeat_seconds)
            running = asyncio.create_task(self._run(supervisor))
            waiting = asyncio.create_task(stopped.wait())
            try:
                await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    running.result()
            finally:
                for task in (running, waiting):
                    task.cancel()
                await asyncio.gather(running, waiting, return_exceptions=True)
                self.say(message("stopping"))
                await supervisor.stop()
                erase_address(home)

    def _check_http(self) -> None:
        load_certificate(self.settings)
        trusted_proxies(self.settings)
        ports = [(self.settings.port, self.settings.host, "--port (DANCHU_PORT)")]
        if not self.settings.nats_url:
            host = NatsServerSettings(home=self.settings.home).nats_host
            ports.append((self.settings.nats_port, host, "--nats-port (DANCHU_NATS_PORT)"))
        if self.settings.metrics_port:
            host = self.settings.metrics_host or self.settings.host
            for offset in (HTTP_OFFSET, FOLD_OFFSET):
                ports.append((self.settings.metrics_port + offset, host, "DANCHU_METRICS_PORT"))
        for port, host, option in ports:
            if not is_free(port, host):
                raise PortTaken(port, option)

    def _remove_permissions(self) -> None:
        """Removes permissions of others, from an earlier version or a manual change."""
        changed = tighten(self.settings.home, OWN_FILES)
        if changed:
            self.say(message("tightened", home=self.settings.home, number=len(changed)))

    def _tokens(self) -> None:
        """Writes development tokens, or deletes them if the office's own issuer signs."""
        if (key := self.settings.token_public_key) is None:
            write_tokens(self.settings.home)
            return
        verifier(self.settings)
        (self.settings.home / TOKENS_FILE).unlink(missing_ok=True)
        self.say(message("issuer-tokens", key=key))
        if self.with_sample:
            self.say(message("issuer-no-sample"))

    async def _run(self, supervisor: Supervisor) -> None:
        home = self.settings.home
        rubrics = self.rubrics or ScoringSettings(home=home).scoring_rubrics
        ScoringSettings(home=home, scoring_rubrics=rubrics).keep_rubrics()
        await keys.prepare(self.settings)
        with_sample = self.with_sample and self.settings.token_public_key is None
        with_sample = with_sample and await sample.may_show(self.settings, self.say)
        self._tokens()
        passwords = make_accounts(self.settings)
        if not self.settings.nats_url:
            await supervisor.start(self._nats())
        broker = Broker(self.settings.nats("provision"), "danchu up")
        try:
            await provision(broker)
        finally:
            await broker.close()
        for name in SERVICES:
            await migrate_one(name, self.settings)
        await asyncio.gather(*map(supervisor.start, (self._fold(), self._http())))
        write_address(home, self.url)
        client = Client(self.url)
        if with_sample:
            await supervisor.during(sample.show(client, self.settings, self.say))
            screen.say_sample(self.say, self.url, home)
        screen.say_accounts(self.say, self.url, passwords)
        screen.say_addresses(self.say, self.settings, self.url, list(SERVICES))
        watch = StackWatch(self.settings, client, self.say)
        await supervisor.during(watch.ready())
        await supervisor.during(watch.run())

    def _nats(self) -> Child:
        server = generate(self.settings.home, self.settings.nats_port, self._monitor_port())
        command = [nats_server(), "-c", str(server.config)]
        ready = partial(asyncio.to_thread, is_healthy, server)
        child = self._child("nats-server", command, ready, server_environment(self.settings.home))
        return replace(child, beats=False, alive=partial(asyncio.to_thread, is_alive, server))

    def _monitor_port(self) -> int:
        """The port of an earlier start if it is free, else any free port."""
        earlier = self.settings.embedded_nats().get("monitor", "")
        port = int(earlier.rpartition(":")[2] or 0)
        if port and is_free(port):
            return port
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", EPHEMERAL))
            return int(probe.getsockname()[1])

    def _http(self) -> Child:
        """The start is complete when it responds. Readiness may take longer than a start may,
        while new rubrics recompute a large year.
        """
        command = [*_danchu(), "serve", "all", "--part", "http"]
        return self._child("http", command, Client(self.url).alive, self._metrics(HTTP_OFFSET))

    def _fold(self) -> Child:
        """It has no address, and reports itself when it is ready."""
        command = [*_danchu(), "serve", "scoring", "--part", "fold"]
        return self._child("fold", command, None, self._metrics(FOLD_OFFSET))

    def _metrics(self, offset: int) -> dict[str, str]:
        """The port of a child's metrics: each child has its own."""
        port = self.settings.metrics_port
        return {"DANCHU_METRICS_PORT": str(port + offset)} if port else {}

    def _child(
        self, name: str, command: list[str], ready: sample.Ready | None,
        settings: Mapping[str, str] = NO_SETTINGS,
    ) -> Child:  # fmt: skip
        env = {
            **settings,
            "DANCHU_HOME": str(self.settings.home.absolute()),
            "DANCHU_PORT": str(self.settings.port),
            "DANCHU_HOST": self.settings.host,
            "DANCHU_NATS_PORT": str(self.settings.nats_port),
            "DANCHU_DRAIN_SECONDS": "0",  # no balancer is there to look for another process
        }
        if self.rubrics is not None:
            env["DANCHU_SCORING_RUBRICS"] = str(self.rubrics.absolute())
        # an empty `…_FILE` keeps a file of the environment from setting it as well
        env |= {f"{setting}{SUFFIX}": "" for setting in env}
        log = self.settings.home / "logs" / f"{name}.log"
        return Child(name, command, log, ready, env, beats=True)


def nats_server() -> str:
    """The nats-server program of this Python, or of the PATH; NoServer without one."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    program = str(beside) if beside.exists() else shutil.which("nats-server")
    if program is None:
        raise NoServer()
    return program


def _danchu() -> list[str]:
    return [sys.executable, "-m", "services.cli"]


@contextlib.contextmanager
def stack_lock(home: Path) -> Iterator[None]:
    """Allows one stack per home; the system releases the lock when the process dies."""
    handle = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        for attempt in range(LOCK_TRIES):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == LOCK_TRIES - 1:
                    raise AlreadyUp(home) from None
                time.sleep(LOCK_PAUSE_SECONDS)
        yield
    finally:
        os.close(handle)
