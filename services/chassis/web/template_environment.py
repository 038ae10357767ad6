"""The templates of pages: how they are loaded, compiled and filled in."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from jinja2 import (
    BytecodeCache,
    ChoiceLoader,
    Environment,
    PackageLoader,
    StrictUndefined,
    pass_eval_context,
)
from jinja2.bccache import Bucket
from jinja2.filters import do_join
from jinja2.nodes import EvalContext

from contracts.messages import Message
from services.chassis.http.language import for_reader, page_language
from services.chassis.web.formats import FILTERS
from services.chassis.web.vietnamese import (
    FILTER,
    VietnameseMarks,
    language_mark,
    mark_vietnamese,
)


class _CompiledTemplates(BytecodeCache):
    """The compiled templates of this process: services share some, and each is compiled once."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fills the bucket of a template that was compiled before."""
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps a template that was just compiled."""
        self._compiled[bucket.key, bucket.checksum] = bucket.code


_compiled = _CompiledTemplates()


def template_environment(packages: Iterable[str]) -> Environment:
    """The templates of packages, the first of them first; each is compiled when it is needed."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True, undefined=StrictUndefined, auto_reload=False, trim_blocks=True,
        lstrip_blocks=True, finalize=_in_language, bytecode_cache=_compiled,
        extensions=[VietnameseMarks],
    )  # fmt: skip
    environment.filters |= {**FILTERS, FILTER: mark_vietnamese}
    environment.globals["language_mark"] = language_mark
    environment.filters["join"] = _join
    environment.policies["urlize.rel"] = "noreferrer"
    return environment


def _in_language(value: Any) -> Any:
    """Messages are printed in the language of the page; None is a mistake that shows."""
    read = for_reader(value) if isinstance(value, Message) else value
    return read.text(page_language()) if isinstance(read, Message) else read


@pass_eval_context
def _join(
    context: EvalContext, values: Iterable[Any], between: str = "", attribute: str | None = None
) -> str:
    """As the filter of Jinja; messages are joined in the language of the page."""
    if attribute is not None:
        values = map(attrgetter(attribute), values)
    joined: str = do_join(context, map(_in_language, values), between)
    return joined
