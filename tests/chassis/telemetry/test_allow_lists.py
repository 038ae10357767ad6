"""What leaves a process is on a list: attributes of traces and metrics, loggers, and words."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator

import faststream.nats
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.errors import DanchuError
from services.chassis.messages import message
from services.chassis.telemetry.log_lines import JsonLines, write_lines
from services.chassis.telemetry.otlp import AllowedSpans

pytestmark = pytest.mark.anyio
CANARY = "nguyen-thi-canary"
FASTSTREAM = faststream.nats.__name__.partition(".")[0]
"""Its import gives its logger a handler of its own."""


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """The log of a process at DEBUG, as it comes to standard error."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    write_lines("debug")
    yield capsys
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("services", "contracts", "danchu", "uvicorn"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_a_span_keeps_what_is_on_the_list() -> None:
    """No path, no query, and of an error its type alone."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(AllowedSpans(exporter)))
    allowed: dict[str, str | int] = {"http.route": "/ratings/{year}/{unit}", "events": 3}
    hidden = {
        "url.path": f"/{CANARY}",
        "http.target": f"/a?q={CANARY}",
        "url.query": CANARY,
        "db.statement": CANARY,
    }
    with (
        pytest.raises(ValueError, match=CANARY),
        provider.get_tracer("t").start_as_current_span("work", attributes={**allowed, **hidden}),
    ):
        raise ValueError(CANARY)
    (span,) = exporter.get_finished_spans()
    assert dict(span.attributes or {}) == allowed
    assert [dict(event.attributes or {}) for event in span.events] == [
        {"exception.type": "ValueError"}
    ]
    assert CANARY not in span.to_json() and span.status.description is None


async def test_a_log_at_debug_holds_no_parameter_of_sql(
    database_url: str, logs: pytest.CaptureFixture[str]
) -> None:
    """Neither of a statement that works nor of one that fails, its error and stack included."""
    db = Database(normal_url(database_url), "public")
    try:
        async with db.write() as conn:
            await conn.execute(text("SELECT CAST(:one AS text)"), {"one": CANARY})
        with pytest.raises(DBAPIError) as failed:
            async with db.write() as conn:
                await conn.execute(text("SELECT nowhere(:one)"), {"one": CANARY})
        logging.getLogger("services.test").error("it failed", exc_info=failed.value)
    finally:
        await db.close()
    written = logs.readouterr().err
    assert "it failed" in written and "nowhere" not in written and CANARY not in written


def test_libraries_speak_of_what_goes_wrong_alone(logs: pytest.CaptureFixture[str]) -> None:
    """Ours speak at the level of the settings; one that brought a handler lost it."""
    for name in ("nats", "aiosqlite", "sqlalchemy.engine", "asyncpg", "httpx", FASTSTREAM, "x"):
        logging.getLogger(name).debug(CANARY)
        logging.getLogger(name).info(CANARY)
        logging.getLogger(name).warning("wrong")
    logging.getLogger("uvicorn.error").debug(CANARY)
    logging.getLogger("services.anything").debug("ours")
    written = logs.readouterr().err
    assert CANARY not in written and '"ours"' in written and written.count('"wrong"') == 7


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError(CANARY), False), (KeyError(CANARY), False),
        (sqlite3.IntegrityError(CANARY), False), (RuntimeError("a bug"), True),
        (DanchuError(message("token-missing")), True), (FileNotFoundError(2, "gone"), True),
    ],
)  # fmt: skip
def test_an_error_is_logged_with_its_stack_and_only_harmless_words(
    error: Exception, words: bool
) -> None:
    """The type and the place are there for whoever mends it, also of what stood behind it."""
    try:
        try:
            raise error
        except Exception as behind:
            raise LookupError(CANARY) from behind
    except LookupError as raised:
        record = logging.LogRecord("x", 40, "", 1, "it failed", (), (LookupError, raised, None))
    line = JsonLines().format(record)
    stack = json.loads(line)["exception"]
    assert CANARY not in line and type(error).__name__ in stack and "builtins.LookupError" in stack
    assert (str(error) in stack) == words and "test_allow_lists.py" in stack
