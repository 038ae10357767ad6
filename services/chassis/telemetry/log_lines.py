"""The log of a process as JSON lines: our own loggers, and warnings of libraries.

Libraries log the data that they handle at DEBUG and INFO: SQL parameters, payloads, addresses. So
the level of the settings applies to the loggers on a list, and all others log from WARNING on. The
message of a foreign error may repeat what somebody sent, so only its type and stack are logged.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

from opentelemetry import trace

from services.chassis.printable import printable_json

LEVELLED = ("services", "contracts", "danchu")
"""The loggers that the level of the settings applies to."""
INFORMING = ("uvicorn",)
"""Loggers that may log at INFO; at DEBUG they would log addresses."""
PLAIN_ERRORS = (
    OSError, AttributeError, TypeError, NameError, ImportError, AssertionError, RuntimeError,
    ArithmeticError, StopIteration, StopAsyncIteration, MemoryError,
)  # fmt: skip
"""Errors of the interpreter, whose messages name parts of a program or of the system."""
OWN_PACKAGES = ("services", "contracts")
_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, trace, and the fields of `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(), "logger": record.name,
            "message": record.getMessage(),
        }  # fmt: skip
        line |= _trace_ids()
        line |= {key: value for key, value in record.__dict__.items() if key not in _RECORD}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["exception"] = "".join(_stack(error))
        return printable_json(line)


def _trace_ids() -> dict[str, str]:
    """The ids of the current span, as OpenTelemetry names them in logs; empty without a span."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {
        "trace_id": trace.format_trace_id(context.trace_id),
        "span_id": trace.format_span_id(context.span_id),
    }


def _stack(error: BaseException) -> Iterator[str]:
    """The stack of an error and of its causes, each once."""
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
    """Configures the log of this process on standard error, at the level of the settings."""
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
    """Removes a logger's own handler and level, which FastStream sets at import."""
    if library.handlers:
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.NOTSET)
