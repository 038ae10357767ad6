"""How every command runs and fails: one sentence for a person, and a documented exit code.

0: done. 1: done, and something was refused or differs. 2: it could not be done as things are.
"""

import asyncio
import contextlib
import errno
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from services.chassis.errors import DanchuError
from services.scoring.rubric_yaml import RubricRefused

T = TypeVar("T")
DONE, DIFFERS, IMPOSSIBLE = 0, 1, 2
CODES = "Exit codes: 0 done; 1 something was refused or differs; 2 it cannot be done as things are."
err = Console(stderr=True)
_DISK = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "The quota of the disk is used up",
    errno.EACCES: "There is no permission",
    errno.EROFS: "The disk is read only",
}


Told = Callable[[int, int | None], None]
"""Called with what is done, and of how much, where that is known."""


@contextlib.contextmanager
def bar(what: str, total: int | None) -> Iterator[Told]:
    """A bar on standard error where that is a terminal, nothing elsewhere."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def tell(sentence: str) -> None:
    """Says a sentence on standard error, as it is."""
    err.print(sentence, markup=False, highlight=False, soft_wrap=True)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs the work of a command; what stands in its way is said, with exit code 2."""
    with spoken():
        return uvloop.run(work)


@contextlib.contextmanager
def spoken() -> Iterator[None]:
    """Says what stands in the way of the block in a sentence, and ends with exit code 2."""
    try:
        yield
        return
    except (DanchuError, RubricRefused) as wrong:
        tell(str(wrong))
    except ValidationError as wrong:
        for one in wrong.errors():
            name = "_".join(str(part) for part in one["loc"]).upper()
            tell(f"The setting DANCHU_{name} cannot be used: {one['msg']}.")
    except BrokenPipeError:
        raise
    except OSError as wrong:
        if wrong.errno not in _DISK and wrong.filename is None:
            raise
        said = _DISK.get(wrong.errno or 0, wrong.strerror)
        tell(f"{said}: {wrong.filename}." if wrong.filename else f"{said}.")
    except (KeyboardInterrupt, asyncio.CancelledError):
        tell("Broken off.")
    raise typer.Exit(IMPOSSIBLE)
