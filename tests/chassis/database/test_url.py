"""URLs of databases as libpq writes them; what cannot be used is named, without a password."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.chassis.database.engine import Database
from services.chassis.database.url import file_of, nats_url, normal_url, split, without_password
from services.chassis.errors import SettingWrong
from tests.support.servers import Postgres

pytestmark = pytest.mark.anyio
BASE = "postgresql://danchu:geheim@db/danchu"


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("sslmode=require", {"dsn": "postgresql://?sslmode=require"}),
        ("ssl=true", {"dsn": "postgresql://?sslmode=require"}),
        ("ssl=verify-full", {"dsn": "postgresql://?sslmode=verify-full"}),
        ("connect_timeout=7", {"timeout": 7}), ("connect_timeout=0", {}),
        ("application_name=x", {"server_settings": {"application_name": "x"}}),
        ("host=/run/postgresql&port=5433", {"host": "/run/postgresql", "port": 5433}),
        ("gssencmode=disable&channel_binding=prefer&keepalives=1", {}),
        ("target_session_attrs=read-write", {"target_session_attrs": "read-write"}),
    ],
)  # fmt: skip
def test_parameters_of_libpq_are_arguments_of_the_driver(
    query: str, arguments: dict[str, Any]
) -> None:
    """And each of them is one that the driver knows."""
    plain, of_driver = split(normal_url(f"{BASE}?{query}"))
    assert plain == "postgresql+asyncpg://danchu:geheim@db/danchu" and of_driver == arguments
    assert of_driver.keys() <= inspect.signature(asyncpg.connect).parameters.keys()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"{BASE}?foo=1", "foo"), (f"{BASE}?sslmode=perhaps", "verify-full"),
        (f"{BASE}?sslrootcert=/nowhere/ca.pem", "/nowhere/ca.pem"),
        (f"{BASE}?channel_binding=require", "channel_binding"),
        (f"{BASE}?connect_timeout=soon", "connect_timeout"),
        ("postgresql://u:geheim@h:abc/d", "65535"), ("postgresql://u:geheim@h:99999/d", "65535"),
        ("postgresql://u:gehe/im@h/d", "%XX"), ("postgresql://[::1/d", "%XX"),
        ("mysql://u:geheim@h/d", "postgresql://"), ("sqlite://", "sqlite:///"),
        ("sqlite:///:memory:", "sqlite:///"), ("sqlite:///x.db?mode=ro", "parameters"), ("", "://"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_by_its_setting(url: str, words: str) -> None:
    """In both languages, and the password stands in neither."""
    with pytest.raises(SettingWrong) as refusal:
        normal_url(url, "DANCHU_INTAKE_DATABASE_URL")
    sentence = refusal.value.message
    assert words in sentence and "DANCHU_INTAKE_DATABASE_URL" in sentence
    assert "geheim" not in sentence and "gehe" not in sentence


def test_a_url_is_shown_without_its_password() -> None:
    """In the line of the log at a start."""
    assert without_password(f"{BASE}?password=geheim") == "postgresql://danchu@db/danchu"
    assert without_password("nats://u:geheim@h:1,nats://i:2") == "nats://u@h:1,nats://i:2"
    assert without_password("sqlite+aiosqlite:////srv/x.db") == "sqlite:////srv/x.db"


def test_a_file_is_told_from_a_server() -> None:
    """Relative and absolute."""
    assert file_of(normal_url("sqlite:///x.db")) == Path("x.db")
    assert file_of(normal_url("sqlite:////srv/x.db")) == Path("/srv/x.db")
    assert file_of(normal_url(BASE)) is None


@pytest.mark.parametrize(
    "url", ["h", "http://h", "nats://h:x", "nats://[::1:5", "nats://", "nats://h,x"]
)
def test_a_broker_that_cannot_be_one_is_named(url: str) -> None:
    """The client library ends in an assertion for some of them."""
    with pytest.raises(SettingWrong, match=r"nats://|65535"):
        nats_url(url, "DANCHU_NATS_URL")
    assert nats_url("tls://u:p@h:4222,nats://[::1]:1", "DANCHU_NATS_URL")


@pytest.mark.parametrize(
    "query", ["sslmode=disable", "sslmode=prefer", "ssl=false&connect_timeout=5"]
)
async def test_a_real_server_is_reached_by_such_a_url(postgres: Postgres, query: str) -> None:
    """The server of the tests speaks no TLS, so what asks for it is refused, not passed over."""
    db = Database(normal_url(f"{postgres.url}?{query}&application_name=office"), "x")
    try:
        async with db.read() as conn:
            rows = await conn.exec_driver_sql("SHOW application_name")
            assert rows.scalar() == "office"
    finally:
        await db.close()


async def test_encryption_that_is_asked_for_is_never_done_without(postgres: Postgres) -> None:
    """`sslmode=require` on a server without TLS."""
    db = Database(normal_url(f"{postgres.url}?sslmode=require"), "x")
    try:
        with pytest.raises(Exception, match=r"SSL|kết nối|connection"):
            await db.check()
    finally:
        await db.close()
