"""Requests of every kind to every operation of an OpenAPI, made by schemathesis, in process.

One line tests a service: `fuzz(opened(…), "training", headers)`. No request may end in an error of
the server, and each answer has to fit the documented status, content type and schema. Bounded and
the same each time: no database of examples, no files.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

import httpx
import requests
import schemathesis
import schemathesis.specs.openapi.schemas  # loaded here: `fuzz` has a thread that imports too
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.generation.jsonschema import strategy as strategies
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]
SECONDS = 60
MAY_BE_SAID = (503, 504)


def no_fault_of_the_server(_: Any, answer: Any, __: Any) -> None:
    """503 and 504 are answers to be documented; any other 5xx is a bug."""
    assert answer.status_code < 500 or answer.status_code in MAY_BE_SAID, answer.content


CHECKS = [
    no_fault_of_the_server, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip


@contextmanager
def _running() -> Iterator[Run[Any]]:
    """A loop in a thread of its own, where the service lives while requests are made up here."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def fuzz(
    opened: AbstractAsyncContextManager[httpx.AsyncClient],
    service: str,
    headers: dict[str, str],
    examples: int = 25,
    paths: dict[str, Any] | None = None,
    others: Sequence[dict[str, str]] = (),
    paths_seen: dict[str, set[int]] | None = None,
) -> list[int]:
    """Tests the service with `headers`; `examples` for each operation, valid and broken.

    `paths` gives parameters of paths that exist. With `others` the examples take these headers and
    the first ones by turns. Answers the statuses that were seen; `paths_seen` gets them by path.
    """
    turns = itertools.cycle((headers, *others))
    seen: list[int] = []
    # hypothesis parses the file of a lambda to print it, which CPython 3.11 cannot do in two
    # threads at once (SystemError of ast, gh-106905): the largest file is parsed before there are
    repr(st.none().filter(strategies._TYPE_CHECKS["null"]))
    with _running() as run:
        client = run(opened.__aenter__())
        try:
            for strategy in _strategies(run(client.get(f"/{service}/openapi.json")).json(), paths):
                _try(strategy, run, client, service, turns, examples, seen, paths_seen)
        finally:
            run(opened.__aexit__(None, None, None))
    return seen


def _strategies(document: dict[str, Any], paths: dict[str, Any] | None) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(document)
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        yield operation.as_strategy(GenerationMode.POSITIVE)
        if list(operation.body) or list(operation.query) or list(operation.path_parameters):
            yield operation.as_strategy(GenerationMode.NEGATIVE)
        names = {one.name for one in operation.path_parameters}
        if paths and names and names <= paths.keys():
            yield operation.as_strategy(path_parameters={name: paths[name] for name in names})


def _try(
    strategy: st.SearchStrategy[Any], run: Run[Any], client: httpx.AsyncClient, service: str,
    turns: Iterator[dict[str, str]], examples: int, seen: list[int],
    paths_seen: dict[str, set[int]] | None,
) -> None:  # fmt: skip
    @settings(
        max_examples=examples, derandomize=True, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def each(case: Any) -> None:
        transport = case.as_transport_kwargs(f"http://danchu/{service}", next(turns))
        known = ("method", "url", "headers", "params", "data", "json", "cookies", "files")
        made = requests.Request(**{n: v for n, v in transport.items() if n in known}).prepare()
        answer = run(_sent(client, made))
        seen.append(answer.status_code)
        if paths_seen is not None:
            paths_seen.setdefault(case.operation.path, set()).add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    each()


async def _sent(client: httpx.AsyncClient, made: requests.PreparedRequest) -> httpx.Response:
    assert made.method is not None and made.url is not None
    raw = [(name.encode(), _bytes(value)) for name, value in made.headers.items()]
    assert made.body is None or isinstance(made.body, str | bytes)
    body = made.body.encode() if isinstance(made.body, str) else made.body
    return await client.send(httpx.Request(made.method, made.url, headers=raw, content=body))


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1", "replace")
