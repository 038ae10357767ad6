"""Why a part is away is said in our words and in both languages, never in those of a library."""

from __future__ import annotations

import errno
import socket
import sqlite3
import ssl

import asyncpg
import pytest
from nats.errors import AuthorizationError, NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from services.chassis.error_causes import cause_of
from services.chassis.errors import BrokerAway, DatabaseAway

KNOWN = [
    (asyncpg.InvalidPasswordError("x"), "the password is wrong"),
    (asyncpg.InvalidCatalogNameError("x"), "no such database"),
    (asyncpg.TooManyConnectionsError("x"), "no connections left"),
    (asyncpg.CannotConnectNowError("x"), "starting or recovering"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "was refused"),
    (socket.gaierror(-2, "x"), "name of the server"),
    (ssl.SSLCertVerificationError("x"), "not trusted"), (TimeoutError(), "too long"),
    (OSError(errno.ENOSPC, "x"), "disk is full"), (NatsTimeout(), "too long"),
    (sqlite3.OperationalError("database or disk is full"), "disk is full"),
    (sqlite3.DatabaseError("file is not a database"), "not a SQLite database"),
    (AuthorizationError(), "may not log in"), (NoRespondersError(), "nobody answers"),
    ("the connection was lost", "the connection was lost"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "words"), KNOWN, ids=lambda value: type(value).__name__)
def test_a_cause_is_told_by_its_kind(error: BaseException | str, words: str) -> None:
    """Both languages stand in the sentence, and not what the library says."""
    cause = cause_of(error)
    assert words in cause.en and cause.vi != cause.en
    for away in (DatabaseAway(error), BrokerAway(error)):
        assert cause.vi in away.message and cause.en in away.message


def test_the_root_of_a_chain_counts_and_the_unknown_is_quoted() -> None:
    """What a wrapper says is passed over where what it wraps has a code."""
    wrapper = RuntimeError("wrapped")
    wrapper.__cause__ = asyncpg.InvalidPasswordError("x")
    assert "password" in cause_of(wrapper).en
    assert '"odd one"' in cause_of(RuntimeError("odd one\nmore")).en
