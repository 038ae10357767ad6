"""How every command runs and fails: one sentence for a person, and a documented exit code.

0: done. 1: done, and something was refused or differs. 2: it could not be done as things are.
"""

import asyncio
import errno
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console

from services.chassis.errors import DanchuError
from services.scoring.rubric_yaml import RubricRefused

T = TypeVar("T")
DONE, DIFFERS, IMPOSSIBLE = 0, 1, 2
err = Console(stderr=True)
_DISK = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "The quota of the disk is used up",
    errno.EACCES: "There is no permission",
    errno.EROFS: "The disk is read only",
}


def tell(sentence: str) -> None:
    """Says a sentence on standard error, as it is."""
    err.print(sentence, markup=False, highlight=False, soft_wrap=True)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs the work of a command; what stands in its way is said, with exit code 2."""
    try:
        return uvloop.run(work)
    except (DanchuError, RubricRefused) as wrong:
        tell(str(wrong))
    except ValidationError as wrong:
        for one in wrong.errors():
            name = "_".join(str(part) for part in one["loc"]).upper()
            tell(f"The setting DANCHU_{name} cannot be used: {one['msg']}.")
    except OSError as wrong:
        if wrong.errno not in _DISK:
            raise
        tell(f"{_DISK[wrong.errno]}: {wrong.filename or wrong.strerror}.")
    except (KeyboardInterrupt, asyncio.CancelledError):
        tell("Broken off.")
    raise typer.Exit(IMPOSSIBLE)
