"""Shared parts of the tests: a real nats-server, SQLite and PostgreSQL, keys and tokens."""

import asyncio
import functools
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main
import typer.testing
from hypothesis import HealthCheck, settings

from services.chassis.auth.credentials import Issuer, development_issuer
from services.chassis.garbage import collect_seldom
from services.chassis.http.language import use_language_of
from tests.support.rewriting import rewrite_own_share
from tests.support.scratch import keep_in_memory
from tests.support.servers import (
    NatsServer,
    Postgres,
    free_port,
    postgres_server,
)
from tests.support.spare_databases import spare_database

gc.disable()  # until everything is loaded
keep_in_memory()
sys.modules.setdefault("rfc3987_syntax", ModuleType("rfc3987_syntax"))
"""jsonschema imports it, where it is installed, for a format that no schema here has; it compiles
forty grammars when it is loaded, seconds for each process of the tests."""
vars(typer.testing)["_get_command"] = functools.cache(typer.main.get_command)
"""A test that runs one command does not make all of them anew: that takes longer than most run."""
settings.register_profile("danchu", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("danchu")  # how fast a machine is says nothing about the code
FIRST_LOOK_SECONDS, LOOK_SECONDS = 0.01, 0.1
"""What takes moments is seen at once; what takes seconds is not slowed down by looks at it."""
__all__ = ["NatsServer", "Postgres", "eventually", "free_port"]


def pytest_collection(session: pytest.Session) -> None:
    """The processes of a run share the work of its first collection."""
    rewrite_own_share(session.config)


def pytest_collection_finish() -> None:
    """What is loaded stays: no look for garbage goes through it again."""
    gc.freeze()
    collect_seldom()
    gc.enable()


@pytest.fixture(autouse=True)
def no_language() -> None:
    """A language that one test has set is not that of the next."""
    use_language_of(())


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Tests of coroutines run on asyncio alone, by the event loop of production."""
    return "asyncio", {"use_uvloop": True}


async def eventually(holds: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true answer of a coroutine function, asked again, ever less often, until then."""
    pause = FIRST_LOOK_SECONDS
    async with asyncio.timeout(seconds):
        while not (found := await holds()):
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LOOK_SECONDS)
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The state folder of one test."""
    return tmp_path / "home"


@pytest.fixture
def nats_server(home: Path) -> Iterator[NatsServer]:
    """A running nats-server without streams."""
    server = NatsServer(home)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def provisioned(nats_server: NatsServer) -> NatsServer:
    """A running nats-server with streams and consumers."""
    await nats_server.provisioned()
    return nats_server


@pytest.fixture
def issuer(home: Path) -> Issuer:
    """Signs tokens with the development key of the home."""
    return development_issuer(home)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for all tests; each test has a database for itself.

    It has no TLS. The driver would ask for it at each connection, also at that by which it cancels
    a query: of an answer that never came, it leaves an exception that fails the test.
    """
    os.environ.setdefault("PGSSLMODE", "disable")
    with postgres_server() as server:
        yield server


@pytest.fixture
async def postgres_url(postgres: Postgres) -> AsyncIterator[str]:
    """A PostgreSQL database of one test, without the schema of any service."""
    async with spare_database(postgres) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """An empty database of one test, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
    else:
        async with spare_database(request.getfixturevalue("postgres")) as url:
            yield url
