"""Units on pages: by name where it is known, with the code beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from services.chassis.web.vietnamese import mark_vietnamese
from services.records.unit_names import UnitNames


def unit_filters(names: UnitNames) -> dict[str, Callable[..., Any]]:
    """The filters `unit` (a cell or a fact) and `unit_line` (within a line of text)."""

    def unit(code: str) -> Markup:
        name = names.name_of(code)
        if name is None:
            return Markup.escape(code)
        return Markup('{}<span class="row-note">{}</span>').format(mark_vietnamese(name), code)

    def unit_line(code: str) -> str:
        name = names.name_of(code)
        return code if name is None else f"{name} ({code})"

    return {"unit": unit, "unit_line": unit_line}
