"""Translates errors of database drivers: the server is away, its disk full, the file damaged."""

import contextlib
import errno
import sqlite3
from collections.abc import Iterator

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.chassis.driver_rows import CONNECTION_BROKEN, FAILED, is_lost
from services.chassis.errors import DatabaseAway, DatabaseDamaged, DiskFull

FULL_STATE = "53100"
FULL_WORDS = ("disk is full", "disk I/O error")
"""SQLite's messages for a file that cannot grow: no space, a quota, a failing disk."""
DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
"""SQLite's codes for a file that is no database, or whose pages contradict each other."""
PRIMARY_CODE = 0xFF


@contextlib.contextmanager
def translate_driver_errors(where: str) -> Iterator[None]:
    """Raises DatabaseAway for a lost connection, DiskFull, or DatabaseDamaged for the file `where`.

    Other errors pass unchanged.
    """
    try:
        yield
    except PoolTimeout as away:
        raise DatabaseAway(away) from away
    except DBAPIError as error:
        if is_damaged(error.orig):
            raise DatabaseDamaged(where, error) from error
        if not is_away(error):
            raise
        raise _away(error.orig or error) from error
    except (sqlite3.DatabaseError, *FAILED) as error:
        if is_damaged(error):
            raise DatabaseDamaged(where, error) from error
        if not is_lost(error):
            raise
        raise _away(error) from error


def is_damaged(error: BaseException | None) -> bool:
    """Whether the file of a database is none, or damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & PRIMARY_CODE in DAMAGED


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
