"""The connection to a SQLite file, which ends its transaction when it is closed.

SQLite keeps a closed connection, its transaction and its locks until the last statement is
finalized. A read that is cancelled between its execution and the fetch leaves a cursor within the
traceback, thus a lock that no busy timeout outlasts until the garbage is collected.
"""

import sqlite3
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

ROWS_AT_ONCE = 64
"""So many rows a cursor takes from SQLite in one call."""


class FileConnection(sqlite3.Connection):
    """Finalizes every statement before it closes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        """A new cursor; `execute` and its like make theirs by this method too."""
        cursor = super().cursor(factory)
        self._cursors.add(cursor)
        return cursor

    def close(self) -> None:
        """Rolls back what was not committed, at once."""
        cursors = list(self._cursors)
        self._cursors.clear()
        for cursor in cursors:
            cursor.close()
        super().close()


def connector(file: str, options: Mapping[str, Any]) -> Callable[[], sqlite3.Connection]:
    """What opens a file when it is called; no transaction begins there by itself."""
    return partial(sqlite3.connect, file, factory=FileConnection, isolation_level=None, **options)
