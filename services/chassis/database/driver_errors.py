"""Translates errors of database drivers: the server is away, its disk full, or neither."""

import contextlib
import errno
import sqlite3
from collections.abc import Iterator

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.chassis.driver_rows import CONNECTION_BROKEN, FAILED, is_lost
from services.chassis.errors import DatabaseAway, DiskFull

FULL_STATE = "53100"
FULL_WORDS = ("disk is full", "disk I/O error")
"""SQLite's messages for a file that cannot grow: no space, a quota, a failing disk."""


@contextlib.contextmanager
def translate_driver_errors() -> Iterator[None]:
    """Raises DatabaseAway for a lost connection and DiskFull for a full disk.

    Other errors pass unchanged.
    """
    try:
        yield
    except PoolTimeout as away:
        raise DatabaseAway(away) from away
    except DBAPIError as error:
        if not is_away(error):
            raise
        raise _away(error.orig or error) from error
    except FAILED as error:
        if not is_lost(error):
            raise
        raise _away(error) from error


def _away(error: BaseException) -> DatabaseAway:
    return DiskFull(error) if is_full(error) else DatabaseAway(error)


def is_full(error: BaseException) -> bool:
    """Whether the disk of the database is full or fails."""
    for link in (error, error.__cause__):
        if getattr(link, "sqlstate", None) == FULL_STATE:
            return True
        if isinstance(link, OSError) and link.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if isinstance(link, sqlite3.OperationalError) and any(w in str(link) for w in FULL_WORDS):
            return True
    return False


def is_away(error: DBAPIError) -> bool:
    """Whether the connection, the server or its disk failed, rather than the statement."""
    cause = error.orig.__cause__ if error.orig is not None else None
    if error.connection_invalidated or isinstance(cause, CONNECTION_BROKEN):
        return not isinstance(cause, asyncpg.DataError)
    return error.orig is not None and is_lost(error.orig)
