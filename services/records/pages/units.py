"""Units on pages: by name where it is known, with the code beside it.

A code that nobody registered is marked, since what is recorded under it counts for no unit yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from services.chassis.http.language import page_language
from services.chassis.web.vietnamese import mark_vietnamese
from services.records.pages.messages import message
from services.records.unit_names import UnitNames


def unit_filters(names: UnitNames) -> dict[str, Callable[..., Any]]:
    """The filters `unit` (a cell or a fact), `unit_line` (within a line of text), and
    `unregistered`, which is true of a code that is known to be of no unit."""

    def unit(code: str) -> Markup:
        name = names.name_of(code)
        if name is None and names.is_unregistered(code):
            mark = message("unit-unregistered").text(page_language())
            return Markup('{} <span class="badge badge-warn">{}</span>').format(code, mark)
        if name is None:
            return Markup.escape(code)
        return Markup('{}<span class="row-note">{}</span>').format(mark_vietnamese(name), code)

    def unit_line(code: str) -> str:
        name = names.name_of(code)
        return code if name is None else f"{name} ({code})"

    def unregistered(code: str) -> bool:
        return names.is_unregistered(code)

    return {"unit": unit, "unit_line": unit_line, "unregistered": unregistered}
