"""The one printer of every command: sentences, tables, JSON and progress.

Whatever a text holds, a terminal shows it and obeys nothing in it: markup of the table library is
no markup here, and control characters are escaped. No other module of the commands prints.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from services.chassis.printable import printable, printable_json, printable_line

Step = Callable[[int, int | None], None]
"""Called with what is done, and of how much, where that is known."""


def show(text: str) -> None:
    """Says a text on standard output."""
    print(printable(text), flush=True)


def tell(text: str) -> None:
    """Says a text on standard error, where what was refused and what went wrong stands."""
    print(printable(text), file=sys.stderr, flush=True)


def show_json(value: Any) -> None:
    """Prints JSON for a machine."""
    print(printable_json(value, indent=1), flush=True)


def show_table(table: Any) -> None:
    """Prints a table whose cells come from `cell`."""
    from rich.console import Console

    Console().print(table)


def cell(text: str, style: str = "") -> Any:
    """A cell of a table: the text as it is."""
    from rich.text import Text

    return Text(printable_line(text), style=style)


@contextlib.contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Step]:
    """A progress bar on standard error where that is a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda count, total: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(what), total=total)
        yield lambda count, total: progress.update(task, completed=count, total=total)
