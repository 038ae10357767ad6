"""Templates of pages: each compiles, and is compiled once in a process."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import jinja2.environment
import pytest

import services
from contracts.messages import Language, Message
from services.chassis.http.language import use_page_language
from services.chassis.web.template_environment import template_environment
from services.records.pages.units import unit_filters
from services.records.unit_names import UnitNames

ROOT = Path(*services.__path__)
PACKAGES = sorted(
    ".".join(("services", *folder.parent.relative_to(ROOT).parts))
    for folder in ROOT.rglob("templates")
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_template_compiles(package: str) -> None:
    """A mistake in a template is found before somebody opens its page."""
    environment = template_environment([package])
    environment.filters |= unit_filters(cast(UnitNames, None))  # compiling calls no filter
    names = environment.list_templates(extensions=["html"])
    assert names
    for name in names:
        source, _, _ = environment.loader.get_source(environment, name)  # type: ignore[union-attr]
        environment.compile(source, name)


def test_a_template_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second service in the process takes what the first has compiled."""
    template_environment(["services.chassis.web"]).get_template("ui.html")
    monkeypatch.delattr(jinja2.environment.Environment, "compile")
    template_environment(["services.chassis.web"]).get_template("ui.html")


@pytest.mark.parametrize(("language", "text"), [("vi", "một; hai &amp; ba"), ("en", "one; two")])
def test_joined_messages_have_the_language_of_the_page(language: Language, text: str) -> None:
    """As printed ones; a text that is no message stays as it is, and is escaped."""
    use_page_language(language)
    faults = [Message("a", "một", "one"), "hai & ba" if language == "vi" else "two"]
    template = template_environment(["services.chassis.web"]).from_string("{{ f | join('; ') }}")
    assert template.render(f=faults) == text
