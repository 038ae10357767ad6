"""The log of a process: JSON lines of our own loggers, and of libraries what goes wrong alone.

Libraries at DEBUG and INFO write what they handle: parameters of SQL, payloads, addresses. So the
level of the settings is for the loggers on the list; every other one speaks from WARNING on. The
same goes for errors: the message of one that is not on the list may repeat what somebody sent, so
its type and its stack are written, and the message is not.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

from services.chassis.printable import printable_json

LEVELLED = ("services", "contracts", "danchu")
"""Loggers that the level of the settings is for."""
INFORMING = ("uvicorn",)
"""Loggers that may say at INFO what they do; at DEBUG they would say for whom."""
PLAIN_ERRORS = (
    OSError, AttributeError, TypeError, NameError, ImportError, AssertionError, RuntimeError,
    ArithmeticError, StopIteration, StopAsyncIteration, MemoryError,
)  # fmt: skip
"""Errors of the interpreter that name parts of a program, or of a system."""
OWN_PACKAGES = ("services", "contracts")
_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what `extra` gave."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(), "logger": record.name,
            "message": record.getMessage(),
        }  # fmt: skip
        line |= {key: value for key, value in record.__dict__.items() if key not in _RECORD}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["exception"] = "".join(_stack(error))
        return printable_json(line)


def _stack(error: BaseException) -> Iterator[str]:
    """The stack of an error and of those behind it, each once."""
    chain: list[BaseException] = []
    behind: BaseException | None = error
    while behind is not None and behind not in chain:
        chain.append(behind)
        hidden = None if behind.__suppress_context__ else behind.__context__
        behind = behind.__cause__ or hidden
    for link in reversed(chain):
        yield from traceback.format_tb(link.__traceback__)
        yield f"{type(link).__module__}.{type(link).__qualname__}{_text_of(link)}\n"


def _text_of(error: BaseException) -> str:
    own = type(error).__module__.partition(".")[0] in OWN_PACKAGES
    plain = isinstance(error, PLAIN_ERRORS) and type(error).__module__ == "builtins"
    return f": {error}" if own or plain else ""


def write_lines(level: str) -> None:
    """Makes the log of this process, on standard error, at a level of the settings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    own = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    logging.basicConfig(level=max(own, logging.WARNING), handlers=[handler], force=True)
    for name in list(logging.root.manager.loggerDict):
        _take_over(logging.getLogger(name))
    for name in LEVELLED:
        logging.getLogger(name).setLevel(own)
    for name in INFORMING:
        logging.getLogger(name).setLevel(max(own, logging.INFO))


def _take_over(library: logging.Logger) -> None:
    """Has a logger speak by ours: FastStream gives its own a handler and a level at import."""
    if library.handlers:
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.NOTSET)
