"""Services as real processes: `danchu serve`, its own port, its own environment, and kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.chassis.auth.credentials import development_issuer
from services.commands.keys import make as make_keys
from services.commands.service_registry import SERVICES, migrate_one
from services.intake.settings import IntakeSettings
from tests.support.servers import free_port, until

PROJECT = Path(__file__).parents[2]
SECONDS = 60


@dataclass
class Answer:
    """An HTTP answer as a client in another process sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Served:
    """`danchu serve <name>` on a home; `settings` are further variables of its environment."""

    home: Path
    name: str = "intake"
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    async def migrated(self) -> None:
        """Brings the databases of its services to this version."""
        url = self.settings.get("DANCHU_DATABASE_URL")
        names = tuple(SERVICES) if self.name == "all" else (self.name,)
        for name in names:
            await migrate_one(name, IntakeSettings(home=self.home, database_url=url))
        make_keys(IntakeSettings(home=self.home))

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        env = {**os.environ, "DANCHU_HOME": str(self.home), "DANCHU_PORT": str(self.port)}
        command = [sys.executable, "-m", "services.cli", "serve", self.name]
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env={**env, **self.settings}, cwd=PROJECT, stdout=log, stderr=log
            )
        until(self._ready, self.process)

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.home / f"{self.name}.log"

    def _ready(self) -> bool:
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends it; SIGKILL unless told otherwise."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(SECONDS)
            self.process = None

    def get(self, path: str, role: str = "operator") -> Answer:
        """Asks it as the holder of a development token."""
        return self._ask(urllib.request.Request(self.url(path), headers=self.headers(role)))

    def post(
        self, body: Any, role: str = "emitter", content_type: str = "application/json"
    ) -> Answer:
        """Sends events (or raw bytes) to its door; OSError where the connection is lost."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**self.headers(role), "content-type": content_type}
        return self._ask(
            urllib.request.Request(self.url("/intake/events"), raw, headers, method="POST")
        )

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def headers(self, role: str) -> dict[str, str]:
        """The header of a development token."""
        return {"authorization": f"Bearer {development_issuer(self.home).mint(role)}"}

    @staticmethod
    def _ask(asked: urllib.request.Request) -> Answer:
        try:
            with urllib.request.urlopen(asked, timeout=SECONDS) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, dict(refused.headers), refused.read())
