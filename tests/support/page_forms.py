"""The form of a page, read from its HTML: what stands in each field."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser


@dataclass
class PageField:
    """A field: `kind` is the type of an input, or `area` or `select`."""

    kind: str
    text: str = ""
    options: tuple[str, ...] = ()


class _Reader(HTMLParser):
    """Collects the fields of the forms that are sent by POST inside `main`."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, PageField] = {}
        self._main = self._form = False
        self._open: PageField | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: text or "" for name, text in attrs}
        self._main = self._main or tag == "main"
        if tag == "form":
            self._form = self._main and given.get("method") == "post"
        if tag == "option" and self._open is not None:
            self._open.options += (given["value"],)
            if "selected" in given:
                self._open.text = given["value"]
        name = given.get("name", "")
        if not self._form or not name or name.startswith("_"):
            return
        if tag in ("textarea", "select"):
            self._open = PageField("area" if tag == "textarea" else tag)
            self.fields[name] = self._open
        elif tag == "input":
            box = given["type"] == "checkbox"
            text = given["value"] if not box or "checked" in given else ""
            self.fields[name] = PageField(given["type"], text)

    def handle_data(self, data: str) -> None:
        if self._open is not None and self._open.kind == "area":
            self._open.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("textarea", "select") and self._open is not None:
            self._open.text = self._open.text.removeprefix("\n")
            self._open = None


def read_form(page: str) -> dict[str, PageField]:
    """The fields of the form of a page, without the hidden ones of every form."""
    reader = _Reader()
    reader.feed(page)
    return reader.fields
