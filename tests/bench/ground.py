"""What a run stands on: its own servers, the filled streams, empty databases, settings, tokens."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.chassis.auth.credentials import development_issuer
from services.commands.nats.provisioning import provision
from services.scoring.settings import ScoringSettings
from tests.bench.city import City, distinct, fill
from tests.bench.exact import Expected, expected
from tests.support.servers import NatsServer, Postgres, postgres_database, postgres_server

SQLITE, POSTGRESQL = "sqlite", "postgresql"
BUFFERS = "512MB"


@dataclass(frozen=True)
class Stream:
    """A nats-server whose stream EVENTS holds what is to be folded."""

    server: NatsServer
    messages: int
    events: int

    async def anew(self) -> None:
        """Makes the fold's consumer again, so that it hears everything from the beginning."""
        broker = self.server.broker("provision")
        await provision(broker, anew=True)
        await broker.close()


@dataclass(frozen=True)
class Ground:
    """The servers of a run, and what its events have to come to."""

    folder: Path
    postgres: Postgres | None
    city: City
    stream: Stream
    tutorial: Stream
    expected: Expected

    @contextlib.asynccontextmanager
    async def database(self, kind: str) -> AsyncIterator[str]:
        """The URL of an empty database."""
        if kind == SQLITE:
            folder = self.folder / uuid.uuid4().hex
            folder.mkdir()
            yield f"sqlite:///{folder / 'bench.db'}"
            return
        assert self.postgres is not None
        async with postgres_database(self.postgres) as url:
            yield url

    def settings(self, url: str) -> ScoringSettings:
        """Scoring on a database, with the filled stream."""
        return ScoringSettings(home=self.stream.server.home, database_url=url)

    def environment(self, url: str) -> dict[str, str]:
        """The same as the environment of a process."""
        return environment(self.stream.server, url)

    @property
    def token(self) -> str:
        """A token of the personnel office."""
        return development_issuer(self.stream.server.home).mint("hr")


def environment(server: NatsServer, url: str) -> dict[str, str]:
    """Settings of a service as the environment of its process."""
    return {"DANCHU_HOME": str(server.home), "DANCHU_DATABASE_URL": url}


@contextlib.contextmanager
def nats(home: Path, open_to_all: bool = False) -> Iterator[NatsServer]:
    """A running nats-server; one that is open to all has the same durability and no users."""
    server = NatsServer(home, open_accepted=open_to_all)
    development_issuer(home)  # a server of databases has no keys made unasked
    if open_to_all:
        server.remove_users()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.asynccontextmanager
async def prepared(
    city: City, tutorial_events: int, databases: Sequence[str]
) -> AsyncIterator[Ground]:
    """Starts the servers, fills the streams and computes what has to come of it."""
    with contextlib.ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="danchu-bench-")))
        postgres = None
        if POSTGRESQL in databases:
            postgres = held.enter_context(postgres_server(BUFFERS))
        ours = held.enter_context(nats(folder / "ours"))
        theirs = held.enter_context(nats(folder / "tutorial", open_to_all=True))
        for server in (ours, theirs):
            await server.provisioned()
        bodies = await fill(ours, city.rows())
        few = await fill(theirs, itertools.islice(city.rows(), tutorial_events))
        wanted = expected(bodies)
        stream = Stream(ours, len(bodies), wanted.events)
        tutorial = Stream(theirs, len(few), distinct(few))
        yield Ground(folder, postgres, city, stream, tutorial, wanted)
