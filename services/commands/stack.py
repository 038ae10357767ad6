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
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from services.chassis.auth import TOKENS_FILE, write_tokens
from services.chassis.broker import Broker, provision
from services.chassis.errors import DanchuError
from services.chassis.nats_config import EMITTER_FILE, Embedded, generate
from services.chassis.settings import Settings
from services.chassis.supervisor import Child, Supervisor
from services.commands import keys, sample
from services.commands.client import Client, Unanswered, tokens
from services.commands.parts import MIGRATED
from services.commands.ports import PortTaken, is_free
from services.scoring.errors import FoldHalted
from services.scoring.settings import ScoringSettings

LOCK_FILE = "up.lock"
EPHEMERAL = 0
OK = 200
WATCH_SECONDS = 5.0
FOLDS = ("runs here", "runs elsewhere")


class AlreadyUp(DanchuError):
    """Another stack runs on the same home."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"danchu is up already on {home}: stop it, or take another --home.")


class NoServer(DanchuError):
    """The nats-server program is missing."""

    def __init__(self) -> None:
        super().__init__(
            "There is no nats-server program beside this Python: install danchu again with its "
            "dependencies, or set DANCHU_NATS_URL to a server of your own."
        )


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
        return f"http://{self.settings.host}:{self.settings.port}"

    async def run(self) -> None:
        """Runs until SIGINT or SIGTERM; DanchuError says what stands in the way."""
        stopped = asyncio.Event()
        for one in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(one, stopped.set)
        self.settings.home.mkdir(parents=True, exist_ok=True)
        with _locked(self.settings.home):
            self._check_ports()
            supervisor = Supervisor(self.say)
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
                self.say("Đang dừng / stopping")
                await supervisor.stop()

    def _check_ports(self) -> None:
        wanted = [(self.settings.port, "--port (DANCHU_PORT)")]
        if not self.settings.nats_url:
            wanted.append((self.settings.nats_port, "--nats-port (DANCHU_NATS_PORT)"))
        for port, option in wanted:
            if not is_free(port):
                raise PortTaken(port, option)

    async def _run(self, supervisor: Supervisor) -> None:
        home = self.settings.home
        rubrics = self.rubrics or ScoringSettings(home=home).scoring_rubrics
        ScoringSettings(home=home, scoring_rubrics=rubrics).keep_rubrics()
        await keys.prepare(self.settings)
        write_tokens(home)
        if not self.settings.nats_url:
            await supervisor.start(self._nats())
        broker = Broker(self.settings.nats("provision"), "danchu up")
        try:
            await provision(broker)
        finally:
            await broker.close()
        for migrated in MIGRATED.values():
            await migrated(self.settings)
        for child in (self._fold(), self._http()):
            await supervisor.start(child)
        client = Client(self.url)
        if self.with_sample:
            await supervisor.during(sample.show(client, self.settings, self.say))
        self._addresses()
        await supervisor.during(self._ready(client))
        await supervisor.during(self._watch(client))

    async def _ready(self, client: Client) -> None:
        """Says that all is up, and before it where the fold stands still."""
        halt = await self._halt(client)
        if halt is not None:
            self.say(halt)
        self.say("Sẵn sàng / ready. Ctrl-C dừng lại / stops it.")

    async def _halt(self, client: Client) -> str | None:
        """Why the fold stands still and what to do; None while it does not."""
        token = tokens(self.settings.home)["operator"]
        # a part that is away just now is started again, and that is said
        with contextlib.suppress(Unanswered):
            lag = await client.get("/scoring/lag", token)
            halted = lag.json()["halted"] if lag.status == OK else None
            if halted is not None:
                ready = (await client.get("/scoring/readyz")).json()
                fold = str(ready.get("checks", {}).get("fold", FOLDS[0]))
                return fold if fold not in FOLDS else str(FoldHalted(halted))
        return None

    async def _watch(self, client: Client) -> None:
        """Says each halt of the fold that comes later, once."""
        told = await self._halt(client)
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            halt = await self._halt(client)
            if halt is not None and halt != told:
                self.say(halt)
            told = halt

    def _nats(self) -> Child:
        binary = nats_server()
        made = generate(self.settings.home, self.settings.nats_port, self._monitor_port())
        command = [binary, "-c", str(made.config)]
        return self._child("nats-server", command, lambda: asyncio.to_thread(_healthy, made))

    def _monitor_port(self) -> int:
        """The port of an earlier start where it is free, else any; it is written down."""
        kept = self.settings.nats_kept().get("monitor", "")
        port = int(kept.rpartition(":")[2] or 0)
        if port and is_free(port):
            return port
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", EPHEMERAL))
            return int(probe.getsockname()[1])

    def _http(self) -> Child:
        """Its start is over when it answers: while other rubrics fold a great year anew it is
        not ready for longer than a start may take.
        """
        command = [*_danchu(), "serve", "all", "--part", "http"]
        return self._child("http", command, Client(self.url).alive)

    def _fold(self) -> Child:
        async def started() -> bool:
            return True

        return self._child("fold", [*_danchu(), "serve", "scoring", "--part", "fold"], started)

    def _child(self, name: str, command: list[str], ready: sample.Ready) -> Child:
        env = {
            "DANCHU_HOME": str(self.settings.home.absolute()),
            "DANCHU_PORT": str(self.settings.port),
            "DANCHU_NATS_PORT": str(self.settings.nats_port),
        }
        if self.rubrics is not None:
            env["DANCHU_SCORING_RUBRICS"] = str(self.rubrics.absolute())
        return Child(name, command, self.settings.home / "logs" / f"{name}.log", ready, env)

    def _addresses(self) -> None:
        home = self.settings.home
        self.say(f"HTTP      {self.url}   (/intake, /training, /awards, /violations, /scoring)")
        self.say(f"OpenAPI   {self.url}/<service>/openapi.json")
        emitter = "" if self.settings.nats_url else f"   ({home / EMITTER_FILE})"
        self.say(f"NATS      {self.settings.nats('intake').url}{emitter}")
        self.say(f"Tokens    {home / TOKENS_FILE}")
        self.say(f"Logs      {home / 'logs'}")


def nats_server() -> str:
    """The nats-server program of this Python, or of the PATH; NoServer without one."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise NoServer()
    return found


def _danchu() -> list[str]:
    return [sys.executable, "-m", "services.cli"]


def _healthy(server: Embedded) -> bool:
    try:
        with urllib.request.urlopen(f"{server.monitor}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One stack on a home; the system frees the lock when the process dies."""
    handle = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyUp(home) from None
        yield
    finally:
        os.close(handle)
