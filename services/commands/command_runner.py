"""Runs every command, and turns its errors into a sentence and a documented exit code.

0: done. 1: done, but something was refused or differs. 2: impossible as things are. 3: a fault of
danchu itself.
"""

import asyncio
import contextlib
import errno
import gc
import re
import sys
import traceback
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

import typer

from services.chassis.errors import DanchuError
from services.chassis.garbage import collect_seldom
from services.chassis.private_files import private_files
from services.chassis.setting_files import environment
from services.commands import usage
from services.commands.messages import message
from services.commands.terminal import tell

T = TypeVar("T")
DONE, DIFFERS, IMPOSSIBLE, FAULT = 0, 1, 2, 3
INTERRUPTED = 130
CODES = message("exit-codes")
DISK = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-quota",
    errno.EACCES: "disk-permission",
    errno.EPERM: "disk-permission",
    errno.EROFS: "disk-read-only",
    errno.ENOTDIR: "disk-no-folder",
    errno.EEXIST: "disk-no-folder",
    errno.EISDIR: "disk-folder",
    errno.ENOENT: "disk-missing",
    errno.EMFILE: "disk-too-many-files",
}


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs the work of a command; an expected error is reported, with exit code 2."""
    import uvloop

    loaded()
    with exit_on_error():
        return uvloop.run(work)


def loaded() -> None:
    """Begins to collect garbage, of what comes from now on: what was loaded is never garbage.

    Only where the program itself began without collecting; neither a start nor an end of a
    process then walks through half a million objects again and again.
    """
    if not gc.isenabled():
        gc.freeze()
        collect_seldom()
        gc.enable()


@contextlib.contextmanager
def exit_on_error() -> Iterator[None]:
    """Reports an expected error of the block in a sentence, and exits with code 2."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        yield
        return
    except DanchuError as error:
        tell(error.message)
    except ValidationError as invalid:
        for sentence in settings_faults(invalid):
            tell(sentence)
    except SettingsError as unreadable:
        tell(_not_json(unreadable))
    except BrokenPipeError:
        raise
    except OSError as failure:
        if failure.errno not in DISK and failure.filename is None:
            raise
        what = _disk(failure)
        tell(f"{what}: {failure.filename}" if failure.filename else f"{what}.")
    except (KeyboardInterrupt, asyncio.CancelledError):
        tell(message("interrupted"))
    raise typer.Exit(IMPOSSIBLE)


def _not_json(unreadable: Exception) -> Any:
    """The sentence for a setting of JSON that is none; the library's error names its field."""
    field = re.search(r'field "(\w+)"', str(unreadable))
    name = f"DANCHU_{field[1].upper()}" if field else "DANCHU_…"
    return message("setting", name=name, why=message("setting-json"))


def _disk(failure: OSError) -> Any:
    code = DISK.get(failure.errno or 0)
    return message(code) if code else message("disk-other", why=failure.strerror)


def settings_faults(invalid: Any) -> Iterator[str]:
    """A sentence for each invalid setting, which never contains the value."""
    for fault in invalid.errors(include_input=False, include_url=False):
        name = "_".join(str(part) for part in fault["loc"]).upper()
        yield message("setting", name=f"DANCHU_{name}", why=_needed(fault))


def _needed(fault: Any) -> Any:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind.startswith("int_"):
        return message("setting-number")
    if kind in ("greater_than_equal", "less_than_equal"):
        code = "setting-least" if kind == "greater_than_equal" else "setting-most"
        return message(code, bound=context.get("ge", context.get("le")))
    if kind.startswith("bool_"):
        return message("setting-boolean")
    if kind == "literal_error":
        return message("setting-one-of", known=context.get("expected", ""))
    return message("setting-unreadable")


class Program(usage.Commands):
    """The whole program: its files are private, and it ends with a sentence, never a traceback."""

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None,
        complete_var: str | None = None, standalone_mode: bool = True,
        windows_expand_args: bool = True, **extra: Any,
    ) -> Any:  # fmt: skip
        """Runs a command line and ends the process with its exit code."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        with private_files():
            code = self._run(args, prog_name, extra)
        if not standalone_mode:
            return code
        sys.exit(code)

    def _run(self, args: Sequence[str] | None, prog_name: str | None, extra: dict[str, Any]) -> int:
        try:
            code = super().main(args, prog_name, standalone_mode=False, **extra)
        except typer.TyperException as fault:
            if type(fault).__name__ != "NoArgsIsHelpError":
                tell(usage.sentence(fault))
            return IMPOSSIBLE
        except typer.Abort:
            code = INTERRUPTED
        except Exception as bug:  # any fault is reported in a sentence
            return _report_fault(bug)
        if code == INTERRUPTED:
            tell(message("interrupted"))
            return IMPOSSIBLE
        return code if isinstance(code, int) else DONE


def _report_fault(bug: Exception) -> int:
    """Reports a fault of danchu itself, with the traceback only at log level DEBUG."""
    tell(message("fault", kind=type(bug).__name__, what=str(bug)[:300]))
    if (environment("DANCHU_LOG_LEVEL") or "").upper() == "DEBUG":
        tell("".join(traceback.format_exception(bug)))
    return FAULT
