"""The output of all commands: sentences, tables, JSON and progress. No other module prints.

Texts are shown literally: control characters are escaped, and markup of the table library is not
interpreted.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from services.chassis.printable import printable, printable_json, printable_line

Step = Callable[[int, int | None], None]
"""Called with the progress, and the total if it is known."""


def show(text: str) -> None:
    """Prints a text on standard output."""
    _write(printable(text), sys.stdout)


def show_bytes(content: bytes) -> None:
    """Writes a file to standard output as it is."""
    _write_bytes(content, sys.stdout)


def tell(text: str) -> None:
    """Prints a text on standard error, for refusals and errors."""
    _write(printable(text), sys.stderr)


def show_json(value: Any) -> None:
    """Prints JSON for programs."""
    _write(printable_json(value, indent=1), sys.stdout)


def _write(text: str, stream: TextIO) -> None:
    _write_bytes(f"{text}\n".encode(stream.encoding, stream.errors or "strict"), stream)


def _write_bytes(content: bytes, stream: TextIO) -> None:
    """Writes all of it.

    Without a buffer (PYTHONUNBUFFERED) a pipe takes a part alone when a signal comes in between,
    and the stream itself would drop the rest.
    """
    stream.flush()
    rest = memoryview(content)
    while rest:
        rest = rest[stream.buffer.write(rest) :]
    stream.buffer.flush()


def show_table(table: Any) -> None:
    """Prints a table whose cells come from `cell`."""
    from rich.console import Console

    Console().print(table)


def cell(text: str, style: str = "") -> Any:
    """A cell of a table with a literal text."""
    from rich.text import Text

    return Text(printable_line(text), style=style)


def cell_lines(*lines: str) -> Any:
    """A cell with several literal texts below each other."""
    from rich.text import Text

    return Text("\n".join(map(printable_line, lines)))


@contextlib.contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Step]:
    """A progress bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda count, total: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(what), total=total)
        yield lambda count, total: progress.update(task, completed=count, total=total)
